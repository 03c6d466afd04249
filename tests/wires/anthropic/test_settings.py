"""What settings come to, by model and version of the API."""

from typing import Any

import pytest
from pydantic_core import from_json

from voxagent.providers.anthropic import MessagesOptions, MessagesWire
from voxagent.providers.anthropic.models import traits_of
from voxagent.providers.base import ModelRequest
from voxagent.types.blocks import ContentBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from voxagent.types.config import ModelSettings, OutputSpec, ToolSpec
from voxagent.types.message import Message

TOOL = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})
OLD = MessagesOptions(version="2023-06-01")
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def asked(
    model: str = "claude-sonnet-4-5",
    options: MessagesOptions | None = None,
    messages: list[Message] | None = None,
    tools: tuple[ToolSpec, ...] = (TOOL,),
    **settings: Any,
) -> tuple[dict[str, Any], list[str]]:
    """The body's fields without conversation and tools, and the warnings."""
    wire = MessagesWire(options)
    told: ModelSettings = settings  # type: ignore[assignment]
    request = ModelRequest(model, messages or [Message("user", "hi")], tools=tools, settings=told)
    body = from_json(wire.body(request))
    for name in ("messages", "tools"):
        body.pop(name, None)
    return body, wire.warnings(request)


def test_a_request_without_settings_asks_for_a_stream_and_a_sensible_length() -> None:
    assert asked() == ({"model": "claude-sonnet-4-5", "max_tokens": 16_384, "stream": True}, [])
    assert asked("claude-3-haiku-20240307")[0]["max_tokens"] == 4_096
    assert asked(options=MessagesOptions(max_tokens=100))[0]["max_tokens"] == 100
    assert asked(max_tokens=7)[0]["max_tokens"] == 7


def test_the_version_is_a_header() -> None:
    request = ModelRequest("claude-sonnet-4-5", [])
    assert MessagesWire().headers(request) == {"anthropic-version": "2026-10-21"}
    assert MessagesWire(OLD).headers(request) == {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("model", "settings", "sent", "warned"),
    [
        ("claude-3-haiku-20240307", {"temperature": 0.2}, {"temperature": 0.2}, 0),
        (
            "claude-3-5-haiku-latest",
            {"temperature": 0.2, "top_p": 0.9},
            {"temperature": 0.2, "top_p": 0.9},
            0,
        ),
        ("claude-sonnet-4-5", {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2}, 1),
        ("claude-sonnet-4-5", {"top_p": 0.9}, {"top_p": 0.9}, 0),
        ("claude-sonnet-4-5", {"temperature": 1.5}, {"temperature": 1.0}, 1),
        ("claude-opus-4-8", {"temperature": 0.2}, {}, 1),
        ("another-model", {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}, 0),
    ],
)
def test_sampling_is_sent_in_the_old_contract_to_models_that_take_it(
    model: str, settings: dict[str, Any], sent: dict[str, Any], warned: int
) -> None:
    body, warnings = asked(model, OLD, **settings)
    assert {name: body[name] for name in ("temperature", "top_p") if name in body} == sent
    assert len(warnings) == warned
    new, warnings = asked(model, **settings)
    assert not new.keys() & {"temperature", "top_p"}
    assert warnings == [f"this model takes no {' and '.join(settings)}: left out"]


def test_a_model_that_thinks_by_a_budget_takes_no_temperature() -> None:
    body, warnings = asked(options=OLD, temperature=0.2, thinking="low")
    assert "temperature" not in body
    assert len(warnings) == 1


def test_stop_and_seed() -> None:
    assert asked(stop=["END", "\n"])[0]["stop_sequences"] == ["END"]
    assert asked(stop="END")[0]["stop_sequences"] == ["END"]
    body, warnings = asked(stop=["\n"], seed=7)
    assert "stop_sequences" not in body
    assert len(warnings) == 2


@pytest.mark.parametrize(
    ("model", "thinking", "sent"),
    [
        ("claude-sonnet-4-5", "low", {"type": "enabled", "budget_tokens": 2_048}),
        ("claude-sonnet-4-5", "medium", {"type": "enabled", "budget_tokens": 8_192}),
        ("claude-3-7-sonnet-latest", "high", {"type": "enabled", "budget_tokens": 16_384}),
        ("claude-3-7-sonnet-latest", "max", {"type": "enabled", "budget_tokens": 16_384}),
        ("claude-haiku-4-5-20251001", 5_000, {"type": "enabled", "budget_tokens": 5_000}),
        ("claude-haiku-4-5-20251001", 5, {"type": "enabled", "budget_tokens": 1_024}),
        ("another-model", "low", {"type": "enabled", "budget_tokens": 2_048}),
        ("claude-sonnet-4-5", "off", None),
        ("claude-sonnet-4-5", 0, None),
        ("claude-opus-4-8", "off", None),
        ("claude-opus-5", "off", {"type": "disabled"}),
        ("claude-opus-5-5", "off", {"type": "disabled"}),
        ("claude-fable-5", None, None),
    ],
)
def test_thinking_by_a_budget_or_not_at_all(model: str, thinking: Any, sent: dict[str, Any] | None) -> None:
    body, warnings = asked(model, **({} if thinking is None else {"thinking": thinking}))
    assert body.get("thinking") == sent
    assert "output_config" not in body
    assert warnings == []


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [("low", "low"), ("high", "high"), ("max", "max"), (100, "low"), (8_000, "medium"), (50_000, "high")],
)
@pytest.mark.parametrize(
    "model", ["claude-sonnet-4-6", "anthropic.claude-opus-4-7-v1:0", "claude-opus-5", "claude-mythos-preview"]
)
def test_thinking_by_effort(model: str, thinking: Any, effort: str) -> None:
    body, warnings = asked(model, thinking=thinking)
    assert body["thinking"] == ADAPTIVE
    assert body["output_config"] == {"effort": effort}
    assert warnings == []


def test_what_cannot_think_or_cannot_stop_it_warns() -> None:
    assert asked("claude-3-5-sonnet-latest", thinking="low")[1] == [
        "claude-3-5-sonnet-latest cannot think: thinking='low' was left out"
    ]
    body, warnings = asked("claude-fable-5", thinking="off")
    assert "thinking" not in body
    assert warnings == ["claude-fable-5 always thinks: thinking='off' was left out"]


def test_thoughts_come_on_top_of_the_default_length_and_never_above_a_given_one() -> None:
    assert asked(thinking=5_000)[0]["max_tokens"] == 16_384 + 5_000
    assert asked("claude-opus-4-8", thinking="low")[0]["max_tokens"] == 16_384 + 2_048
    assert asked("claude-opus-5")[0]["max_tokens"] == 16_384 + 16_384
    assert asked("claude-opus-4-1", thinking=100_000)[0]["max_tokens"] == 32_000
    assert asked("claude-opus-5", max_tokens=10)[0]["max_tokens"] == 10
    body, warnings = asked(thinking=5_000, max_tokens=3_000)
    assert (body["max_tokens"], body["thinking"]["budget_tokens"]) == (3_000, 1_500)
    assert len(warnings) == 1
    body, warnings = asked(thinking=5_000, max_tokens=1_024)
    assert "thinking" not in body
    assert len(warnings) == 1


def test_thinking_by_a_budget_waits_until_the_calls_of_another_model_are_answered() -> None:
    def turn(*blocks: ContentBlock, results: int = 1) -> dict[str, Any]:
        answers = [Message("user", [ToolResultBlock("c", "add", "3")])] * results
        return asked(thinking="low", messages=[Message("assistant", list(blocks)), *answers])[0]

    call = ToolUseBlock("c", "add", {})
    ours = ThinkingBlock("hm", "SIG", provider="anthropic")
    theirs = ThinkingBlock("hm", "SIG", provider="other")
    assert "thinking" not in turn(call)
    assert "thinking" not in turn(theirs, call)
    assert "thinking" in turn(ours, call)
    assert (
        "thinking"
        in asked(thinking="low", messages=[Message("assistant", [call]), Message("user", "go on")])[0]
    )
    assert (
        "thinking" in asked(thinking="low", messages=[Message("user", [ToolResultBlock("c", "add", "3")])])[0]
    )
    warnings = asked(thinking="low", messages=[Message("assistant", [call])])[1]
    assert warnings == ["thinking was left out until the tool calls of another model are answered"]


def test_models_that_bind_their_thoughts_are_told_to_drop_stale_ones() -> None:
    body, warnings = asked("claude-fable-5-1")
    bound = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    assert body["thinking"] == {"type": "adaptive", **bound}
    assert asked("claude-opus-5-5", thinking="low")[0]["thinking"] == {**ADAPTIVE, **bound}
    assert warnings == []
    request = ModelRequest("claude-fable-5-1", [])
    assert MessagesWire().headers(request)["anthropic-beta"] == "thinking-binding-controls-2026-08-01"
    without = MessagesOptions(drop_stale_thinking=False)
    assert "thinking" not in asked("claude-fable-5-1", without)[0]
    assert "anthropic-beta" not in MessagesWire(without).headers(request)
    for model in ("claude-fable-5", "claude-mythos-5-1"):
        assert "thinking" not in asked(model)[0]


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "add"}, {"type": "tool", "name": "add"}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
    ],
)
def test_the_choice_of_tools(settings: dict[str, Any], sent: dict[str, Any] | None) -> None:
    assert asked(**settings)[0].get("tool_choice") == sent
    assert "tool_choice" not in asked(tools=(), **settings)[0]


@pytest.mark.parametrize("choice", ["required", "add"])
def test_a_model_that_cannot_be_made_to_call_a_tool_may_choose(choice: str) -> None:
    body, warnings = asked("claude-fable-5-1", tool_choice=choice)
    assert body["tool_choice"] == {"type": "auto"}
    assert warnings == ["claude-fable-5-1 cannot be made to call a tool at all: it may choose"]
    body, warnings = asked("claude-sonnet-4-5", tool_choice=choice, thinking="low")
    assert body["tool_choice"] == {"type": "auto"}
    assert warnings == ["claude-sonnet-4-5 cannot be made to call a tool while it thinks: it may choose"]
    assert asked("claude-opus-4-8", tool_choice=choice, thinking="low")[1] == []


def test_the_extra_body_is_merged_last_and_its_tools_are_added() -> None:
    wire = MessagesWire(MessagesOptions(cache="5m"))
    search = {"type": "web_search_20250305", "name": "web_search"}
    extra: dict[str, Any] = {
        "output_config": {"effort": "max"},
        "stream": False,
        "top_k": 3,
        "tools": [search],
    }
    output = OutputSpec("out", {"type": "object", "properties": {}})
    request = ModelRequest(
        "claude-opus-4-8",
        [Message("user", "hi")],
        tools=(TOOL,),
        output=output,
        settings={"thinking": "low", "extra_body": extra},
    )
    body = from_json(wire.body(request))
    assert body["output_config"] == {
        "effort": "max",
        "format": {
            "type": "json_schema",
            "schema": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    }
    assert (body["stream"], body["top_k"]) == (False, 3)
    assert [tool["name"] for tool in body["tools"]] == ["add", "web_search"]
    other = {"system": "mine", "messages": [{"role": "user", "content": "mine"}], "tools": [search]}
    request = ModelRequest("m", [Message("user", "hi")], system="ours", settings={"extra_body": other})
    body = from_json(wire.body(request))
    assert (body["system"], body["messages"], body["tools"]) == (
        "mine",
        other["messages"],
        [search],
    )


@pytest.mark.parametrize(
    ("model", "limit", "native"),
    [
        ("claude-3-haiku-20240307", 4_096, False),
        ("claude-3-5-sonnet-20241022", 8_192, False),
        ("claude-3-7-sonnet-20250219", 64_000, False),
        ("claude-4-opus-20250514", 32_000, False),
        ("claude-opus-4-1-20250805", 32_000, True),
        ("claude-sonnet-4-20250514", 64_000, False),
        ("claude-sonnet-4-0", 64_000, False),
        ("claude-opus-4.5", 64_000, True),
        ("claude-haiku-4-5@20251001", 64_000, True),
        ("us.anthropic.claude-opus-4-6-v1:0", 128_000, True),
        ("claude-sonnet-4-6", 64_000, True),
        ("claude-sonnet-5", 128_000, True),
        ("claude-fable-5-1", 128_000, True),
        ("claude-next", 128_000, True),
        ("kimi-k2", 64_000, False),
    ],
)
def test_a_models_name_tells_its_limits(model: str, limit: int, native: bool) -> None:
    traits = traits_of(model)
    assert (traits.output_limit, traits.native_output) == (limit, native)
