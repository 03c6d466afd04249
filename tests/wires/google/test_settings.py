"""Settings in the API's words, and what of them a model does not take."""

import json
from typing import Any

import pytest

from voxagent.providers.base import ModelRequest
from voxagent.providers.google import GeminiWire
from voxagent.types.config import ModelSettings, ToolSpec
from voxagent.types.message import Message

GO = [Message("user", "go")]
ADD, STRICT = ToolSpec("add", "", {}), ToolSpec("add", "", {}, strict=True)


def asked(model: str, settings: ModelSettings, *tools: ToolSpec) -> tuple[dict[str, Any], list[str]]:
    """What of a body the settings decide, and the warnings."""
    wire, request = GeminiWire(), ModelRequest(model, GO, settings=settings, tools=tools)
    body = json.loads(wire.body(request))
    return {name: body[name] for name in ("generationConfig", "toolConfig") if name in body}, wire.warnings(
        request
    )


def test_plain_settings_have_the_names_of_the_api() -> None:
    settings: ModelSettings = {
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 100,
        "seed": 7,
        "stop": ["a", "", "b"],
        "timeout": 3.0,
    }
    told = {"temperature": 0.5, "topP": 0.9, "maxOutputTokens": 100, "seed": 7, "stopSequences": ["a", "b"]}
    assert asked("gemini-2.5-flash", settings) == ({"generationConfig": told}, [])
    assert asked("gemini-2.5-flash", {"stop": ""}) == ({}, [])
    assert asked("gemini-2.5-flash", {"stop": "a"}) == ({"generationConfig": {"stopSequences": ["a"]}}, [])


def test_of_many_stop_sequences_five_are_taken() -> None:
    told, warnings = asked("gemini-2.5-flash", {"stop": list("abcdefg")})
    assert told["generationConfig"] == {"stopSequences": list("abcde")}
    assert warnings == ["this API takes 5 stop sequences at most: the others were left out"]


LEVEL = {"includeThoughts": True}


@pytest.mark.parametrize(
    ("model", "thinking", "told"),
    [
        ("gemini-2.5-flash", "low", {**LEVEL, "thinkingBudget": 2_048}),
        ("gemini-2.5-flash", "high", {**LEVEL, "thinkingBudget": 24_576}),
        ("gemini-2.5-flash", 100, {**LEVEL, "thinkingBudget": 100}),
        ("gemini-2.5-flash", "off", {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", 0, {"thinkingBudget": 0}),
        ("models/gemini-2.5-pro", "medium", {**LEVEL, "thinkingBudget": 8_192}),
        ("gemini-3-flash-preview", "low", {**LEVEL, "thinkingLevel": "low"}),
        ("gemini-3.5-flash", "medium", {**LEVEL, "thinkingLevel": "medium"}),
        ("gemini-3-flash-preview", 4_000, {**LEVEL, "thinkingLevel": "medium"}),
        ("gemini-3-flash-preview", 100, {**LEVEL, "thinkingLevel": "low"}),
        ("gemini-3.1-pro-preview", "medium", {**LEVEL, "thinkingLevel": "medium"}),
        ("gemini-3-pro-preview", 30_000, {**LEVEL, "thinkingLevel": "high"}),
        ("gemini-10-ultra", "high", {**LEVEL, "thinkingLevel": "high"}),
        ("gemini-flash-latest", "medium", {**LEVEL, "thinkingBudget": 8_192}),
        ("gemini-2.0-flash", "off", None),
        ("gemma-3-27b-it", "off", None),
    ],
)
def test_thinking_is_told_as_the_generation_wants_it(model: str, thinking: Any, told: Any) -> None:
    found, warnings = asked(model, {"thinking": thinking})
    assert found.get("generationConfig", {}).get("thinkingConfig") == told
    assert warnings == []


@pytest.mark.parametrize(
    ("model", "thinking", "told", "warning"),
    [
        ("gemini-2.5-flash-lite", 100, 512, "takes a thinking budget of 512 to 24576: 512 is asked for"),
        ("gemini-2.5-pro", 50_000, 32_768, "takes a thinking budget of 128 to 32768: 32768 is asked for"),
        ("gemini-2.5-pro", "off", 128, "cannot be stopped from thinking: 128 is the least"),
        ("gemini-3-pro-preview", "off", "low", "cannot be stopped from thinking: 'low' is the least"),
        ("gemini-3-flash-preview", 0, "minimal", "cannot be stopped from thinking: 'minimal' is the least"),
        ("gemini-3-pro-preview", "medium", "high", "knows no thinking level 'medium': 'high' is asked for"),
        ("gemini-2.0-flash", "low", None, "cannot be told how much to think: thinking='low' was left out"),
        ("gemini-2.5-flash-image", 7, None, "cannot be told how much to think: thinking=7 was left out"),
        (
            "gemini-3-pro-image-preview",
            "low",
            None,
            "cannot be told how much to think: thinking='low' was left out",
        ),
    ],
)
def test_thinking_that_a_model_does_not_take_is_fitted_and_told(
    model: str, thinking: Any, told: Any, warning: str
) -> None:
    found, warnings = asked(model, {"thinking": thinking})
    config = found.get("generationConfig", {}).get("thinkingConfig", {})
    assert config.get("thinkingBudget", config.get("thinkingLevel")) == told
    assert warnings == [f"{model} {warning}"]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("auto", {"mode": "AUTO"}),
        ("required", {"mode": "ANY"}),
        ("none", {"mode": "NONE"}),
        ("add", {"mode": "ANY", "allowedFunctionNames": ["add"]}),
    ],
)
def test_the_choice_of_tools_is_told_where_there_are_tools(choice: str, told: Any) -> None:
    settings: ModelSettings = {"tool_choice": choice}
    assert asked("gemini-2.5-flash", settings, ADD) == ({"toolConfig": {"functionCallingConfig": told}}, [])
    assert asked("gemini-2.5-flash", settings) == ({}, [])


def test_a_tool_that_is_to_be_held_to_its_schema_asks_for_valid_calls() -> None:
    valid = {"toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}}
    assert asked("gemini-2.5-flash", {}, STRICT) == (valid, [])
    assert asked("gemini-2.5-flash", {"tool_choice": "auto"}, STRICT) == (valid, [])
    assert asked("gemini-2.5-flash", {}, ADD) == ({}, [])


def test_how_long_the_service_keeps_what_it_reads_is_its_own_affair() -> None:
    words = "the setting cache='1h' is not taken: what is kept, the service decides"
    assert asked("gemini-2.5-flash", {"cache": "1h"}) == ({}, [words])
    assert asked("gemini-2.5-flash", {"cache": True}) == ({}, [])


def test_one_call_at_a_time_cannot_be_asked_for() -> None:
    words = "this API cannot hold a model to one call at a time: parallel_tool_calls was left out"
    assert asked("gemini-2.5-flash", {"parallel_tool_calls": False}, ADD) == ({}, [words])
    assert asked("gemini-2.5-flash", {"parallel_tool_calls": True}, ADD) == ({}, [])
