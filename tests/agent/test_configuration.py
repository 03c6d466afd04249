"""What an agent is made of can be read, and what cannot be is refused with words that help."""

import re
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, NewType, Protocol, TypeVar

import pytest

from voxagent import Agent, ConfigError, RunContext, ToolContext, tool
from voxagent.agent import AbortController
from voxagent.errors import InvalidModelStringError, ProviderNotFoundError
from voxagent.testing import ScriptedProvider, text
from voxagent.tools import FunctionToolset
from voxagent.types import ModelConfig


@tool
def add(a: int, b: int) -> int:
    return a + b


@dataclass
class Deps:
    name: str = ""


@pytest.mark.parametrize(
    ("string", "provider", "model"),
    [
        ("openai:gpt-5", "openai", "gpt-5"),
        ("ollama:llama3.2:latest", "ollama", "llama3.2:latest"),
        ("OpenAI:GPT-5", "openai", "GPT-5"),
        (" openai : gpt-5 ", "openai", "gpt-5"),
        ("a::b", "a", ":b"),
    ],
)
def test_a_model_string_splits_at_the_first_colon_and_the_provider_has_no_case(
    string: str, provider: str, model: str
) -> None:
    agent = Agent(string)
    assert (agent.provider, agent.model, agent.model_string, agent.models) == (
        provider,
        model,
        f"{provider}:{model}",
        (f"{provider}:{model}",),
    )


@pytest.mark.parametrize("string", ["", "gpt-5", ":gpt-5", "openai:", " : ", ":"])
def test_a_model_string_without_two_parts_is_refused_with_the_form_that_is_expected(string: str) -> None:
    said = f"model string {string!r} is not of the form 'provider:model', such as 'openai:gpt-5'"
    with pytest.raises(InvalidModelStringError, match=re.escape(said)):
        Agent(string)


def test_an_unknown_provider_is_named_at_the_start_of_a_run_with_the_nearest_name() -> None:
    agent = Agent("offlin:demo")
    with pytest.raises(ProviderNotFoundError, match=r"^unknown provider 'offlin' in 'offlin:demo': did you"):
        agent.run_sync("?")
    with pytest.raises(ConfigError, match="did you mean 'offline'"):
        Agent(["offlin:demo", "offline:demo"]).run_sync("?")


def test_an_agent_shows_what_it_was_made_with() -> None:
    toolset = FunctionToolset([tool(name="other")(lambda: "")])
    child = Agent("c:d", name="child", deps_type=Deps)
    agent = Agent(
        ["openai:gpt-5", "anthropic:claude"],
        name="a",
        description="Does it.",
        deps_type=Deps,
        output_type=int,
        system_prompt="Be brief.",
        tools=[add],
        toolsets=[toolset],
        sub_agents=[child],
        max_sub_agent_depth=3,
        retries=2,
        result_retries=4,
        secret_patterns=["sk-[a-z]{20}"],
        secrets_to_redact={"door": "swordfish"},
        settings={"temperature": 0.5, "max_tokens": 100},
    )
    shown = {
        name: getattr(agent, name)
        for name, each in vars(type(agent).__mro__[1]).items()
        if isinstance(each, property) and name != "tools"
    }
    assert shown == {
        "name": "a",
        "description": "Does it.",
        "models": ("openai:gpt-5", "anthropic:claude"),
        "model_string": "openai:gpt-5",
        "model_config": ModelConfig("openai", "gpt-5", 0.5, 100),
        "model": "gpt-5",
        "provider": "openai",
        "deps_type": Deps,
        "output_type": int,
        "system_prompt": "Be brief.",
        "has_tools": True,
        "toolsets": (toolset,),
        "sub_agents": (child,),
        "max_sub_agent_depth": 3,
        "retries": 2,
        "result_retries": 4,
        "secret_patterns": ("sk-[a-z]{20}",),
        "secrets_to_redact": {"door": "[REDACTED:door]"},
    }
    assert [each.name for each in agent.tools] == ["add", "child"]
    for name in (*shown, "tools"):
        with pytest.raises(AttributeError):
            setattr(agent, name, None)
    with pytest.raises(TypeError):
        agent.secrets_to_redact["door"] = "open"  # type: ignore[index]


def test_an_agent_that_was_told_nothing_shows_the_defaults() -> None:
    agent = Agent("openai:gpt-5")
    assert (
        agent.name,
        agent.deps_type,
        agent.output_type,
        agent.has_tools,
        agent.tools,
        agent.retries,
        agent.result_retries,
        agent.max_sub_agent_depth,
        agent.secret_patterns,
        dict(agent.secrets_to_redact),
        repr(agent),
    ) == (None, NoneType, str, False, (), 1, 1, 5, (), {}, "Agent('openai:gpt-5')")
    assert Agent("a:b", secret_patterns="sk-[a-z]{20}").secret_patterns == ("sk-[a-z]{20}",)
    assert Agent("a:b", toolsets=[FunctionToolset()]).has_tools


def test_a_provider_object_is_named_by_itself() -> None:
    class Nameless:
        name = "plain"

        def open(self, request: object) -> Any: ...

    assert Agent(ScriptedProvider(text("hi"))).models == ("scripted:scripted",)
    assert Agent(Nameless()).models == ("plain",)
    assert Agent(Nameless()).model_config == ModelConfig("plain", "")


NEEDS_DEPS = "tool 'who' wants a context with deps of type Deps, but the agent's deps_type is None"


def _taken_twice(**options: Any) -> None:
    agent = Agent("a:b", tools=[add])
    agent.tool(name="add")(lambda: "")


def _taken_with_other_deps(**options: Any) -> None:
    @Agent("a:b").tool
    def who(ctx: ToolContext[Deps]) -> str:
        return ctx.deps.name


@tool
def who(ctx: RunContext[Deps]) -> str:
    return ctx.deps.name


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": []}, "an empty list of models: at least one 'provider:model' is needed"),
        ({"model": 3}, "3 is neither 'provider:model' nor a provider"),
        ({"model": ["a:b", None]}, "None is neither 'provider:model' nor a provider"),
        ({"retries": -1}, "retries=-1 is negative"),
        ({"result_retries": -2}, "result_retries=-2 is negative"),
        ({"max_sub_agent_depth": -1}, "max_sub_agent_depth=-1 is negative"),
        ({"cancel_grace": -0.5}, "cancel_grace=-0.5 is negative"),
        ({"max_parallel_tools": 0}, "max_parallel_tools=0: at least 1 is needed"),
        ({"tool_errors": "log"}, "tool_errors='log': 'model' or 'raise' is expected"),
        ({"output_mode": "json"}, "output_mode='json': 'auto', 'tool', 'native' or 'prompted' is expected"),
        ({"output_type": "City"}, "output_type='City' is a text, where a type is expected"),
        ({"output_type": []}, "output_type is an empty list: at least one type is needed"),
        ({"tools": [3]}, "tools=: 3 is not a tool"),
        (
            {"tools": [_taken_twice]},
            "tools=: _taken_twice() is a plain function; put @tool above it, or write tool(_taken_twice)",
        ),
        ({"tools": [add, add]}, "two tools are named 'add': rename one with @tool(name=...)"),
        ({"tools": [who]}, NEEDS_DEPS),
        ({"sub_agents": [Agent("a:b")]}, "an agent needs a name to be a tool: Agent(..., name='researcher')"),
        (
            {"sub_agents": [Agent("a:b", name="x", deps_type=Deps)]},
            "map them with tools=[agent.as_tool(deps=...)]",
        ),
        (
            {"sub_agents": [Agent("a:b", name="x", deps_type=list[int])], "deps_type": Deps},
            "sub-agent 'x' has deps_type=list[int], its parent",
        ),
        ({"secrets_to_redact": {"pin": "12345"}}, "secret 'pin' is shorter than 6 characters"),
        ({"secret_patterns": "("}, "secret pattern '(' cannot be used"),
        ({"secret_patterns": ["^sk-"]}, "secret pattern '^sk-' cannot be used"),
        ({"session_storage": 3}, "session_storage=3 is neither a store nor a URL: known are memory:"),
        ({"retries": "two"}, "retries='two' is not of type int or float"),
        ({"watchdog": -1}, "watchdog=-1 is negative"),
        ({"name": 3}, "name=3 is not of type str"),
        ({"system_prompt": ["Be brief."]}, "system_prompt=['Be brief.'] is not of type str"),
        ({"limits": 5}, "limits=5 is not of type UsageLimits"),
        ({"registry": {}}, "registry={} is not of type ProviderRegistry"),
        ({"settings": 3}, "settings=3 is not a dict of ModelSettings"),
        ({"settings": {"temprature": 1}}, "settings has no 'temprature': did you mean 'temperature'?"),
        ({"settings": {"colour": 1}}, "settings has no 'colour': known are temperature, max_tokens"),
        ({"toolsets": [add]}, "toolsets holds FunctionTool(name='add'), which is no toolset"),
        ({"hooks": [print]}, "hooks holds <built-in function print>, which is no Hooks"),
        ({"guardrails": [print]}, "guardrails holds <built-in function print>, which is no Guardrail"),
        ({"observers": ["log"]}, "observers holds 'log', which is no function"),
        ({"policies": [["add"]]}, "policies holds ['add'], which is no ToolPolicy"),
        ({"policies": "add"}, "policies='add' is not a list"),
        ({"sub_agents": ["child"]}, "sub_agents holds 'child', which is no Agent"),
        ({"colour": "red"}, "Agent takes no 'colour'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_value_that_cannot_be_is_refused_with_the_value_and_the_remedy(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        Agent(**{"model": "a:b", **options})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limits": 5}, "limits=5 is not of type UsageLimits"),
        ({"session_key": 5}, "session_key=5 is not of type str"),
        ({"timeout_ms": "1 s"}, "timeout_ms='1 s' is not of type int or float"),
        ({"timeout_ms": -1}, "timeout_ms=-1 is not a positive number of milliseconds"),
        ({"abort_signal": AbortController()}, "is not of type AbortSignal"),
        ({"metadata": 5}, "metadata=5 is not of type Mapping"),
        ({"settings": {"seeds": 1}}, "settings has no 'seeds': did you mean 'seed'?"),
        ({"toolsets": [5]}, "toolsets holds 5, which is no toolset"),
        ({"policies": [5]}, "policies holds 5, which is no ToolPolicy"),
        ({"model": "gpt-5"}, "model string 'gpt-5' is not of the form 'provider:model'"),
        ({"model": []}, "an empty list of models"),
        ({"colour": 5}, "a run takes no 'colour'; it takes abort_signal, "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_a_run_cannot_be_told_is_refused_with_the_value_and_the_remedy(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        await Agent(ScriptedProvider(text("never"))).run("?", **options)


class Named(Protocol):
    name: str


def _needing(kind: Any) -> Any:
    def look(ctx: Any) -> str:
        return ""

    look.__annotations__["ctx"] = ToolContext[kind]
    return tool(look)


D = TypeVar("D")


@pytest.mark.parametrize(
    ("has", "wanted", "fits"),
    [
        (Deps, Deps, True),
        (Deps, object, True),
        (Deps, Any, True),
        (Any, Deps, True),
        (Deps, D, True),
        (Deps, Named, True),
        (Deps, None, False),
        (NoneType, None, True),
        (Deps, Deps | None, True),
        (Deps | None, Deps, False),
        (Deps | None, Deps | None, True),
        (dict[str, int], dict[str, int], True),
        (dict[str, int], dict[str, str], False),
        (int, str, False),
        (bool, int, True),
        (Deps, NewType("Other", Deps), True),
    ],
)
def test_the_deps_that_a_tool_wants_must_be_those_that_there_are(has: Any, wanted: Any, fits: bool) -> None:
    if fits:
        assert Agent("a:b", deps_type=has, tools=[_needing(wanted)]).has_tools
        return
    with pytest.raises(ConfigError, match="tool 'look' wants a context with deps of type"):
        Agent("a:b", deps_type=has, tools=[_needing(wanted)])


@pytest.mark.parametrize(
    ("deps_type", "optional"),
    [
        (NoneType, True),
        (None, True),
        (Any, True),
        (object, True),
        (Deps | None, True),
        (Annotated[Deps | None, "x"], True),
        (Annotated[Deps, "x"], False),
        (Deps, False),
    ],
)
async def test_deps_may_be_left_out_where_their_type_says_so(deps_type: Any, optional: bool) -> None:
    agent: Agent[Any, str] = Agent(ScriptedProvider(text("hi")), deps_type=deps_type)
    if optional:
        assert (await agent.run("?")).ok
        return
    with pytest.raises(ConfigError, match="deps is missing"):
        await agent.run("?")


def test_a_tool_that_is_there_already_may_be_added() -> None:
    agent = Agent("a:b")
    assert agent.tool(add) is add
    assert agent.tools == (add,)


def test_a_tool_that_is_added_later_is_checked_like_the_others() -> None:
    with pytest.raises(
        ConfigError, match=re.escape("two tools are named 'add': rename one with @agent.tool(name=...)")
    ):
        _taken_twice()
    with pytest.raises(ConfigError, match=re.escape(NEEDS_DEPS)):
        _taken_with_other_deps()
