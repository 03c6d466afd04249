"""What the decoder makes of each kind of block, event and end."""

from typing import Any

import pytest
from pydantic_core import to_json

from tests.wires.anthropic.streams import (
    START,
    answer,
    begun,
    call,
    ended,
    event,
    grown,
    run,
    started,
    stopped,
    text,
)
from voxagent.providers.anthropic import MessagesOptions, MessagesWire
from voxagent.providers.chunks import (
    BlockChunk,
    MessageEndChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from voxagent.types.blocks import ProviderBlock, RefusalBlock, TextBlock, ThinkingBlock, ToolCall
from voxagent.types.usage import Usage

CITATION = {"type": "char_location", "cited_text": "x", "document_index": 0}


def test_text_is_told_by_its_pieces_alone() -> None:
    assert answer(text(0, "Hel", "", "lo")) == [TextDeltaChunk("Hel"), TextDeltaChunk("lo")]


def test_text_with_sources_is_completed_by_a_block() -> None:
    assert answer(text(0, "Hel", "lo", citations=[CITATION])) == [
        TextDeltaChunk("Hel"),
        TextDeltaChunk("lo"),
        BlockChunk(TextBlock("Hello", (CITATION,))),
    ]


def test_sources_are_not_told_of_the_text_ahead_of_theirs() -> None:
    chunks = answer(text(0, "a"), text(1, "b", citations=[CITATION]), text(2, "c"))
    assert chunks == [
        TextDeltaChunk("a"),
        BlockChunk(TextBlock("a")),
        TextDeltaChunk("b"),
        BlockChunk(TextBlock("b", (CITATION,))),
        TextDeltaChunk("c"),
    ]


def test_a_text_that_is_there_at_its_start_is_told() -> None:
    block = started(0, "text", text="all", citations=[CITATION]) + stopped(0)
    assert answer(block) == [TextDeltaChunk("all"), BlockChunk(TextBlock("all", (CITATION,)))]


def test_an_empty_text_is_nothing() -> None:
    assert answer(text(0), text(1, citations=[CITATION])) == []


def test_thoughts_end_with_their_seal() -> None:
    block = (
        started(0, "thinking", thinking="", signature="")
        + grown(0, "thinking_delta", thinking="h")
        + grown(0, "thinking_delta", thinking="m")
        + grown(0, "signature_delta", signature="SI")
        + grown(0, "signature_delta", signature="G")
        + grown(0, "future_delta", what=1)
        + stopped(0)
    )
    assert answer(block) == [
        ThinkingDeltaChunk("h"),
        ThinkingDeltaChunk("m"),
        BlockChunk(ThinkingBlock("hm", "SIG", provider="anthropic")),
    ]


def test_thoughts_that_are_not_shown_keep_their_seal() -> None:
    block = (
        started(0, "thinking", thinking="", signature="")
        + grown(0, "signature_delta", signature="S")
        + stopped(0)
    )
    assert answer(block) == [BlockChunk(ThinkingBlock("", "S", provider="anthropic"))]


def test_thoughts_without_a_seal_and_without_anything() -> None:
    block = started(0, "thinking", thinking="", signature="") + grown(0, "thinking_delta", thinking="h")
    empty = started(1, "thinking", thinking="", signature="") + stopped(1)
    assert answer(block + stopped(0), empty) == [
        ThinkingDeltaChunk("h"),
        BlockChunk(ThinkingBlock("h", None, provider="anthropic")),
    ]


def test_redacted_thoughts_are_their_seal() -> None:
    block = started(0, "redacted_thinking", data="ENC") + grown(0, "future_delta", what=1) + stopped(0)
    assert answer(block) == [
        BlockChunk(ThinkingBlock("", "ENC", redacted=True, provider="anthropic")),
    ]


def test_a_call_is_told_piece_by_piece_and_then_whole() -> None:
    assert answer(call(0, "t1", "add", "", '{"a":', "1}"), reason="tool_use") == [
        ToolCallDeltaChunk("t1", "add", '{"a":'),
        ToolCallDeltaChunk("t1", "add", "1}"),
        ToolUseChunk(ToolCall("t1", "add", {"a": 1}, '{"a":1}')),
    ]


def test_a_call_without_arguments_is_one_with_an_empty_object() -> None:
    assert answer(call(0, "t1", "now")) == [ToolUseChunk(ToolCall("t1", "now", {}, "{}"))]


def test_a_call_that_comes_whole_is_told_as_if_it_had_come_in_pieces() -> None:
    block = started(0, "tool_use", id="t1", name="add", input={"a": 1}) + stopped(0)
    assert answer(block) == [
        ToolCallDeltaChunk("t1", "add", '{"a":1}'),
        ToolUseChunk(ToolCall("t1", "add", {"a": 1}, '{"a":1}')),
    ]


def test_calls_side_by_side_keep_their_order_and_their_ids() -> None:
    calls = [
        chunk.tool_call
        for chunk in answer(call(0, "t1", "a", "{}"), call(1, "", "b", "{}"), call(2, "t1", "a", "{}"))
        if isinstance(chunk, ToolUseChunk)
    ]
    assert [(each.id, each.name) for each in calls] == [("t1", "a"), ("", "b"), ("t1", "a")]


def test_broken_and_bottomless_arguments_stay_as_they_were_written() -> None:
    deep = '{"a":' * 100_000
    calls = [
        chunk.tool_call
        for chunk in answer(call(0, "t1", "add", '{"a":'), call(1, "t2", "add", deep))
        if isinstance(chunk, ToolUseChunk)
    ]
    assert calls == [ToolCall("t1", "add", {}, '{"a":'), ToolCall("t2", "add", {}, deep)]


def test_pieces_of_unknown_kinds_are_passed_over() -> None:
    blocks = (
        started(0, "text", text="")
        + grown(0, "future_delta", z=1)
        + stopped(0)
        + started(1, "tool_use", id="t", name="n", input={})
        + grown(1, "future_delta", z=1)
        + stopped(1)
    )
    assert answer(event("future_event", x=1), event("ping"), blocks) == [
        ToolUseChunk(ToolCall("t", "n", {}, "{}"))
    ]


def test_a_block_of_the_services_own_is_kept_as_it_came() -> None:
    use = (
        started(0, "server_tool_use", id="s1", name="web_search", input={})
        + grown(0, "input_json_delta", partial_json="")
        + grown(0, "input_json_delta", partial_json='{"query":')
        + grown(0, "input_json_delta", partial_json='"a"}')
        + stopped(0)
    )
    result = started(1, "web_search_tool_result", tool_use_id="s1", content=[{"url": "u"}]) + stopped(1)
    assert answer(use, result) == [
        BlockChunk(
            ProviderBlock(
                "anthropic",
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "a"}},
            )
        ),
        BlockChunk(
            ProviderBlock(
                "anthropic",
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "u"}]},
            )
        ),
    ]


@pytest.mark.parametrize("arguments", ['{"query":', "[1]"])
def test_a_services_own_call_that_was_cut_has_no_input(arguments: str) -> None:
    block = (
        started(0, "server_tool_use", id="s1", name="web_search", input={})
        + grown(0, "input_json_delta", partial_json=arguments)
        + stopped(0)
    )
    (chunk,) = answer(block, reason="max_tokens")
    assert isinstance(chunk, BlockChunk)
    assert isinstance(chunk.block, ProviderBlock)
    assert chunk.block.data["input"] == {}


def test_a_block_of_an_unknown_kind_grows_by_its_fields() -> None:
    block = (
        started(0, "compaction", content=None)
        + grown(0, "compaction_delta", content="so ")
        + grown(0, "compaction_delta", content="far", size=3)
        + stopped(0)
    )
    assert answer(block) == [
        BlockChunk(ProviderBlock("anthropic", {"type": "compaction", "content": "so far", "size": 3}))
    ]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_use"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "pause"),
        ("a_reason_of_next_year", None),
    ],
)
def test_the_reason_of_the_end_is_told_and_never_invented(told: str, reason: str | None) -> None:
    end = run(begun(), ended(told)).end
    assert end.finish_reason == reason
    assert end.metadata == {"id": "msg_1", "stop_reason": told}


def test_usage_counts_what_is_cached_as_a_part_of_the_input() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 5}
    last = {"output_tokens": 9, "input_tokens": None, "output_tokens_details": {"thinking_tokens": 4}}
    end = run(begun(usage={**first, "output_tokens": 1}), ended(usage=last)).end
    assert end.usage == Usage(15, 9, 7, 5, 4)


def test_usage_that_is_not_told_is_not_invented() -> None:
    message = {"model": "m", "id": "i"}
    no_usage = event("message_start", message=message) + event(
        "message_delta", delta={"stop_reason": "end_turn"}
    )
    assert run(no_usage + event("message_stop")).end.usage is None
    odd = run(begun(usage={"input_tokens": "many", "output_tokens_details": 3}), ended())
    assert odd.end.usage == Usage(0, 5)


def test_the_end_tells_what_the_service_said_besides() -> None:
    end = run(
        begun(container={"id": "c1"}),
        ended(
            "stop_sequence",
            {"output_tokens": 1, "server_tool_use": {"web_search_requests": 1}, "service_tier": "standard"},
            stop_sequence="END",
            stop_details=None,
        ),
    ).end
    assert end.metadata == {
        "id": "msg_1",
        "stop_reason": "stop_sequence",
        "stop_sequence": "END",
        "container": {"id": "c1"},
        "server_tool_use": {"web_search_requests": 1},
        "service_tier": "standard",
    }


@pytest.mark.parametrize(
    ("details", "blocks"),
    [
        ({"type": "refusal", "explanation": "no"}, [BlockChunk(RefusalBlock("no"))]),
        ({"type": "refusal", "explanation": None}, []),
        (None, []),
    ],
)
def test_a_refusal_says_why_if_the_service_does(details: Any, blocks: list[BlockChunk]) -> None:
    out = run(begun(), ended("refusal", stop_details=details))
    assert out.chunks[1:-1] == blocks


def test_blocks_that_a_service_forgot_to_close_are_closed_by_the_end() -> None:
    parts = started(0, "text", text="") + grown(0, "text_delta", text="a") + started(1, "tool_use", id="t")
    assert answer(parts) == [TextDeltaChunk("a"), ToolUseChunk(ToolCall("t", "", {}, "{}"))]


def test_nothing_counts_after_the_end() -> None:
    late = event("error", error={"type": "overloaded_error"}) + text(0, "late")
    out = run(begun(), ended() + late, late)
    assert out.error is None
    assert out.chunks[0] == START
    assert len(out.chunks) == 2


def test_a_stream_whose_last_blank_line_is_missing_is_complete() -> None:
    out = run(begun() + ended().removesuffix(b"\n\n"))
    assert isinstance(out.chunks[-1], MessageEndChunk)


def test_marks_of_other_protocols_and_empty_events_are_passed_over() -> None:
    out = run(b": hi\n\n", b"data:\n\n", begun(), b"data: [DONE]\n\n", ended())
    assert out.error is None
    assert out.end.finish_reason == "stop"


def test_an_answer_in_one_object_gives_the_same_chunks() -> None:
    message = {
        "type": "message",
        "id": "msg_1",
        "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "S"},
            {"type": "text", "text": "a", "citations": None},
            {"type": "text", "text": "b", "citations": [CITATION]},
            {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }
    body = to_json(message)
    streamed = run(
        begun(),
        started(0, "thinking", thinking="", signature="")
        + grown(0, "thinking_delta", thinking="hm")
        + grown(0, "signature_delta", signature="S")
        + stopped(0),
        text(1, "a"),
        text(2, "b", citations=[CITATION]),
        call(3, "t1", "add", '{"a":1}'),
        ended("tool_use"),
    )
    for content_type in ("application/json", "text/event-stream", "text/plain"):
        whole = run(b" \n" + body[:20], body[20:], content_type=content_type)
        assert whole.error is None
        assert whole.chunks == streamed.chunks


def test_the_blocks_of_a_compatible_service_carry_its_own_name() -> None:
    wire = MessagesWire(MessagesOptions(provider="other"))
    decoder = wire.decoder("text/event-stream")
    chunks = decoder.feed(begun() + started(0, "redacted_thinking", data="E") + stopped(0) + ended())
    assert chunks[1] == BlockChunk(ThinkingBlock("", "E", redacted=True, provider="other"))
    assert decoder.end() == []
