"""Responses: every item is told once, whatever the events leave out."""

import json
from typing import Any

import pytest

from voxagent.providers.chunks import (
    BlockChunk,
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from voxagent.providers.openai import ResponsesWire
from voxagent.types import (
    ContentBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    Usage,
)

from .streams import failure_of, read, responses, sse

CREATED = {"type": "response.created", "response": {"model": "m"}}
START = MessageStartChunk("", "m")


def completed(*output: Any, **more: Any) -> dict[str, Any]:
    response = {"model": "m", "status": "completed", "output": list(output), **more}
    return {"type": "response.completed", "response": response}


def text_delta(text: str, item: int = 0, part: int = 0) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": item, "content_index": part, "delta": text}


def ended(item: Any, place: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": place, "item": item}


def added(item: Any, place: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": place, "item": item}


def message(*texts: str, annotations: Any = (), **more: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": list(annotations)} for text in texts]
    return {"type": "message", "id": "msg", "content": parts, **more}


def reasoning(*summary: str, seal: str | None = "seal", **more: Any) -> dict[str, Any]:
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": "rs", "summary": parts, "encrypted_content": seal, **more}


def call(arguments: Any = '{"x": 1}', **more: Any) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": "fc",
        "call_id": "a",
        "name": "add",
        "arguments": arguments,
        **more,
    }


def said(*values: Any) -> list[StreamChunk]:
    """What a stream says between its beginning and its end, which is checked to be one."""
    start, *chunks, end = responses(CREATED, *values)
    assert start == START
    assert isinstance(end, MessageEndChunk)
    return chunks


def block(block: ContentBlock) -> BlockChunk:
    return BlockChunk(block)


def thought(text: str, seal: str | None = None) -> BlockChunk:
    return BlockChunk(ThinkingBlock(text, seal, not text, "rs", "openai"))


HI = [TextDeltaChunk("Hi"), block(TextBlock("Hi"))]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(
            [text_delta("Hi"), ended(message("Hi")), completed(message("Hi"))], id="deltas and ends"
        ),
        pytest.param([ended(message("Hi")), completed(message("Hi"))], id="no deltas"),
        pytest.param([completed(message("Hi"))], id="nothing but the final object"),
        pytest.param([text_delta("Hi"), completed(message("Hi"))], id="no end of the item"),
        pytest.param([text_delta("Hi"), completed()], id="a final object without items"),
        pytest.param(
            [{"type": "response.output_text.delta", "delta": "Hi"}, ended(message("Hi")), completed()],
            id="no places",
        ),
        pytest.param(
            [
                text_delta("Hi"),
                {
                    "type": "response.content_part.done",
                    "output_index": 0,
                    "content_index": 0,
                    "part": message("Hi")["content"][0],
                },
                {"type": "response.brand.new"},
                ended(message("Hi")),
                completed(message("Hi")),
            ],
            id="all events",
        ),
        pytest.param(
            [text_delta("Hi"), ended(message("Hi")), {**completed(message("Hi")), "type": "response.done"}],
            id="done",
        ),
    ],
)
def test_text_is_told_once(values: list[Any]) -> None:
    assert said(*values) == HI


def test_the_parts_of_a_message_are_blocks_of_their_own() -> None:
    cited: Any = {"type": "url_citation", "url": "https://a"}
    two = message("One.", "Two.", annotations=[cited])
    whole = [
        TextDeltaChunk("One."),
        block(TextBlock("One.", (cited,))),
        TextDeltaChunk("Two."),
        block(TextBlock("Two.", (cited,))),
    ]
    assert said(ended(two), completed(two)) == whole
    # Without an event between them, the citations of the first part come too late.
    chunks = said(text_delta("One."), text_delta("Two.", part=1), ended(two), completed(two))
    assert chunks == [
        TextDeltaChunk("One."),
        block(TextBlock("One.")),
        TextDeltaChunk("Two."),
        whole[3],
    ]


def test_an_item_that_moved_is_not_told_again() -> None:
    search = {"type": "web_search_call", "id": "ws"}
    chunks = said(text_delta("Hi"), ended(message("Hi")), completed(search, message("Hi")))
    assert chunks == HI
    chunks = said(text_delta("Hi"), ended(message("Hi")), completed(message("Hi"), search))
    assert chunks == [*HI, block(ProviderBlock("openai", search))]


def test_the_phase_of_a_message_is_kept_behind_its_text() -> None:
    phase = block(ProviderBlock("openai", {"type": "message", "phase": "commentary"}))
    assert said(completed(message("Hi", phase="commentary"))) == [*HI, phase]
    assert said(completed(message("", phase="commentary"))) == []


def test_a_refusal_is_a_block_and_a_reason() -> None:
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}, {"type": "new"}]}
    *_, chunk, end = responses(CREATED, ended(refused), completed(refused))
    assert (chunk, end) == (block(RefusalBlock("No.")), MessageEndChunk("refusal"))


# --- thinking


def summary_delta(text: str, part: int = 0) -> dict[str, Any]:
    place = {"output_index": 0, "item_id": "rs", "summary_index": part}
    return {"type": "response.reasoning_summary_text.delta", **place, "delta": text}


def open_delta(text: str) -> dict[str, Any]:
    place = {"output_index": 0, "item_id": "rs", "content_index": 0}
    return {"type": "response.reasoning_text.delta", **place, "delta": text}


@pytest.mark.parametrize(
    ("values", "chunks"),
    [
        (
            [summary_delta("h"), summary_delta("m"), ended(reasoning("hm"))],
            [ThinkingDeltaChunk("h"), ThinkingDeltaChunk("m"), thought("hm", "seal")],
        ),
        (
            [summary_delta("one"), summary_delta("two", 1), ended(reasoning("one", "two"))],
            [ThinkingDeltaChunk("one"), thought("one"), ThinkingDeltaChunk("two"), thought("two", "seal")],
        ),
        (
            [ended(reasoning("one", "two"))],
            [ThinkingDeltaChunk("one"), thought("one"), ThinkingDeltaChunk("two"), thought("two", "seal")],
        ),
        ([ended(reasoning())], [thought("", "seal")]),
        ([ended(reasoning(seal=None))], []),
        ([ended(reasoning("hm", seal=None))], [ThinkingDeltaChunk("hm"), thought("hm")]),
    ],
)
def test_a_summary_is_a_block_for_each_part_and_the_last_has_the_seal(values: Any, chunks: Any) -> None:
    assert said(*values, completed()) == chunks


def test_thoughts_in_the_open_are_kept_whole() -> None:
    item = reasoning("short", seal=None, content=[{"type": "reasoning_text", "text": "hm"}])
    kept = block(ProviderBlock("openai", item))
    whole = [ThinkingDeltaChunk("hm"), thought("hm"), kept]
    assert said(open_delta("hm"), ended(item), completed(item)) == whole
    assert said(completed(item)) == whole
    both = said(summary_delta("short"), open_delta("hm"), ended(item), completed())
    assert both == [ThinkingDeltaChunk("short"), thought("short"), *whole]
    both = said(open_delta("hm"), summary_delta("short"), ended(reasoning("short")), completed())
    assert both == [*whole[:2], ThinkingDeltaChunk("short"), thought("short", "seal")]


def test_what_the_services_own_tools_did_is_kept_as_it_came() -> None:
    item = {"type": "code_interpreter_call", "id": "ci", "code": "1", "outputs": None}
    chunks = said(text_delta("Hi"), ended(item, 1), completed(message("Hi"), item))
    assert chunks == [TextDeltaChunk("Hi"), block(TextBlock("Hi")), block(ProviderBlock("openai", item))]


# --- calls


def arguments(text: str) -> dict[str, Any]:
    return {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": text}


USED = ToolUseChunk(ToolCall("a", "add", {"x": 1}, '{"x": 1}'))


@pytest.mark.parametrize(
    ("values", "chunks"),
    [
        (
            [added(call("")), arguments('{"x"'), arguments(""), arguments(": 1}"), ended(call())],
            [ToolCallDeltaChunk("a", "add", '{"x"'), ToolCallDeltaChunk("a", "add", ": 1}"), USED],
        ),
        (
            [added(call("")), arguments('{"x": 1}'), ended(call(""))],
            [ToolCallDeltaChunk("a", "add", '{"x": 1}'), USED],
        ),
        ([arguments("lost"), ended(call())], [ToolCallDeltaChunk("a", "add", '{"x": 1}'), USED]),
        (
            [ended(call({"x": 1}))],
            [
                ToolCallDeltaChunk("a", "add", '{"x":1}'),
                ToolUseChunk(ToolCall("a", "add", {"x": 1}, '{"x":1}')),
            ],
        ),
        ([ended(call("", name=None))], [ToolUseChunk(ToolCall("a", "", {}, "{}"))]),
        (
            [ended(call("", call_id=None)), ended(call("", call_id=None), 1)],
            [ToolUseChunk(ToolCall("fc", "add", {}, "{}")), ToolUseChunk(ToolCall("fc_2", "add", {}, "{}"))],
        ),
        (
            [ended(call("", namespace="n"))],
            [
                ToolUseChunk(ToolCall("a", "add", {}, "{}")),
                block(ProviderBlock("openai", {"type": "function_call", "namespace": "n"})),
            ],
        ),
    ],
)
def test_a_call_is_told_with_its_arguments(values: Any, chunks: Any) -> None:
    start, *told, end = responses(CREATED, *values, completed())
    assert (start, told, end) == (START, chunks, MessageEndChunk("tool_use"))


def test_a_call_that_never_ended_is_no_answer() -> None:
    data = sse(CREATED, added(call("")), arguments("{}"), completed())
    assert failure_of(ResponsesWire(), data).kind == "malformed"


def test_a_call_that_is_cut_by_the_output_limit_leaves_the_answer_incomplete() -> None:
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    *_, end = responses(CREATED, added(call("")), arguments("{"), completed(**cut))
    assert end == MessageEndChunk("length")


# --- the end


@pytest.mark.parametrize(
    ("reason", "mapped"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
)
def test_an_incomplete_answer_says_why(reason: str, mapped: Any) -> None:
    final = completed(status="incomplete", incomplete_details={"reason": reason})
    *_, end = responses(CREATED, text_delta("Hi"), {**final, "type": "response.incomplete"})
    assert end == MessageEndChunk(mapped)


@pytest.mark.parametrize("details", [None, {}, {"reason": "moon"}])
def test_an_answer_that_is_incomplete_for_an_unknown_reason_is_none(details: Any) -> None:
    data = sse(CREATED, text_delta("Hi"), completed(status="incomplete", incomplete_details=details))
    error = failure_of(ResponsesWire(), data)
    assert (error.kind, error.received) == ("server", "Hi")


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "slow"}, "rate_limit", "slow"),
        ({"type": "error", "error": {"code": "server_error", "message": "oh"}}, "server", "oh"),
        ({"error": {"type": "invalid_request_error", "message": "no"}}, "bad_request", "no"),
        (
            {
                "type": "response.failed",
                "response": {
                    "status": "failed",
                    "error": {"code": "context_length_exceeded", "message": "long"},
                },
            },
            "context_length",
            "long",
        ),
        ({"type": "response.failed", "response": {"error": None}}, "server", "the response was failed"),
        ({"type": "response.cancelled", "response": {}}, "server", "the response was cancelled"),
        (
            {"type": "response.completed", "response": {"status": "in_progress"}},
            "malformed",
            "the answer is not finished: its status is 'in_progress'",
        ),
    ],
)
def test_an_error_in_the_stream_has_its_kind_and_what_came_before(event: Any, kind: str, words: str) -> None:
    error = failure_of(ResponsesWire(), sse(CREATED, text_delta("Hi"), event, done=False))
    assert (error.kind, error.message, error.received) == (kind, words, "Hi")


def test_usage_is_read_from_the_final_object() -> None:
    usage = {
        "input_tokens": 9,
        "output_tokens": 5,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 3},
    }
    assert responses(CREATED, completed(usage=usage))[-1] == MessageEndChunk("stop", Usage(9, 5, 4, 0, 3))


def test_a_whole_response_is_read_like_a_stream() -> None:
    item = message("Hi")
    body = json.dumps(completed(reasoning("hm"), item, call())["response"]).encode()
    assert read(ResponsesWire(), body) == [
        START,
        ThinkingDeltaChunk("hm"),
        thought("hm", "seal"),
        *HI,
        ToolCallDeltaChunk("a", "add", '{"x": 1}'),
        USED,
        MessageEndChunk("tool_use"),
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": "server_error"}}, "server"),
        ({"message": "no such thing", "type": "invalid_request_error"}, "bad_request"),
        ({"detail": "Not found"}, "server"),
        ({"output": None}, "malformed"),
        ({}, "malformed"),
        ({"output": [], "status": "queued"}, "malformed"),
        ({"output": [], "status": "failed", "error": None}, "server"),
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(body: Any, kind: str) -> None:
    assert failure_of(ResponsesWire(), json.dumps(body).encode()).kind == kind
