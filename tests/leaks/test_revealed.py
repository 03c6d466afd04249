"""A tool that declares a secret is given the real value for its placeholder; nobody else is. `R-A13`."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.agent.doors import every_door
from tests.leaks.sinks import Watcher, listening, of_files, of_objects, of_result
from voxagent import Agent, Hooks, Message, ModelRetry, ToolContext, ToolDefinition, tool
from voxagent.errors import ConfigError
from voxagent.providers import ModelRequest
from voxagent.security import SecretRegistry, reveal
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call
from voxagent.tools import FunctionToolset
from voxagent.types import ApprovalRequest, Approve, ToolCall

KEY = "swordfish-4711"
SHOWN = "[REDACTED:door]"
given: list[Any] = []


class Login(BaseModel):
    password: SecretStr
    user: str


@tool(secrets=["door"])
def open_door(code: str, logins: list[Login], more: dict[str, str] | None = None) -> str:
    """Open a door."""
    given.append((code, [(each.user, each.password.get_secret_value()) for each in logins], more))
    return f"opened with {code}"


@tool(secrets=["door"])
async def fails(code: str) -> str:
    """Fail."""
    given.append(code)
    raise ModelRetry(f"not {code}") if len(given) == 1 else ZeroDivisionError(f"no {code}")


@tool
async def undeclared(code: str) -> str:
    """Is told no secret."""
    given.append(code)
    return code


ARGUMENTS = {"code": f"<{SHOWN}>", "logins": [{"user": SHOWN, "password": SHOWN}], "more": {"a": SHOWN}}


@every_door
async def test_a_tool_is_given_what_it_declares_and_the_value_shows_nowhere(door: Any, tmp_path: Any) -> None:
    given.clear()
    asked: list[str] = []
    hooked: list[str] = []

    def approve(request: ApprovalRequest) -> Approve:
        asked.append(repr(request))
        return Approve()

    def before(ctx: ToolContext[Any], call: ToolCall) -> None:
        hooked.append(repr(call))

    provider = ScriptedProvider(
        tool_call("open_door", **ARGUMENTS),
        tool_call("fails", code=SHOWN),
        tool_call("fails", code=SHOWN),
        tool_call("undeclared", code=SHOWN),
        text("done"),
    )
    agent: Agent[None, str] = Agent(
        provider,
        tools=[open_door.changed(requires_approval=True), fails, undeclared],
        secrets_to_redact={"door": KEY},
        approve=approve,
        hooks=Hooks(before_tool=before),
        session_storage=f"file://{tmp_path}",
        retries=2,
    )
    watcher = Watcher()
    agent.subscribe(watcher)
    with listening() as logs:
        result = await door(agent, "go", session_key="k")
    assert result.output == "done"
    assert given == [(f"<{KEY}>", [(KEY, KEY)], {"a": KEY}), KEY, KEY, SHOWN]
    requests = [repr(request.messages) for request in provider.requests]
    everything = {
        "told": "\n".join([*watcher.told, *asked, *hooked, *requests, *logs.said]),
        **of_result(result),
        **of_objects(agent, provider),
        **of_files(tmp_path),
    }
    shown = {
        name: each if isinstance(each, str) else each.decode("latin-1") for name, each in everything.items()
    }
    assert [name for name, each in shown.items() if KEY in each] == []
    assert result.messages[2].tool_results[0].text == f"opened with <{SHOWN}>"
    assert SHOWN in asked[0]
    assert len(hooked) == 4


@dataclass
class Shop:
    token: SecretStr


async def test_secrets_in_deps_and_those_of_the_run_above_can_be_declared_too() -> None:
    given.clear()

    @tool(secrets=["token", "door"])
    async def pay(code: str) -> str:
        given.append(code)
        return "paid"

    def model(messages: Any, request: ModelRequest) -> Any:
        return (
            text("done") if messages[-1].tool_results else tool_call("pay", code=f"[REDACTED:token] {SHOWN}")
        )

    below: Agent[Shop, str] = Agent(
        FunctionProvider(model), name="below", description="Pays.", deps_type=Shop, tools=[pay]
    )
    above: Agent[Shop, str] = Agent(
        ScriptedProvider(tool_call("below", prompt="pay"), text("done")),
        deps_type=Shop,
        sub_agents=[below],
        secrets_to_redact={"door": KEY},
    )
    result = await above.run("go", deps=Shop(SecretStr("tok-123456")))
    assert (result.output, given) == ("done", [f"tok-123456 {KEY}"])


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({}, "which this run lacks: it has none"),
        ({"dor": KEY}, "which this run lacks: did you mean 'dor'?"),
        ({"other": KEY}, "which this run lacks: known are other"),
    ],
)
async def test_a_name_that_the_run_does_not_know_is_an_error_ahead_of_it(secrets: Any, said: str) -> None:
    agent = Agent(ScriptedProvider(text("never")), tools=[fails], secrets_to_redact=secrets)
    with pytest.raises(ConfigError) as raised:
        await agent.run("go")
    assert str(raised.value) == f"tool 'fails' declares the secret 'door', {said}"


async def test_toolsets_are_checked_as_well() -> None:
    agent = Agent(ScriptedProvider(text("never")), toolsets=[FunctionToolset([fails])])
    with pytest.raises(ConfigError, match="declares the secret 'door'"):
        await agent.run("go")


def test_names_are_given_as_a_list() -> None:
    with pytest.raises(ConfigError) as raised:
        ToolDefinition("a", "b", lambda: None, secrets="door")
    assert str(raised.value) == "tool 'a': secrets='door' is not a list of names"
    assert (fails.secrets, undeclared.secrets) == (("door",), ())


def test_what_is_sealed_and_needs_no_change_stays_the_same() -> None:
    registry = SecretRegistry()
    registry.register_value("door", KEY)
    kept = {"a": SecretStr("x"), "b": ["plain"]}
    assert reveal(kept, ["door"], registry) is kept
    assert reveal(kept, ["nosuch"], registry) is kept
    opened = reveal({"a": SecretStr(SHOWN)}, ["door"], registry)
    assert opened["a"].get_secret_value() == KEY


async def test_a_hidden_history_is_checked_once_for_each_set_of_secrets() -> None:
    """What was found clean is known by the message; another set of secrets looks again."""
    history = [Message("user", f"hello {KEY}"), Message("assistant", "hi swordfish")]
    plain = Agent(ScriptedProvider(text("a"), text("b")), secrets_to_redact={"other": "swordfish"})
    first = await plain.run("?", message_history=history)
    assert [each.text for each in first.messages[:2]] == [
        "hello [REDACTED:other]-4711",
        "hi [REDACTED:other]",
    ]
    again = await plain.run("?", message_history=first.messages)
    assert again.messages[0] is first.messages[0]
    knows = Agent(ScriptedProvider(text("c")), secrets_to_redact={"reply": "hi [REDACTED"})
    third = await knows.run("?", message_history=again.messages)
    assert third.messages[1].text == "[REDACTED:reply]:other]"
