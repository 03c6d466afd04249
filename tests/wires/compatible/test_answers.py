"""What the vendors' answers mean where they are not OpenAI's."""

import json
from typing import Any

import pytest

from tests.wires.compatible.asking import sent
from voxagent.providers import (
    AzureProvider,
    BlockChunk,
    DeepSeekProvider,
    GroqProvider,
    MessageEndChunk,
    MistralProvider,
    OpenRouterProvider,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolUseChunk,
)
from voxagent.providers.http.retries import Retries
from voxagent.types import ToolCall, Usage

QUICK = {"retries": Retries(base=0.001)}
AZURE = {"base_url": "https://me.openai.azure.com", "api_version": "2024-10-21"}


def stream(*values: Any) -> str:
    return "".join(f"data: {json.dumps(value)}\n\n" for value in values) + "data: [DONE]\n\n"


def delta(finish: str | None = None, **said: Any) -> Any:
    return {"model": "m", "choices": [{"index": 0, "delta": said, "finish_reason": finish}]}


async def test_groq_tells_its_usage_beside_the_choices() -> None:
    last = {**delta("stop"), "x_groq": {"usage": {"prompt_tokens": 9, "completion_tokens": 4}}}
    told = await sent(GroqProvider, "m", answer=stream(delta(content="hi"), last))
    assert told.chunks[-1] == MessageEndChunk("stop", Usage(input_tokens=9, output_tokens=4))


FAILED = {
    "error": {
        "message": "Failed to call a function. See 'failed_generation' for more details.",
        "type": "invalid_request_error",
        "code": "tool_use_failed",
        "failed_generation": "<function=add>{</function>",
    }
}


async def test_a_call_that_groq_refuses_is_tried_again_while_nothing_was_shown() -> None:
    told = await sent(GroqProvider, "m", answer=(400, FAILED), options=QUICK)
    assert told.error is not None
    assert (told.error.kind, told.error.retryable, told.times) == ("bad_request", True, 3)
    assert "<function=add>{</function>" in told.error.message


async def test_a_call_that_groq_refuses_amid_an_answer_voids_it() -> None:
    broken = [stream(delta(content="half")).removesuffix("data: [DONE]\n\n"), stream(FAILED)]
    told = await sent(GroqProvider, "m", answer=broken, options=QUICK)
    assert told.error is not None
    assert (told.error.kind, told.error.retryable, told.error.received, told.times) == (
        "bad_request",
        True,
        "half",
        1,
    )
    assert not any(isinstance(chunk, ToolUseChunk) for chunk in told.chunks)


async def test_any_other_bad_request_is_not_tried_again() -> None:
    told = await sent(
        GroqProvider, "m", answer=(400, {"error": {"message": "no", "code": "x"}}), options=QUICK
    )
    assert told.error is not None
    assert (told.error.kind, told.error.retryable, told.times) == ("bad_request", False, 1)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, "bad_request"),
        (402, "quota"),
        (403, "permission"),
        (429, "rate_limit"),
        (502, "server"),
        (503, "overloaded"),
    ],
)
async def test_openrouters_codes_are_statuses_also_inside_an_answer(code: int, kind: str) -> None:
    error = {"error": {"code": code, "message": "Provider returned error", "metadata": {"raw": "why"}}}
    for answer in error, stream(error), (code, error):
        told = await sent(OpenRouterProvider, "m", answer=answer, options={"retries": Retries(attempts=1)})
        assert told.error is not None
        assert (told.error.kind, told.error.status) == (
            kind,
            code if isinstance(answer, tuple) else told.error.status,
        )
        assert "Provider returned error: why" in told.error.message


async def test_what_openrouters_moderation_flags_is_a_content_filters() -> None:
    metadata = {"reasons": ["violence"], "flagged_input": "...", "provider_name": "OpenAI"}
    error = {"code": 403, "message": "Your input was flagged", "metadata": metadata}
    told = await sent(OpenRouterProvider, "m", answer=(403, {"error": error}))
    assert told.error is not None
    assert told.error.kind == "content_filter"


async def test_openrouters_details_of_thoughts_are_kept_for_the_way_back() -> None:
    pieces = [
        delta(reasoning="h", reasoning_details=[{"type": "reasoning.text", "text": "h", "index": 0}]),
        delta(reasoning="m", reasoning_details=[{"type": "reasoning.text", "text": "m", "index": 0}]),
        delta(reasoning_details=[{"type": "reasoning.text", "signature": "seal", "index": 0}]),
        delta(content="4"),
        delta("stop"),
    ]
    told = await sent(OpenRouterProvider, "m", answer=stream(*pieces))
    assert [chunk.delta for chunk in told.chunks if isinstance(chunk, ThinkingDeltaChunk)] == ["h", "m"]
    [kept] = [chunk.block for chunk in told.chunks if isinstance(chunk, BlockChunk)]
    details = [{"type": "reasoning.text", "text": "hm", "index": 0, "signature": "seal"}]
    assert kept.model_dump() == {
        "type": "provider",
        "provider": "openrouter",
        "data": {"type": "reasoning_details", "details": details},
    }


async def test_details_of_an_answer_that_was_not_streamed_are_kept_apart() -> None:
    details = [{"type": "reasoning.summary", "summary": text} for text in ("one", "two")]
    message = {"role": "assistant", "content": "4", "reasoning": "onetwo", "reasoning_details": details}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    told = await sent(OpenRouterProvider, "m", answer={"model": "m", "choices": [choice]})
    [kept] = [chunk.block for chunk in told.chunks if isinstance(chunk, BlockChunk)]
    assert kept.model_dump()["data"]["details"] == details


@pytest.mark.parametrize(
    ("kind", "answer", "told_kind"),
    [
        (GroqProvider, (498, {"error": {"message": "flex tier capacity exceeded"}}), "overloaded"),
        (
            MistralProvider,
            [stream({"object": "error", "message": "no", "code": "3280", "raw_status_code": 400})],
            "bad_request",
        ),
    ],
)
async def test_statuses_of_ones_own_are_known(kind: Any, answer: Any, told_kind: str) -> None:
    told = await sent(kind, "m", answer=answer, options={"retries": Retries(attempts=1)})
    assert told.error is not None
    assert told.error.kind == told_kind


async def test_mistrals_thoughts_are_parts_of_the_content() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}]
    answer = stream(delta(content=parts), delta(content="4"), delta("stop"))
    told = await sent(MistralProvider, "m", answer=answer)
    assert ThinkingDeltaChunk("hm") in told.chunks
    assert TextDeltaChunk("4") in told.chunks


async def test_mistrals_cached_tokens_are_counted() -> None:
    usage = {"prompt_tokens": 64, "completion_tokens": 6, "num_cached_tokens": 32}
    told = await sent(
        MistralProvider, "m", answer=stream(delta(content="x"), {**delta("stop"), "usage": usage})
    )
    end = told.chunks[-1]
    assert isinstance(end, MessageEndChunk)
    assert end.usage == Usage(input_tokens=64, output_tokens=6, cache_read_tokens=32)


async def test_calls_without_index_or_id_and_with_objects_are_told_apart() -> None:
    calls = [{"function": {"name": "f", "arguments": {"n": number}}} for number in (1, 2)]
    told = await sent(MistralProvider, "m", answer=stream(delta(tool_calls=calls), delta("tool_calls")))
    uses = [chunk.tool_call for chunk in told.chunks if isinstance(chunk, ToolUseChunk)]
    assert uses == [
        ToolCall("call_1", "f", {"n": 1}, '{"n":1}'),
        ToolCall("call_2", "f", {"n": 2}, '{"n":2}'),
    ]


async def test_deepseeks_comments_are_no_content() -> None:
    answer = ": keep-alive\n\n" * 5 + stream(delta(reasoning_content="hm"), delta(content="4"), delta("stop"))
    told = await sent(DeepSeekProvider, "m", answer=answer)
    assert [type(chunk) for chunk in told.chunks[-3:]] == [
        ThinkingDeltaChunk,
        TextDeltaChunk,
        MessageEndChunk,
    ]


async def test_a_deepseek_without_resources_is_overloaded() -> None:
    told = await sent(
        DeepSeekProvider,
        "m",
        answer=stream(delta("insufficient_system_resource")),
        options={"retries": Retries(1)},
    )
    assert told.error is not None
    assert told.error.kind == "overloaded"


# --- Azure's filter

RESULTS = {"hate": {"filtered": False, "severity": "safe"}}


async def test_azures_results_of_its_filter_are_no_content() -> None:
    first = {
        "model": "",
        "choices": [],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": RESULTS}],
    }
    offsets = {
        "index": 0,
        "finish_reason": None,
        "content_filter_results": RESULTS,
        "content_filter_offsets": {},
    }
    answer = stream(first, delta(content="hi"), {"model": "", "choices": [offsets]}, delta("stop"))
    told = await sent(AzureProvider, "m", answer=answer, options=AZURE)
    assert told.chunks[-2:] == [TextDeltaChunk("hi"), MessageEndChunk("stop")]


async def test_a_prompt_that_azures_filter_stops_is_a_content_filters() -> None:
    error = {
        "message": "The prompt triggered Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": RESULTS},
    }
    told = await sent(AzureProvider, "m", answer=(400, {"error": error}), options=AZURE)
    assert told.error is not None
    assert (told.error.kind, told.error.retryable, told.times) == ("content_filter", False, 1)


async def test_an_answer_that_azures_filter_stops_says_so() -> None:
    told = await sent(
        AzureProvider, "m", answer=stream(delta(content="ha"), delta("content_filter")), options=AZURE
    )
    assert told.chunks[-1] == MessageEndChunk("content_filter")
