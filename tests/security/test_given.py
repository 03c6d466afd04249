"""What an agent is given as a secret: told by its type if it cannot be one, and found wherever it stands."""

from typing import Any

import pytest
from pydantic import SecretStr

from voxagent import Agent, Message, tool
from voxagent.errors import ConfigError
from voxagent.testing import ScriptedProvider, text
from voxagent.types import ProviderBlock, TextBlock

KEY = "swordfish-4711"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"secrets_to_redact": None}, "secrets_to_redact is of type NoneType: give a dict"),
        ({"secrets_to_redact": 3}, "secrets_to_redact is of type int: give a dict"),
        ({"secrets_to_redact": {"n": 31415926}}, "secret 'n' is of type int: give a str"),
        ({"secret_patterns": 3}, "secret_patterns is of type int: give a list"),
        ({"secret_patterns": [3]}, "a secret pattern is of type int"),
    ],
)
def test_what_cannot_be_a_secret_is_told_by_its_type(options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Agent(ScriptedProvider(), **options)


@pytest.mark.parametrize("names", [3, [3], None, iter(["n"])])
def test_what_is_no_list_of_names_cannot_be_the_secrets_of_a_tool(names: Any) -> None:
    with pytest.raises(ConfigError, match="is not a list of names"):

        @tool(secrets=names)
        def look() -> str:
            return ""


def test_a_sealed_value_is_a_secret_like_any_other() -> None:
    agent = Agent(ScriptedProvider(text("x")), secrets_to_redact={"n": SecretStr("a-sealed-value")})
    assert agent.run_sync("it is a-sealed-value").messages[0].text == "it is [REDACTED:n]"


def test_keys_of_a_providers_own_data_are_redacted_like_its_values() -> None:
    answer = Message("assistant", [ProviderBlock("scripted", {"l": [{KEY: KEY}]}), TextBlock("t")])
    result = Agent(ScriptedProvider(answer), secrets_to_redact={"n": KEY}).run_sync("x")
    assert result.messages[-1].blocks[0] == ProviderBlock(
        "scripted", {"l": [{"[REDACTED:n]": "[REDACTED:n]"}]}
    )
