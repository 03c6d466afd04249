"""What a request becomes in Ollama's own words, and what it cannot say."""

import json
from typing import Any

import pytest

from voxagent.providers import ModelRequest
from voxagent.providers.ollama import OllamaOptions, OllamaWire
from voxagent.types import (
    AudioBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    ModelSettings,
    OutputSpec,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)

TOOL = ToolSpec("add", "Add.", {"type": "object", "properties": {"a": {"type": "integer"}}})
OUTPUT = OutputSpec("city", {"type": "object", "properties": {"name": {"type": "string"}}}, "A city.")
ASK = [Message("user", "go")]


def asked(
    messages: Any = ASK, settings: ModelSettings | None = None, model: str = "llama3.2", **more: Any
) -> tuple[dict[str, Any], list[str]]:
    """The body of a request, and the warnings."""
    wire = OllamaWire(more.pop("options", None))
    request = ModelRequest(model, messages, settings=settings or {}, **more)
    body = json.loads(wire.body(request))
    assert json.loads(wire.body(request)) == body
    return body, wire.warnings(request)


def told(*messages: Message) -> list[Any]:
    body, warnings = asked(messages)
    assert warnings == []
    return list(body["messages"])


def test_a_plain_question_has_model_stream_and_messages_only() -> None:
    assert asked(system="Be brief.") == (
        {
            "model": "llama3.2",
            "stream": True,
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "go"}],
        },
        [],
    )


def test_settings_are_options_under_the_names_that_ollama_gives_them() -> None:
    settings: ModelSettings = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "seed": 3, "stop": ["x"]}
    body, warnings = asked(settings=settings)
    assert body["options"] == {"temperature": 0.5, "top_p": 0.9, "num_predict": 7, "seed": 3, "stop": ["x"]}
    assert warnings == []
    assert asked(settings={"stop": "one"})[0]["options"] == {"stop": ["one"]}


def test_the_options_of_the_constructor_reach_every_request() -> None:
    options = OllamaOptions(num_ctx=32_768, keep_alive="10m")
    body, _ = asked(settings={"seed": 1, "extra_body": {"options": {"top_k": 20}}}, options=options)
    assert body["keep_alive"] == "10m"
    assert body["options"] == {"seed": 1, "num_ctx": 32_768, "top_k": 20}
    assert asked(options=OllamaOptions(keep_alive=0))[0]["keep_alive"] == 0


@pytest.mark.parametrize(
    ("model", "thinking", "think", "warned"),
    [
        ("qwen3", "off", False, 0),
        ("qwen3", 0, False, 0),
        ("qwen3", "high", True, 0),
        ("qwen3", 2_000, True, 0),
        ("gpt-oss:20b", "low", "low", 0),
        ("gpt-oss:20b", 20_000, "high", 0),
        ("me/gpt-oss:20b", "off", "low", 1),
    ],
)
def test_thinking_is_switched_or_a_level(model: str, thinking: Any, think: Any, warned: int) -> None:
    body, warnings = asked(settings={"thinking": thinking}, model=model)
    assert body["think"] == think
    assert len(warnings) == warned
    assert "think" not in asked(model=model)[0]


def test_an_output_is_enforced_by_its_schema() -> None:
    body, warnings = asked(output=OUTPUT)
    assert body["format"] == {**OUTPUT.schema, "required": []}
    assert warnings == []


def test_beside_tools_an_output_is_told_in_words_because_a_format_would_forbid_calls() -> None:
    body, [warning] = asked(output=OUTPUT, tools=[TOOL], system="Be brief.")
    system = body["messages"][0]["content"]
    assert "format" not in body
    assert system.startswith("Be brief.\n\nYour last answer is a JSON object (A city.)")
    assert '"properties":{"name":{"type":"string"}}' in system
    assert "'city'" in warning


def test_tools_are_wrapped_and_may_be_withheld() -> None:
    body, warnings = asked(tools=[TOOL], settings={"tool_choice": "auto"})
    function = {"name": "add", "description": "Add.", "parameters": {**TOOL.parameters, "required": []}}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert warnings == []
    assert "tools" not in asked(tools=[TOOL], settings={"tool_choice": "none"})[0]


def test_what_the_api_has_no_word_for_is_left_out_with_a_warning() -> None:
    body, warnings = asked(tools=[TOOL], settings={"tool_choice": "add", "parallel_tool_calls": False})
    assert body.keys() == {"model", "stream", "messages", "tools"}
    assert asked(settings={"cache": True})[1] == []
    assert len(asked(settings={"cache": "1h"})[1]) == 1
    assert warnings == [
        "this API cannot make a model call a tool: it may choose",
        "the setting 'parallel_tool_calls' is not taken: it was left out",
    ]


def test_pictures_stand_beside_the_text_as_base64() -> None:
    blocks = [TextBlock("What"), ImageBlock("image/png", b"\x01\x02"), TextBlock(""), TextBlock("is this?")]
    assert told(Message("user", blocks)) == [
        {"role": "user", "content": "What\nis this?", "images": ["AQI="]}
    ]


def test_a_document_of_text_is_read_out() -> None:
    document = DocumentBlock("text/plain", b"hello", name="a.txt")
    assert told(Message("user", [document])) == [{"role": "user", "content": "a.txt:\nhello"}]


def test_what_cannot_be_shown_is_told_of_and_warned_about_once() -> None:
    blocks = [
        ImageBlock(url="https://h/i.png"),
        DocumentBlock("application/pdf", b"%PDF"),
        AudioBlock("audio/wav", b"RIFF"),
        AudioBlock("audio/wav", b"RIFF"),
        ProviderBlock("openai", {}),
    ]
    body, warnings = asked([Message("user", blocks)])
    assert body["messages"][0]["content"].count("not shown") == 4
    assert len(warnings) == 3


def test_calls_go_back_as_objects_and_results_name_their_tool() -> None:
    call = ToolUseBlock("c_1", "add", {"a": 1})
    broken = ToolUseBlock("c_2", "add", {}, '{"a": ')
    results = [ToolResultBlock("c_1", "add", "2"), ToolResultBlock("c_2", "", "no", is_error=True)]
    assert told(Message("assistant", [TextBlock("So."), call, broken]), Message("user", results)) == [
        {
            "role": "assistant",
            "content": "So.",
            "tool_calls": [
                {"id": "c_1", "function": {"name": "add", "arguments": {"a": 1}}},
                {"id": "c_2", "function": {"name": "add", "arguments": {"invalid_json": '{"a": '}}},
            ],
        },
        {"role": "tool", "content": "2", "tool_call_id": "c_1", "tool_name": "add"},
        {"role": "tool", "content": "Error: no", "tool_call_id": "c_2"},
    ]


def test_a_picture_in_a_result_follows_it_as_the_users() -> None:
    result = ToolResultBlock("c_1", "look", [TextBlock("here"), ImageBlock("image/png", b"\x01")])
    assert told(Message("user", [result, TextBlock("Well?")])) == [
        {"role": "tool", "content": "here", "tool_call_id": "c_1", "tool_name": "look"},
        {"role": "user", "content": "From the result of look:\nWell?", "images": ["AQ=="]},
    ]


@pytest.mark.parametrize(
    ("block", "author", "sent"),
    [
        (ThinkingBlock("hm"), None, True),
        (ThinkingBlock("hm"), "ollama", True),
        (ThinkingBlock("hm", provider="ollama"), "ollama", True),
        (ThinkingBlock("hm"), "groq", False),
        (ThinkingBlock("hm", "seal", provider="anthropic"), None, False),
    ],
)
def test_thinking_goes_back_to_whom_it_came_from(
    block: ThinkingBlock, author: str | None, sent: bool
) -> None:
    said = Message("assistant", [block, TextBlock("four")], provider=author)
    expected: Any = {"role": "assistant", "content": "four"}
    assert told(said) == [{**expected, "thinking": "hm"} if sent else expected]


def test_an_answer_with_nothing_in_it_is_not_sent() -> None:
    assert told(Message("assistant", [ThinkingBlock("hm")]), Message("user", [])) == [
        {"role": "user", "content": ""}
    ]
    assert told(Message("assistant", [RefusalBlock("No.")])) == [{"role": "assistant", "content": "No."}]
