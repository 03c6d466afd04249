"""Answers that no recording shows, and those that are none."""

import json
from typing import Any

import pytest

from tests.wires.google.folded import decoded
from tests.wires.google.streams import USAGE, call, chunk, sse, streamed, text, told
from voxagent.providers.chunks import MessageStartChunk, TextDeltaChunk, ToolCallDeltaChunk, ToolUseChunk
from voxagent.providers.google import GeminiWire
from voxagent.types.blocks import (
    AudioBlock,
    ImageBlock,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
)
from voxagent.types.usage import Usage


def own(data: dict[str, Any]) -> ProviderBlock:
    return ProviderBlock("google", data)


# --- what is in an answer


def test_pieces_of_text_and_of_thoughts_become_one_block_each() -> None:
    result = streamed(
        chunk(text("let ", thought=True)),
        chunk(text("me see", thought=True), text("fo")),
        chunk(text("ur"), finish="STOP"),
    )
    assert result.message.blocks == [ThinkingBlock("let me see", provider="google"), TextBlock("four")]
    assert result.chunks[0] == MessageStartChunk("google", "m-1", "r_1")
    assert result.end.finish_reason == "stop"


def test_a_seal_is_kept_with_exactly_its_part() -> None:
    result = streamed(
        chunk(text("hm", thought=True)),
        chunk(text("so", thought=True, thoughtSignature="t")),
        chunk(text("one ")),
        chunk(text("two", thoughtSignature="a")),
        chunk(text("three"), text("", thoughtSignature="b"), finish="STOP"),
    )
    assert result.message.blocks == [
        ThinkingBlock("hm", provider="google"),
        ThinkingBlock("so", "t", provider="google"),
        TextBlock("one two"),
        own({"thoughtSignature": "a", "length": 3}),
        TextBlock("three"),
        own({"text": "", "thoughtSignature": "b"}),
    ]


def test_a_seal_without_a_word_is_a_thought_that_nobody_can_read_and_no_answer() -> None:
    result = streamed(chunk(text("", thoughtSignature="s"), finish="STOP"))
    assert result.message.blocks == [ThinkingBlock("", "s", redacted=True, provider="google")]


def test_a_seal_alone_ends_the_thoughts_ahead_of_it() -> None:
    result = streamed(
        chunk(text("hm", thought=True)),
        chunk(text("", thought=True, thoughtSignature="t"), text("so"), finish="STOP"),
    )
    assert result.message.blocks == [
        ThinkingBlock("hm", provider="google"),
        ThinkingBlock("", "t", provider="google"),
        TextBlock("so"),
    ]


def test_calls_without_id_are_given_one_each_and_only_the_first_has_the_seal() -> None:
    result = streamed(
        chunk(call("add", {"b": 1, "a": 2}, thoughtSignature="s"), call("ping"), call("add", {}, id="x")),
        chunk(call("add", {}, id="x"), finish="STOP"),
    )
    assert result.message.blocks == [
        ToolUseBlock("google_call_1", "add", {"b": 1, "a": 2}, signature="s"),
        ToolUseBlock("google_call_2", "ping", {}),
        ToolUseBlock("x", "add", {}),
        ToolUseBlock("x_4", "add", {}),
    ]
    deltas = [each for each in result.chunks if isinstance(each, ToolCallDeltaChunk)]
    assert deltas[0] == ToolCallDeltaChunk("google_call_1", "add", '{"b":1,"a":2}')
    assert result.end.finish_reason == "tool_use"


def test_arguments_that_are_text_are_broken_arguments() -> None:
    result = streamed(chunk(call("add", '{"a": 1'), finish="STOP"))
    [made] = [each.tool_call for each in result.chunks if isinstance(each, ToolUseChunk)]
    assert (made.params, made.arguments) == ({}, '{"a": 1')


def test_pictures_and_sound_are_blocks_of_their_own_and_other_media_are_kept() -> None:
    film = {"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}}
    thought = {"inlineData": {"mimeType": "image/png", "data": "BBBB"}, "thought": True}
    result = streamed(
        chunk(
            thought,
            {"inlineData": {"mimeType": "image/png", "data": "iVBO"}, "thoughtSignature": "s"},
            {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AAAB"}},
            film,
            finish="STOP",
        )
    )
    assert result.message.blocks == [
        own(thought),
        ImageBlock("image/png", "iVBO"),
        own({"thoughtSignature": "s"}),
        AudioBlock("audio/L16;rate=24000", "AAAB"),
        own(film),
    ]


def test_what_the_services_own_tools_did_is_kept_as_it_came_between_the_texts() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s"}
    ran = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
    new = {"somethingNew": {"x": 1}}
    result = streamed(chunk(text("a"), code, ran, {}, new, text("b"), finish="STOP"))
    assert result.message.blocks == [TextBlock("a"), own(code), own(ran), own(new), TextBlock("b")]


def test_the_sources_of_a_text_are_its_citations_and_are_kept_as_they_came() -> None:
    sources = [{"web": {"uri": "https://a.test", "title": "a"}}, {"web": {"uri": "https://b.test"}}]
    passages = [
        {"segment": {"endIndex": 3, "text": "one"}, "groundingChunkIndices": [1, 0, 7, "x"]},
        {"segment": {"text": "two"}},
    ]
    grounding = {"groundingChunks": sources, "groundingSupports": passages, "webSearchQueries": []}
    result = streamed(
        chunk(text("one"), groundingMetadata={"webSearchQueries": ["q"]}),
        chunk(text(" two"), finish="STOP", groundingMetadata=grounding),
    )
    cited = ({**passages[0], "sources": [sources[1], sources[0]]}, {**passages[1], "sources": []})
    kept = {"webSearchQueries": ["q"], "groundingChunks": sources, "groundingSupports": passages}
    assert result.message.blocks == [TextBlock("one two", cited), own({"groundingMetadata": kept})]


def test_sources_without_passages_and_quotes_are_citations_too() -> None:
    source = {"retrievedContext": {"text": "x"}}
    quote = {"startIndex": 1, "uri": "https://a.test"}
    result = streamed(
        chunk(
            text("one"),
            finish="STOP",
            groundingMetadata={"groundingChunks": [source], "groundingSupports": "none"},
            citationMetadata={"citationSources": [quote]},
            urlContextMetadata={},
        )
    )
    assert result.message.of(TextBlock) == [TextBlock("one", (source, quote))]


def test_of_several_candidates_the_first_counts() -> None:
    first = chunk(text("one"), finish="STOP", index=0)
    first["candidates"].insert(0, chunk(text("other"), finish="SAFETY", index=1)["candidates"][0])
    assert streamed(first).message.text == "one"
    assert streamed(first).end.finish_reason == "stop"


def test_usage_is_the_last_that_was_told_with_thoughts_and_tools_within() -> None:
    last = {
        "promptTokenCount": 10,
        "cachedContentTokenCount": 4,
        "toolUsePromptTokenCount": 3,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 2,
        "totalTokenCount": 20,
    }
    result = streamed(chunk(text("a")), chunk(text("b"), finish="STOP", usage=last))
    assert result.end.usage == Usage(13, 7, 4, reasoning_tokens=2)
    assert streamed(chunk(text("a"), finish="STOP", usage=None)).end.usage is None
    odd = {"promptTokenCount": -1, "candidatesTokenCount": "x"}
    assert streamed(chunk(text("a"), finish="STOP", usage=odd)).end.usage == Usage()


def test_what_is_told_besides_is_in_the_metadata_of_the_end() -> None:
    result = streamed(chunk(text("a"), finish="STOP", avgLogprobs=-0.5, finishMessage="well"))
    assert result.end.metadata == {"finish_reason": "STOP", "finish_message": "well", "avg_logprobs": -0.5}


# --- how it ends


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
    ],
)
def test_every_reason_is_told_as_what_it_is(reason: str, expected: str) -> None:
    assert streamed(chunk(text("so"), finish=reason)).end.finish_reason == expected


@pytest.mark.parametrize(
    ("reason", "kind", "retryable"),
    [
        ("MALFORMED_FUNCTION_CALL", "malformed", True),
        ("UNEXPECTED_TOOL_CALL", "malformed", True),
        ("MALFORMED_RESPONSE", "malformed", True),
        ("OTHER", "malformed", True),
        ("SOMETHING_NEW", "malformed", True),
        ("MISSING_THOUGHT_SIGNATURE", "bad_request", False),
        ("PUP_LIMITED_DISABLED", "permission", False),
    ],
)
def test_a_reason_that_ends_no_answer_is_an_error(reason: str, kind: str, retryable: bool) -> None:
    result = streamed(chunk(text("so")), chunk(call("f"), finish=reason, finishMessage="because"))
    assert result.error is not None
    assert (result.error.kind, result.error.retryable, result.error.received) == (kind, retryable, "so")
    assert result.error.message == f"the answer ended with {reason}: because"
    assert not any(isinstance(each, ToolUseChunk) for each in result.chunks)


def test_a_prompt_that_was_blocked_is_stopped_by_the_filter() -> None:
    blocked = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 4},
    }
    for result in (streamed(blocked), told(blocked)):
        assert result.end.finish_reason == "content_filter"
        assert result.end.metadata == {"block_reason": "PROHIBITED_CONTENT"}
        assert result.end.usage == Usage(4)
        assert result.message.blocks == []


def test_a_reason_on_every_chunk_ends_nothing_before_the_last() -> None:
    result = streamed(*[chunk(text(word), finish="STOP") for word in ("one ", "two ", "three")])
    assert result.message.text == "one two three"
    assert [each.delta for each in result.chunks if isinstance(each, TextDeltaChunk)] == [
        "one ",
        "two ",
        "three",
    ]
    unspecified = chunk(text("one"), finish="FINISH_REASON_UNSPECIFIED")
    assert streamed(unspecified, chunk(text(" two"), finish="STOP")).message.text == "one two"


def test_an_answer_rests_only_with_reason_and_usage_and_what_follows_may_be_junk() -> None:
    decoder = GeminiWire().decoder("")
    rests: list[bool] = []
    for each in (
        chunk(text("one")),
        chunk(text(" two"), finish="STOP", usage=None),
        chunk(text(" three"), finish="STOP"),
    ):
        decoder.feed(sse(each))
        rests.append(decoder.rests)  # type: ignore[attr-defined]  # a `RestingDecoder`
    assert rests == [False, False, True]
    assert decoder.feed(b"data: junk\n\n") == []
    assert decoder.feed(sse({"candidates": [{"content": {"parts": [text(" four"), None]}}]})) == []
    assert decoder.feed(sse({"error": {"message": "no"}})) == []
    [end] = decoder.end()
    assert end.finish_reason == "stop"  # type: ignore[union-attr]  # the last chunk of an answer
    assert decoder.end() == ()


# --- forms of an answer


def test_an_answer_may_come_as_an_object_or_as_a_list_of_them() -> None:
    one = told(chunk(text("one"), text(" two"), finish="STOP"))
    row = told([chunk(text("one")), chunk(text(" two"), finish="STOP")])
    assert one.message.text == row.message.text == "one two"
    assert one.end == row.end


def test_a_list_of_objects_may_come_byte_by_byte_behind_blanks() -> None:
    body = b'\xef\xbb\xbf \n[{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}\n]\n'
    result = decoded(GeminiWire().decoder(""), [body[place : place + 1] for place in range(len(body))])
    assert result.message.text == "x"


def test_the_last_event_may_lack_its_blank_line_and_a_done_mark_is_passed_over() -> None:
    body = b": comment\n\n" + sse(chunk(text("x"), finish="STOP"))
    for data in (body.rstrip(), body + b"data: [DONE]\n\n", body + b"data:\n\n"):
        assert decoded(GeminiWire().decoder(""), [data]).message.text == "x"
    early = sse(chunk(text("x"))) + b"data: [DONE]\n\n"
    assert decoded(GeminiWire().decoder(""), [early + sse(chunk(finish="STOP"))]).message.text == "x"


NO_ANSWERS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "malformed"),
    "blanks": (b" \r\n\n", "malformed"),
    "a page": (b"<html>Sign in</html>", "malformed"),
    "a list of nothing": (b"[]", "malformed"),
    "an object of nothing": (b"{}", "malformed"),
    "half an object": (b'{"candidates": [{"con', "malformed"),
    "no candidates": (b'{"candidates": []}', "truncated"),
    "an error": (
        b'[{"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}}]',
        "overloaded",
    ),
    "an error in words": (b'data: {"error": "overloaded"}\n\n', "overloaded"),
    "half an event": (b'data: {"candidates": [{"con', "truncated"),
    "comments": (b": one\n\n: two\n\n", "truncated"),
    "half a field": (b"dat", "truncated"),
    "an event of nothing": (b"data: {}\n\n", "malformed"),
    "an event that is a list": (b"data: []\n\n", "malformed"),
    "an event that is no JSON": (b"data: {\n\n", "malformed"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_a_typed_error(name: str) -> None:
    data, kind = NO_ANSWERS[name]
    result = decoded(GeminiWire().decoder(""), [data])
    assert result.error is not None
    assert result.error.kind == kind
    assert result.chunks == []
    assert len(result.error.message) < 300


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": 7},
        {"candidates": ["x"]},
        {"promptFeedback": "x"},
        {"usageMetadata": [7]},
        chunk("x"),
        chunk(text(7)),  # type: ignore[arg-type]  # what is tested
        chunk(text("x", thoughtSignature=7)),
        chunk({"functionCall": "x"}),
        chunk(call("x", id=7)),  # type: ignore[arg-type]  # what is tested
        chunk({"inlineData": {"mimeType": "image/png"}}),
        chunk({"inlineData": None}),
        chunk(content="x"),
        chunk(finish=["x"]),  # type: ignore[arg-type]  # what is tested
    ],
)
def test_a_chunk_of_the_wrong_shape_is_a_typed_error(odd: Any) -> None:
    result = streamed(chunk(text("Hi")), odd, chunk(finish="STOP"))
    assert result.error is not None
    assert (result.error.kind, result.error.received) == ("malformed", "Hi")


def test_what_was_complete_ahead_of_an_error_is_handed_over_first() -> None:
    decoder = GeminiWire().decoder("")
    chunks = decoder.feed(sse(chunk(text("one"))) + b"data: junk\n\n" + sse(chunk(text("two"))))
    assert TextDeltaChunk("one") in chunks
    for again in (lambda: decoder.feed(b""), decoder.end):
        with pytest.raises(Exception, match="no JSON") as caught:
            again()
        assert caught.value.received == "one"  # type: ignore[attr-defined]  # a ProviderError


def test_an_error_in_the_last_event_is_told_even_without_its_blank_line() -> None:
    data = sse(chunk(text("one"))) + b'data: {"error": {"code": 500, "status": "INTERNAL"}}'
    result = decoded(GeminiWire().decoder(""), [data])
    assert result.error is not None
    assert (result.error.kind, result.error.received) == ("server", "one")


@pytest.mark.parametrize("around", [("", ""), ("[", "\n]\n"), (",\r\n", "\r\n")])
def test_an_error_may_stand_bare_at_the_end_of_a_stream(around: tuple[str, str]) -> None:
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    bare = json.dumps(error, indent=2).join(around).encode()
    for ahead in (sse(chunk(text("one"))), b": hm\n\n"):
        data = ahead + bare
        for pieces in ([data], [data[place : place + 1] for place in range(len(data))]):
            result = decoded(GeminiWire().decoder(""), pieces)
            assert result.error is not None
            assert result.error.kind == "overloaded"
            assert result.error.received == ("one" if b"one" in ahead else "")


def test_what_stands_bare_at_the_end_and_is_no_error_makes_no_answer() -> None:
    whole = json.dumps(chunk(text(" two"), finish="STOP")).encode()
    for bare in (b'{"candidates"', b'{"a": 1}', b"{", whole):
        result = decoded(GeminiWire().decoder(""), [sse(chunk(text("one"))) + bare])
        assert result.error is not None
        assert result.error.kind == "truncated"


def test_another_name_of_the_model_within_the_stream_is_told() -> None:
    later = chunk(text("b"), finish="STOP")
    later["modelVersion"], later["responseId"] = "m-2", None
    result = streamed(chunk(text("a")), later)
    starts = [each for each in result.chunks if isinstance(each, MessageStartChunk)]
    assert starts == [MessageStartChunk("google", "m-1", "r_1"), MessageStartChunk("google", "m-2")]
    assert USAGE["totalTokenCount"] == 7
