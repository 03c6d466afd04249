"""Model strings, tool specifications, limits, policies, and how usages add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.types.values import objects, text, usages
from voxagent.errors import ConfigError, InvalidModelStringError
from voxagent.types import AgentConfig, ModelConfig, RunParams, ToolPolicy, ToolSpec, Usage, UsageLimits

names = st.text(min_size=1, max_size=10).filter(lambda name: name == name.strip() and name)
providers = names.filter(lambda name: ":" not in name and name == name.lower())


@given(providers, names)
def test_a_model_string_is_what_it_was_made_from(provider: str, model: str) -> None:
    config = ModelConfig.from_string(f"{provider}:{model}")
    assert config == ModelConfig(provider, model)
    assert ModelConfig.from_string(config.to_string()) == config


@pytest.mark.parametrize(
    ("given", "config"),
    [
        ("openai:gpt-5", ModelConfig("openai", "gpt-5")),
        ("ollama:llama3.2:latest", ModelConfig("ollama", "llama3.2:latest")),
        ("OpenAI:GPT-5", ModelConfig("openai", "GPT-5")),
        (" openai : gpt-5 ", ModelConfig("openai", "gpt-5")),
        ("a::b", ModelConfig("a", ":b")),
    ],
)
def test_a_model_string_splits_at_the_first_colon_only(given: str, config: ModelConfig) -> None:
    assert ModelConfig.from_string(given) == config


@pytest.mark.parametrize("given", ["", ":", "gpt-5", "openai:", ":gpt-5", " : ", "openai: "])
def test_any_other_model_string_is_an_error_that_shows_the_form(given: str) -> None:
    with pytest.raises(InvalidModelStringError) as caught:
        ModelConfig.from_string(given)
    assert str(caught.value) == (
        f"model string {given!r} is not of the form 'provider:model', such as 'openai:gpt-5'"
    )
    assert isinstance(caught.value, ConfigError)


def test_a_model_config_keeps_the_settings_of_voxagent_0_1() -> None:
    config = ModelConfig("a", "b", 0.5, 100)
    assert (config.temperature, config.max_tokens, config.to_string()) == (0.5, 100, "a:b")


@given(objects)
def test_a_tool_specification_takes_the_forms_of_both_services(schema: dict[str, object]) -> None:
    spec = ToolSpec("add", "Add.", schema)
    assert spec.to_openai_schema() == {
        "type": "function",
        "function": {"name": "add", "description": "Add.", "parameters": schema},
    }
    assert spec.to_anthropic_schema() == {"name": "add", "description": "Add.", "input_schema": schema}


def test_the_limits_of_voxagent_0_1_have_their_defaults() -> None:
    assert AgentConfig() == AgentConfig(50, 100_000)
    assert UsageLimits() == UsageLimits(50, None, None, None, None, None)


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_that_is_not_positive_is_refused(timeout: int) -> None:
    with pytest.raises(ConfigError, match=f"timeout_ms={timeout} is not a positive number"):
        RunParams(timeout_ms=timeout)


def test_a_positive_timeout_is_taken() -> None:
    assert RunParams(timeout_ms=1).timeout_ms == 1


@given(text, st.none() | st.lists(text), st.lists(text))
def test_a_policy_allows_what_is_on_its_list_and_not_denied(
    name: str, allowed: list[str] | None, denied: list[str]
) -> None:
    expected = (allowed is None or name in allowed) and name not in denied
    assert ToolPolicy(allowed, denied).allows(name) is expected


def test_a_denial_wins_over_an_allowance() -> None:
    policy = ToolPolicy(["a", "b"], ["b"])
    assert [policy.allows(name) for name in "abc"] == [True, False, False]
    assert not ToolPolicy([]).allows("a")


@given(usages, usages, usages)
def test_usages_add_up_in_any_order(a: Usage, b: Usage, c: Usage) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Usage() == a
    assert (a + b).total_tokens == a.total_tokens + b.total_tokens


def test_adding_usages_changes_neither() -> None:
    a, b = Usage(1, 2, 3, 4, 5, 6, 7), Usage(10, 20, 30, 40, 50, 60, 70)
    assert a + b == Usage(11, 22, 33, 44, 55, 66, 77)
    assert (a, b) == (Usage(1, 2, 3, 4, 5, 6, 7), Usage(10, 20, 30, 40, 50, 60, 70))
