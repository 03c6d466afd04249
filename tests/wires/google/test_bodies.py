"""What a request says: contents, seals, media, tools, and what is left out."""

import json
from typing import Any

import pytest

from voxagent.errors import ConfigError
from voxagent.providers.base import ModelRequest
from voxagent.providers.google import GeminiWire
from voxagent.types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from voxagent.types.config import OutputSpec, ToolSpec
from voxagent.types.message import Message

OLD, NEW = "gemini-2.5-flash", "gemini-3-pro-preview"
FOREIGN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
GO = Message("user", "go")
ADD = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})


def body(model: str, *messages: Message, **options: Any) -> Any:
    return json.loads(GeminiWire().body(ModelRequest(model, messages, **options)))


def parts(model: str, *messages: Message) -> list[Any]:
    """The parts of the last turn."""
    return body(model, *messages)["contents"][-1]["parts"]


def said(*blocks: ContentBlock, provider: str | None = "google") -> Message:
    return Message("assistant", list(blocks), provider=provider)


def result(id: str, content: Any = "3", *, error: bool = False) -> ToolResultBlock:
    return ToolResultBlock(id, "add", content, error)


# --- turns


def test_turns_of_one_role_are_one_and_what_says_nothing_is_left_out() -> None:
    told = body(
        NEW,
        Message("user", "a"),
        Message("user", ""),
        Message("user", [TextBlock("b"), RefusalBlock("c"), ThinkingBlock("x"), UnknownBlock("new", {})]),
        said(UnknownBlock("new", {}), TextBlock("")),
        Message("user", "d"),
        said(TextBlock("e"), RefusalBlock("f")),
        said(TextBlock("g")),
    )
    assert told == {
        "contents": [
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}]},
            {"role": "model", "parts": [{"text": "e"}, {"text": "f"}, {"text": "g"}]},
        ]
    }


def test_a_conversation_that_the_model_begins_or_nobody_has_a_turn_ahead() -> None:
    silence = {"role": "user", "parts": [{"text": "(nothing was said)"}]}
    assert body(NEW, said(TextBlock("a")))["contents"][0] == silence
    assert body(NEW, Message("user", ""))["contents"] == [silence]


def test_results_stand_first_even_across_messages() -> None:
    call = said(ToolUseBlock("x", "add", {}, signature="s"), ToolUseBlock("y", "add", {}))
    told = parts(
        NEW, GO, call, Message("user", [TextBlock("and"), result("x")]), Message("user", [result("y")])
    )
    assert [next(iter(part)) for part in told] == ["functionResponse", "functionResponse", "text"]
    in_order = parts(NEW, GO, call, Message("user", [result("x"), result("y")]), Message("user", "and"))
    assert in_order == told


def test_the_bytes_of_a_message_are_kept_and_belong_to_the_generation_of_the_model() -> None:
    message, wire = said(ToolUseBlock("x", "add", {})), GeminiWire()
    first = wire.body(ModelRequest(NEW, [GO, message]))
    kept = message.wire
    assert kept is not None
    assert wire.body(ModelRequest(NEW, [GO, message])) == first
    assert message.wire is kept
    assert wire.body(ModelRequest("gemini-3-flash-preview", [GO, message])) == first
    assert message.wire is kept
    assert FOREIGN.encode() not in wire.body(ModelRequest(OLD, [GO, message]))


# --- seals


def test_a_seal_goes_back_with_exactly_its_part() -> None:
    message = said(
        ThinkingBlock("hm", provider="google"),
        ThinkingBlock("", "t", provider="google"),
        ThinkingBlock("", "u", redacted=True, provider="google"),
        TextBlock("one two"),
        ProviderBlock("google", {"thoughtSignature": "a", "length": 3}),
        TextBlock("three"),
        ProviderBlock("google", {"thoughtSignature": "b"}),
        ProviderBlock("google", {"text": "", "thoughtSignature": "e"}),
        ImageBlock("image/png", "iVBO"),
        ProviderBlock("google", {"thoughtSignature": "c"}),
        ProviderBlock("google", {"thoughtSignature": "nobody's"}),
        ToolUseBlock("x", "add", {"a": 1}, signature="d"),
        ToolUseBlock("y", "add", {}),
    )
    assert parts(NEW, GO, message) == [
        {"text": "hm", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "t"},
        {"text": "", "thoughtSignature": "u"},
        {"text": "one "},
        {"text": "two", "thoughtSignature": "a"},
        {"text": "three", "thoughtSignature": "b"},
        {"text": "", "thoughtSignature": "e"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBO"}, "thoughtSignature": "c"},
        {"functionCall": {"id": "x", "name": "add", "args": {"a": 1}}, "thoughtSignature": "d"},
        {"functionCall": {"id": "y", "name": "add", "args": {}}},
    ]


def test_a_seal_whose_part_is_gone_is_left_out() -> None:
    seal = ProviderBlock("google", {"thoughtSignature": "a", "length": 9})
    assert parts(NEW, GO, said(seal, TextBlock("two"), seal)) == [{"text": "two", "thoughtSignature": "a"}]


def test_the_first_call_of_a_foreign_history_has_the_documented_word() -> None:
    calls = (ToolUseBlock("toolu_1", "add", {}, signature="theirs"), ToolUseBlock("toolu_2", "add", {}))
    foreign = said(TextBlock("so"), *calls, provider="anthropic")
    told = parts(NEW, GO, foreign)
    assert [part.get("thoughtSignature") for part in told] == [None, FOREIGN, None]
    assert [part.get("thoughtSignature") for part in parts("gemini-flash-latest", GO, foreign)][1] == FOREIGN
    for old in (OLD, "gemini-2.0-flash", "gemma-3-27b-it"):
        assert not any("thoughtSignature" in part for part in parts(old, GO, foreign))
    by_hand = said(*calls, provider=None)
    assert parts(NEW, GO, by_hand)[0]["thoughtSignature"] == "theirs"


def test_what_another_provider_thought_or_kept_is_not_shown() -> None:
    message = said(
        ThinkingBlock("hm", "s", provider="anthropic"),
        ThinkingBlock("hm"),
        ThinkingBlock("", provider="google"),
        ProviderBlock("openai", {"type": "web_search_call"}),
        ProviderBlock("google", {"groundingMetadata": {"webSearchQueries": ["q"]}}),
        ProviderBlock("google", {"executableCode": {"code": "1"}, "thoughtSignature": "s"}),
        TextBlock("so"),
    )
    assert parts(NEW, GO, message) == [
        {"executableCode": {"code": "1"}, "thoughtSignature": "s"},
        {"text": "so"},
    ]


# --- calls and results


def test_ids_go_back_only_if_they_were_given() -> None:
    made = said(ToolUseBlock("google_call_1", "add", {}), ToolUseBlock("google_call_1_2", "add", {}))
    told = body(
        OLD, GO, made, Message("user", [result("google_call_1"), result("google_call_1_2"), result("")])
    )
    assert '"id"' not in json.dumps(told)
    given = said(ToolUseBlock("lx8q", "add", {}))
    assert parts(OLD, GO, given, Message("user", [result("lx8q")])) == [
        {"functionResponse": {"id": "lx8q", "name": "add", "response": {"output": "3"}}}
    ]


def test_a_name_that_the_api_refuses_is_the_same_other_one_in_call_and_result() -> None:
    for name in ("", "1st", "add it", "函数", "a" * 200):
        call = said(ToolUseBlock("x", name, {}))
        told = body(OLD, GO, call, Message("user", [ToolResultBlock("x", name, "no")]))["contents"]
        there = told[1]["parts"][0]["functionCall"]["name"]
        assert there == told[2]["parts"][0]["functionResponse"]["name"]
        assert there[0] == "_"
        assert len(there) <= 128
        assert there.isascii()


def test_arguments_that_were_no_object_are_told_as_they_were_written() -> None:
    call = said(ToolUseBlock("x", "add", {}, arguments='{"a": 1'))
    assert parts(OLD, GO, call)[0]["functionCall"]["args"] == {"invalid_json": '{"a": 1'}


def test_a_result_that_is_an_error_says_so() -> None:
    told = parts(
        OLD, GO, said(ToolUseBlock("x", "add", {})), Message("user", [result("x", "no", error=True)])
    )
    assert told[0]["functionResponse"]["response"] == {"error": "no"}


def test_files_of_a_result_stand_within_where_they_may_and_behind_elsewhere() -> None:
    picture, sound = ImageBlock("image/png", "iVBO"), AudioBlock("audio/wav", "UklG")
    nothing = ImageBlock("image/png", "")
    content = [TextBlock("see"), picture, sound, nothing, ThinkingBlock("x")]
    history = (GO, said(ToolUseBlock("x", "add", {}, signature="s")), Message("user", [result("x", content)]))
    within = {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}
    behind = [
        {"inlineData": {"mimeType": "audio/wav", "data": "UklG"}},
        {"text": "[left out: the ImageBlock is empty: give it data or a URL]"},
    ]
    words = {"text": "What add gave besides:"}
    answer = {"id": "x", "name": "add", "response": {"output": "see"}}
    assert parts(NEW, *history) == [{"functionResponse": {**answer, "parts": [within]}}, words, *behind]
    assert parts(OLD, *history) == [{"functionResponse": answer}, words, within, *behind]


# --- media


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (ImageBlock("image/jpg", b"x"), {"inlineData": {"mimeType": "image/jpeg", "data": "eA=="}}),
        (
            ImageBlock("", "iVBORw0KGgoAAA"),
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgoAAA"}},
        ),
        (ImageBlock("", "UklGRiQIAQBXRUJQVlA4IA=="), "image/webp"),
        (AudioBlock("", "UklGRv8I/wBXQVZFZm10IA=="), "audio/wav"),
        (AudioBlock("audio/mp3", "SUQz"), "audio/mpeg"),
        (AudioBlock("audio/L16;rate=24000", "SUQz"), "audio/L16;rate=24000"),
        (DocumentBlock("application/json", "e30="), "text/plain"),
        (DocumentBlock("text/html; charset=utf-8", "eA=="), "text/html"),
        (DocumentBlock("video/mp4", "AAAA"), "video/mp4"),
        (
            ImageBlock(url="data:image/webp;base64,UklG"),
            {"inlineData": {"mimeType": "image/webp", "data": "UklG"}},
        ),
        (
            ImageBlock(url="https://a.test/b/c.png?x=1"),
            {"fileData": {"mimeType": "image/png", "fileUri": "https://a.test/b/c.png?x=1"}},
        ),
        (
            DocumentBlock("video/mp4", url="gs://bucket/film"),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://bucket/film"}},
        ),
        (DocumentBlock(url="https://youtu.be/x"), {"fileData": {"fileUri": "https://youtu.be/x"}}),
    ],
)
def test_media_are_told_by_their_bytes_or_their_address(block: ContentBlock, part: Any) -> None:
    [told] = parts(OLD, Message("user", [block]))
    if isinstance(part, str):
        assert told["inlineData"]["mimeType"] == part
    else:
        assert told == part


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (ImageBlock(), "the ImageBlock is empty"),
        (ImageBlock("", "R0lGOD"), "of type 'image/gif' cannot be sent: PNG"),
        (AudioBlock("", "AAAA"), "the AudioBlock has no media_type"),
        (DocumentBlock("", "UklGRiQIAQBBVkkgVlA4IA=="), "give it one"),
    ],
)
def test_media_that_cannot_be_told_are_an_error_of_the_program(block: ContentBlock, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        body(OLD, Message("user", [block]))


def test_a_part_in_the_services_own_words_is_sent_as_it_is_and_a_strangers_is_not() -> None:
    film = {"fileData": {"fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 0.2}}
    told = parts(OLD, Message("user", [ProviderBlock("google", film), ProviderBlock("openai", {"x": 1})]))
    assert told == [film]


# --- system prompt, tools, output


def test_the_system_prompt_and_the_tools_have_their_places() -> None:
    told = body(OLD, GO, system="Be brief.", tools=[ADD])
    assert told == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "go"}]}],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "add",
                        "description": "Adds.",
                        "parametersJsonSchema": {"type": "object", "properties": {"a": {"type": "integer"}}},
                    }
                ]
            }
        ],
    }
    assert "systemInstruction" not in body(OLD, GO, system=" ")


def test_tools_are_built_once_and_in_their_order() -> None:
    wire, other = GeminiWire(), ToolSpec("other", "", {})
    tools = [ADD, other]
    first = wire.body(ModelRequest(OLD, [GO], tools=tools))
    assert wire.body(ModelRequest(OLD, [GO], tools=tools)) == first
    told = json.loads(wire.body(ModelRequest(OLD, [GO], tools=[other, ADD])))
    assert [each["name"] for each in told["tools"][0]["functionDeclarations"]] == ["other", "add"]
    many = [ToolSpec(f"t{number}", "", {}) for number in range(1_001)]
    told = json.loads(wire.body(ModelRequest(OLD, [GO], tools=many)))
    assert len(told["tools"][0]["functionDeclarations"]) == 1_001


def test_what_a_program_adds_is_merged_and_its_tools_follow_ours() -> None:
    extra = {
        "generationConfig": {"topK": 3, "thinkingConfig": {"includeThoughts": False}},
        "safetySettings": [{"category": "X"}],
        "tools": [{"urlContext": {}}],
    }
    told = body(OLD, GO, tools=[ADD], settings={"seed": 7, "thinking": "low", "extra_body": extra})
    assert told["generationConfig"] == {
        "seed": 7,
        "topK": 3,
        "thinkingConfig": {"includeThoughts": False, "thinkingBudget": 2_048},
    }
    assert told["safetySettings"] == [{"category": "X"}]
    assert [next(iter(tool)) for tool in told["tools"]] == ["functionDeclarations", "urlContext"]
    assert body(OLD, GO, settings={"extra_body": {"contents": []}}) == {"contents": []}


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def test_an_output_is_asked_for_by_its_schema() -> None:
    told = body(OLD, GO, output=OutputSpec("answer", SCHEMA))
    assert told["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }
    assert body(NEW, GO, output=OutputSpec("answer", SCHEMA), tools=[ADD])["generationConfig"]


def test_an_older_model_with_tools_is_asked_for_its_output_in_words() -> None:
    wire = GeminiWire()
    request = ModelRequest(OLD, [GO], system="Be brief.", output=OutputSpec("answer", SCHEMA), tools=[ADD])
    told = json.loads(wire.body(request))
    assert "generationConfig" not in told
    words = told["systemInstruction"]["parts"][0]["text"]
    assert words.startswith("Be brief.\n\nAnswer with one JSON value")
    assert words.endswith('"required":["a"]}')
    assert wire.warnings(request) == [
        "gemini-2.5-flash cannot be held to a schema while it has tools: it is asked in words"
    ]
