"""What the wires make of tools that the provider runs itself. `R-A22`."""

import json
from typing import Any, cast

import pytest

from voxagent.errors import ConfigError
from voxagent.providers import ModelRequest
from voxagent.providers.anthropic import MessagesWire
from voxagent.providers.http.wire import Wire
from voxagent.providers.openai import ChatWire, ResponsesWire
from voxagent.tools import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch
from voxagent.types import Message, ToolSpec

OSLO = UserLocation("Oslo", country="NO", timezone="Europe/Oslo")
PLACE = {"city": "Oslo", "country": "NO", "timezone": "Europe/Oslo"}
LOOK = ToolSpec("look", "Look.", {"type": "object", "properties": {}})


def request(*native: ProviderTool, model: str = "claude-haiku-4-5", **more: Any) -> ModelRequest:
    return ModelRequest(model, [Message("user", "hello")], native_tools=native, **more)


def body(wire: Wire, asked: ModelRequest) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(wire.body(asked)))


TOLD: list[tuple[Any, ProviderTool, dict[str, Any]]] = [
    (MessagesWire, WebSearch(), {"type": "web_search_20250305", "name": "web_search"}),
    (
        MessagesWire,
        WebSearch(["a.org"], max_uses=3, user_location=OSLO),
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["a.org"],
            "max_uses": 3,
            "user_location": {"type": "approximate", **PLACE},
        },
    ),
    (
        MessagesWire,
        WebSearch(blocked_domains=("b.org",)),
        {"type": "web_search_20250305", "name": "web_search", "blocked_domains": ["b.org"]},
    ),
    (MessagesWire, CodeExecution(), {"type": "code_execution_20250825", "name": "code_execution"}),
    (
        MessagesWire,
        NativeTool("web_fetch_20250910", {"name": "web_fetch", "max_uses": 1}),
        {"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": 1},
    ),
    (ResponsesWire, WebSearch(), {"type": "web_search"}),
    (
        ResponsesWire,
        WebSearch(["a.org"], context_size="high", user_location=OSLO),
        {
            "type": "web_search",
            "search_context_size": "high",
            "filters": {"allowed_domains": ["a.org"]},
            "user_location": {"type": "approximate", **PLACE},
        },
    ),
    (ResponsesWire, CodeExecution(), {"type": "code_interpreter", "container": {"type": "auto"}}),
    (ResponsesWire, CodeExecution("cntr_1"), {"type": "code_interpreter", "container": "cntr_1"}),
    (
        ResponsesWire,
        CodeExecution(file_ids=["f"]),
        {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}},
    ),
    (ResponsesWire, FileSearch(["vs"]), {"type": "file_search", "vector_store_ids": ["vs"]}),
    (
        ResponsesWire,
        FileSearch(["vs"], 4, {"type": "eq", "key": "year", "value": 2026}),
        {
            "type": "file_search",
            "vector_store_ids": ["vs"],
            "max_num_results": 4,
            "filters": {"type": "eq", "key": "year", "value": 2026},
        },
    ),
    (
        ResponsesWire,
        NativeTool("image_generation", {"size": "auto"}),
        {"type": "image_generation", "size": "auto"},
    ),
    (ChatWire, NativeTool("browser_search"), {"type": "browser_search"}),
]


@pytest.mark.parametrize(("wire", "tool", "told"), TOLD, ids=[f"{t[0].__name__}-{t[1]!r}" for t in TOLD])
def test_a_tool_is_told_in_the_service_own_words(wire: Any, tool: ProviderTool, told: dict[str, Any]) -> None:
    spoken: Wire = wire()
    asked = request(tool)
    assert body(spoken, asked)["tools"] == [told]
    assert list(spoken.warnings(asked)) == []


@pytest.mark.parametrize("wire", [MessagesWire, ResponsesWire, ChatWire])
def test_tools_stand_behind_the_functions_and_ahead_of_those_of_extra_body(wire: Any) -> None:
    settings = {"extra_body": {"tools": [{"type": "third"}]}}
    asked = request(NativeTool("second"), tools=(LOOK,), settings=settings)
    first, *others = body(wire(), asked)["tools"]
    assert "look" in json.dumps(first)
    assert others == [{"type": "second"}, {"type": "third"}]


@pytest.mark.parametrize("wire", [MessagesWire, ResponsesWire, ChatWire])
def test_the_choice_of_a_tool_holds_for_a_service_tool_alone(wire: Any) -> None:
    chosen = body(wire(), request(NativeTool("browser_search"), settings={"tool_choice": "required"}))
    assert chosen["tool_choice"] in ("required", {"type": "any"})


def test_a_search_model_of_chat_completions_is_told_in_a_field() -> None:
    wire, model = ChatWire(), "gpt-4o-mini-search-preview"
    plain = body(wire, request(WebSearch(), model=model, settings={"tool_choice": "auto"}))
    assert (plain["web_search_options"], "tools" in plain, "tool_choice" in plain) == ({}, False, False)
    tuned = request(WebSearch(context_size="low", user_location=OSLO, max_uses=2), model=model)
    place = {"type": "approximate", "approximate": PLACE}
    assert body(wire, tuned)["web_search_options"] == {"search_context_size": "low", "user_location": place}
    assert wire.warnings(tuned) == ["max_uses of a web search is not taken: it was left out"]


def test_a_container_is_gone_on_with() -> None:
    told = body(MessagesWire(), request(CodeExecution("container_1")))
    assert told["container"] == "container_1"
    assert told["tools"] == [{"type": "code_execution_20250825", "name": "code_execution"}]


def test_searches_are_counted_by_openai_where_nothing_else_is_counted_with_them() -> None:
    wire = ResponsesWire()
    alone, beside = request(WebSearch(max_uses=2)), request(CodeExecution(), WebSearch(max_uses=2))
    assert body(wire, alone)["max_tool_calls"] == 2
    assert "max_tool_calls" not in body(wire, beside)
    assert wire.warnings(alone) == []
    assert wire.warnings(beside) == [
        "max_uses counts the calls of all the provider's tools here: it was left out"
    ]


def test_anthropic_leaves_the_size_of_a_search_out() -> None:
    wire, asked = MessagesWire(), request(WebSearch(context_size="low"))
    assert body(wire, asked)["tools"] == [{"type": "web_search_20250305", "name": "web_search"}]
    assert wire.warnings(asked) == ["context_size of a web search is not taken: it was left out"]


def test_a_body_is_not_made_without_a_tool_that_cannot_be_told() -> None:
    with pytest.raises(ConfigError, match="searches no stored files"):
        MessagesWire().body(request(FileSearch(["vs"])))
