"""Tools that Google runs itself."""

import json
from typing import Any

import pytest

from voxagent.providers.base import ModelRequest
from voxagent.providers.google import GeminiWire
from voxagent.types.config import OutputSpec, ToolSpec
from voxagent.types.message import Message
from voxagent.types.native import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch

GO = [Message("user", "go")]
ADD = ToolSpec("add", "", {})
OLD, NEW = "gemini-2.5-flash", "gemini-3-flash-preview"


def asked(model: str, *native: ProviderTool, tools: Any = (), **more: Any) -> tuple[Any, list[str]]:
    wire, request = GeminiWire(), ModelRequest(model, GO, native_tools=native, tools=tools, **more)
    return json.loads(wire.body(request)), wire.warnings(request)


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        (WebSearch(), {"googleSearch": {}}),
        (WebSearch(blocked_domains=["a.test"]), {"googleSearch": {"excludeDomains": ["a.test"]}}),
        (CodeExecution(), {"codeExecution": {}}),
        (
            FileSearch(["fileSearchStores/x"]),
            {"fileSearch": {"fileSearchStoreNames": ["fileSearchStores/x"]}},
        ),
        (
            FileSearch(["s"], max_results=3, filters={"filter": "a = 1"}),
            {"fileSearch": {"fileSearchStoreNames": ["s"], "topK": 3, "metadataFilter": "a = 1"}},
        ),
        (NativeTool("urlContext"), {"urlContext": {}}),
        (NativeTool("googleMaps", {"enableWidget": True}), {"googleMaps": {"enableWidget": True}}),
    ],
)
def test_a_native_tool_has_the_services_own_words(tool: ProviderTool, told: Any) -> None:
    body, warnings = asked(OLD, tool)
    assert body["tools"] == [told]
    assert "toolConfig" not in body
    assert warnings == []
    assert GeminiWire().native_refusal(tool, OLD) == ""


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        (WebSearch(allowed_domains=["a.test"]), "allowed_domains"),
        (WebSearch(max_uses=1), "max_uses"),
        (CodeExecution(container="c"), "container"),
        (CodeExecution(file_ids=["f"]), "file_ids"),
        (FileSearch(["s"], filters={"author": "Ada"}), "Google expects"),
    ],
)
def test_a_tool_that_would_do_more_than_was_asked_is_refused(tool: ProviderTool, words: str) -> None:
    assert words in GeminiWire().native_refusal(tool, OLD)


def test_what_only_tunes_a_search_is_left_out_and_told() -> None:
    search = WebSearch(context_size="low", user_location=UserLocation(city="Oslo"))
    body, warnings = asked(OLD, search)
    assert body["tools"] == [{"googleSearch": {}}]
    assert warnings == ["context_size and user_location of a web search is not taken: left out"]


def test_beside_functions_a_newer_model_tells_its_own_calls() -> None:
    body, warnings = asked(NEW, WebSearch(), tools=[ADD], settings={"tool_choice": "auto"})
    assert [next(iter(tool)) for tool in body["tools"]] == ["functionDeclarations", "googleSearch"]
    assert body["toolConfig"] == {
        "functionCallingConfig": {"mode": "AUTO"},
        "includeServerSideToolInvocations": True,
    }
    assert warnings == []


def test_beside_functions_an_older_model_may_refuse() -> None:
    body, warnings = asked(OLD, WebSearch(), tools=[ADD])
    assert "toolConfig" not in body
    words = "may refuse tools of its own beside functions: the Gemini API takes both from generation 3 on"
    assert warnings == [f"{OLD} {words}"]
    wire, request = GeminiWire(vertex=True), ModelRequest(NEW, GO, native_tools=[WebSearch()], tools=[ADD])
    assert "toolConfig" not in json.loads(wire.body(request))
    assert wire.warnings(request) == [f"Vertex AI {words}"]


def test_an_older_model_with_native_tools_is_asked_for_its_output_in_words() -> None:
    spec = OutputSpec("o", {"type": "object"})
    extra: Any = {"extra_body": {"tools": [{"googleSearch": {}}]}}
    for more in ({"native_tools": [WebSearch()]}, {"settings": extra}):
        wire = GeminiWire()
        body = json.loads(wire.body(ModelRequest(OLD, GO, output=spec, **more)))
        assert "JSON Schema" in body["systemInstruction"]["parts"][0]["text"]
    assert "generationConfig" in asked(NEW, WebSearch(), output=spec)[0]
