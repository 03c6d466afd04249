"""Chat Completions as OpenAI and as the others speak it."""

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
from voxagent.providers.openai import ChatDialect, ChatWire
from voxagent.types import AudioBlock, ProviderBlock, RefusalBlock, TextBlock, ToolCall, Usage

from .streams import chat, delta, failure_of, read, sse

STOP = MessageEndChunk("stop")


def calls_in(*deltas: Any) -> list[tuple[str, str, str | None]]:
    """The calls that pieces make, checked against the pieces that were shown."""
    chunks = chat(*deltas, delta("tool_calls"))
    shown: dict[str, str] = {}
    for chunk in chunks:
        if isinstance(chunk, ToolCallDeltaChunk):
            shown[chunk.id] = shown.get(chunk.id, "") + chunk.delta
    calls = [chunk.tool_call for chunk in chunks if isinstance(chunk, ToolUseChunk)]
    for call in calls:
        assert shown.get(call.id, "{}") == call.arguments
    return [(call.id, call.name, call.arguments) for call in calls]


def piece(index: int | None = None, id: str | None = None, name: str | None = None, **more: Any) -> Any:
    function = {**({"name": name} if name is not None else {}), **more}
    place = {} if index is None else {"index": index}
    return {**place, **({} if id is None else {"id": id}), "function": function}


def together(*pieces: Any) -> Any:
    return delta(tool_calls=list(pieces))


A, B = ("a", "add", '{"x": 1}'), ("b", "sub", '{"y": 2}')


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        pytest.param(
            [
                together(piece(0, "a", "add", arguments="")),
                together(piece(0, arguments='{"x"')),
                together(piece(0, arguments=": 1}")),
                together(piece(1, "b", "sub", arguments='{"y": 2}')),
            ],
            [A, B],
            id="OpenAI",
        ),
        pytest.param(
            [
                together(piece(0, "a", "add"), piece(1, "b", "sub")),
                together(piece(1, arguments='{"y": 2}')),
                together(piece(0, arguments='{"x": 1}')),
            ],
            [A, B],
            id="interleaved",
        ),
        pytest.param(
            [
                together(piece(3, "b", "sub", arguments='{"y": 2}')),
                together(piece(1, "a", "add", arguments='{"x": 1}')),
            ],
            [B, A],
            id="index out of order: the order of arrival counts",
        ),
        pytest.param(
            [
                together(
                    piece(None, "a", "add", arguments='{"x": 1}'),
                    piece(None, "b", "sub", arguments='{"y": 2}'),
                )
            ],
            [A, B],
            id="no index",
        ),
        pytest.param(
            [
                together(piece(0, "a", "add", arguments='{"x": 1}')),
                together(piece(0, "b", "sub", arguments='{"y": 2}')),
            ],
            [A, B],
            id="one index for all",
        ),
        pytest.param(
            [
                together(piece(0, None, "add", arguments='{"x": 1}')),
                together(piece(0, None, "add", arguments='{"x": 1}')),
            ],
            [("call_1", *A[1:]), ("call_2", *A[1:])],
            id="one index, no ids, the same call twice",
        ),
        pytest.param(
            [
                together(piece(None, None, "add"), piece(None, None, "sub")),
            ],
            [("call_1", "add", "{}"), ("call_2", "sub", "{}")],
            id="nothing but names",
        ),
        pytest.param(
            [
                together(piece(None, "a", "add", arguments='{"x"')),
                together(piece(None, "a", arguments=": 1}")),
                together(piece(None, "b", "sub", arguments='{"y"')),
                together(piece(None, "b", "sub", arguments=": 2}")),
            ],
            [A, B],
            id="ids instead of an index, the name again",
        ),
        pytest.param(
            [
                together(piece(None, "a", "add", arguments='{"x"')),
                together(piece(arguments=": 1}")),
            ],
            [A],
            id="nothing to tell where it belongs",
        ),
        pytest.param(
            [
                together(piece(0, "a", "ad", arguments="")),
                together(piece(0, None, "d")),
                together(piece(0, arguments='{"x": 1}')),
            ],
            [A],
            id="a name in pieces",
        ),
        pytest.param(
            [
                together(piece(0, "a", "add", arguments='{"x"')),
                together(piece(0, "a", "add", arguments=": 1}")),
            ],
            [A],
            id="the name with every piece",
        ),
        pytest.param(
            [
                together(piece(0, "a", "add")),
                together(piece(0, "a", "add")),
                together(piece(0, arguments='{"x": 1}')),
            ],
            [A],
            id="the name again ahead of the arguments",
        ),
        pytest.param(
            [
                together(piece(0, None, "add", arguments='{"x"')),
                together(piece(0, None, "add", arguments=": 1}")),
            ],
            [("call_1", *A[1:])],
            id="the name with every piece, no id",
        ),
        pytest.param(
            [
                together(piece(0, "a", "add", arguments='{"x"')),
                together(piece(0, "random", arguments=": 1}")),
            ],
            [A],
            id="a new id with every piece",
        ),
        pytest.param(
            [
                together(piece(0, None, "add")),
                together(piece(0, "a", arguments='{"x": 1}')),
            ],
            [A],
            id="the id comes late",
        ),
        pytest.param(
            [together(piece(0, "a", "add", arguments={"x": 1}))], [("a", "add", '{"x":1}')], id="an object"
        ),
        pytest.param(
            [together(piece(0, "a", "add", arguments={}))], [("a", "add", "{}")], id="an empty object"
        ),
        pytest.param([together(piece(0, "a", "add"))], [("a", "add", "{}")], id="no arguments"),
        pytest.param(
            [together(piece(0, "a", "add", arguments="{}"), piece(1, "a", "sub", arguments="{}"))],
            [("a", "add", "{}"), ("a_2", "sub", "{}")],
            id="the same id twice",
        ),
        pytest.param([together(piece(0, "", "add"))], [("call_1", "add", "{}")], id="an empty id"),
        pytest.param([together({"index": 0, "function": None})], [("call_1", "", "{}")], id="no function"),
        pytest.param(
            [
                delta(function_call={"name": "add", "arguments": ""}),
                delta(function_call={"arguments": '{"x": 1}'}),
            ],
            [("call_1", *A[1:])],
            id="legacy",
        ),
        pytest.param(
            [delta(function_call={"name": "", "arguments": ""})], [], id="legacy with nothing in it"
        ),
        pytest.param([together(piece(0, "a", "add", arguments='{"x"'))], [("a", "add", '{"x"')], id="broken"),
        pytest.param(
            [together(piece(0, "a", "wetter_für", arguments="{}"))], [("a", "wetter_für", "{}")], id="ü"
        ),
    ],
)
def test_pieces_of_calls_become_the_calls_that_were_meant(deltas: list[Any], calls: list[Any]) -> None:
    assert calls_in(*deltas) == calls


def test_a_call_keeps_the_seal_of_gemini() -> None:
    sealed = piece(0, "a", "add", arguments="{}") | {"extra_content": {"google": {"thought_signature": "s"}}}
    (call,) = [chunk for chunk in chat(together(sealed), delta("stop")) if isinstance(chunk, ToolUseChunk)]
    assert call.tool_call == ToolCall("a", "add", {}, "{}", "s")


def test_a_stream_is_begun_with_the_model_and_the_id_of_the_request() -> None:
    first = {**delta(content="Hi"), "x_groq": {"id": "req_1"}}
    assert read(ChatWire(), sse(first, delta("stop")))[0] == MessageStartChunk("", "m", "req_1")
    first = {**delta(content="Hi"), "request_id": "req_2"}
    assert read(ChatWire(), sse(first, delta("stop")))[0] == MessageStartChunk("", "m", "req_2")
    nameless = {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert read(ChatWire(), sse(nameless)) == [TextDeltaChunk("Hi"), STOP]


@pytest.mark.parametrize(
    ("said", "chunks"),
    [
        ({"reasoning_content": "hm"}, [ThinkingDeltaChunk("hm")]),
        ({"reasoning": "hm", "content": "Hi"}, [ThinkingDeltaChunk("hm"), TextDeltaChunk("Hi")]),
        ({"reasoning": "hm", "reasoning_content": "hm"}, [ThinkingDeltaChunk("hm")]),
        ({"reasoning_details": [{"text": "h"}, {"summary": "m"}, {"data": "?"}]}, [ThinkingDeltaChunk("hm")]),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"text": "hm"}]},
                    {"type": "reference"},
                    {"type": "text", "text": "Hi"},
                ]
            },
            [ThinkingDeltaChunk("hm"), TextDeltaChunk("Hi")],
        ),
        ({"content": None, "refusal": None, "role": "assistant", "tool_calls": []}, []),
        ({"audio": {"id": "1", "transcript": "Hi"}}, [TextDeltaChunk("Hi")]),
    ],
)
def test_a_delta_says(said: Any, chunks: list[StreamChunk]) -> None:
    assert chat(delta(**said), delta("stop")) == [*chunks, STOP]


def test_sound_comes_as_one_block() -> None:
    chunks = chat(delta(audio={"data": "AAA="}), delta(audio={"data": "AQ=="}), delta("stop"))
    assert chunks == [BlockChunk(AudioBlock("", b"\0\0\1")), STOP]


def test_citations_complete_the_text_that_they_belong_to() -> None:
    cited: Any = {"type": "url_citation", "url_citation": {"url": "https://a"}}
    chunks = chat(
        delta(content="First. "),
        delta(reasoning="hm"),
        delta(content="Then.", annotations=[cited]),
        delta("stop"),
    )
    assert chunks[-2:] == [BlockChunk(TextBlock("Then.", (cited,))), STOP]


@pytest.mark.parametrize(
    ("beside", "cited"),
    [
        ({"citations": ["https://a"]}, {"url": "https://a"}),
        (
            {"citations": ["https://a"], "search_results": [{"url": "https://b", "title": "B"}]},
            {"url": "https://b", "title": "B"},
        ),
    ],
)
def test_sources_beside_the_choices_are_citations(beside: Any, cited: Any) -> None:
    chunks = chat({**delta("stop", content="Hi"), **beside})
    assert chunks == [TextDeltaChunk("Hi"), BlockChunk(TextBlock("Hi", (cited,))), STOP]


def test_a_refusal_is_a_block_and_a_reason() -> None:
    chunks = chat(delta(refusal="I will "), delta(refusal="not."), delta("stop"))
    assert chunks == [BlockChunk(RefusalBlock("I will not.")), MessageEndChunk("refusal")]


def test_reasoning_details_are_kept_whole_for_a_server_that_wants_them_back() -> None:
    dialect = ChatDialect("openrouter", thinking_back="reasoning_details")
    pieces = [
        [{"type": "reasoning.text", "text": "h", "index": 0, "format": "f"}],
        [{"type": "reasoning.text", "text": "m", "index": 0, "format": None}],
        [{"type": "reasoning.text", "signature": "s", "index": 0}],
        [{"type": "reasoning.encrypted", "data": "x", "index": 1}],
    ]
    said = [delta(reasoning_details=piece) for piece in pieces]
    kept = [
        {"type": "reasoning.text", "text": "hm", "index": 0, "format": "f", "signature": "s"},
        {"type": "reasoning.encrypted", "data": "x", "index": 1},
    ]
    block = ProviderBlock("openrouter", {"type": "reasoning_details", "details": kept})
    assert chat(*said, delta("stop", content="Hi"), dialect=dialect)[-2:] == [BlockChunk(block), STOP]
    assert chat(*said, delta("stop"), dialect=dialect)[-1] == STOP  # an empty answer stays empty
    assert BlockChunk(block) not in chat(*said, delta("stop"), dialect=dialect)


@pytest.mark.parametrize(
    ("reason", "mapped"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("eos", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("tool_calls", "tool_use"),
        ("tool_use", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "content_filter"),
        ("safety", "content_filter"),
        ("refusal", "refusal"),
    ],
)
def test_a_finish_reason_is_put_into_our_words(reason: str, mapped: Any) -> None:
    assert chat(delta(reason)) == [MessageEndChunk(mapped)]


def test_an_unknown_finish_reason_is_told_as_it_is() -> None:
    assert chat(delta("moon")) == [MessageEndChunk(None, None, {"finish_reason": "moon"})]


def test_a_forced_call_ends_with_stop_and_is_a_call_all_the_same() -> None:
    assert chat(together(piece(0, "a", "add")), delta("stop"))[-1] == MessageEndChunk("tool_use")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("error", "server"), ("abort", "server"), ("insufficient_system_resource", "overloaded")],
)
def test_some_finish_reasons_are_errors(reason: str, kind: str) -> None:
    error = failure_of(ChatWire(), sse(delta(content="Hi"), delta(reason)))
    assert (error.kind, error.received) == (kind, "Hi")


def test_an_error_in_the_choice_is_an_error() -> None:
    choice = {"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "upstream"}}
    assert failure_of(ChatWire(), sse({"choices": [choice]})).kind == "server"


@pytest.mark.parametrize("place", ["usage", "x_groq", "every", "last"])
def test_usage_is_found_where_it_is_and_not_added_up(place: str) -> None:
    small, usage = {"prompt_tokens": 3, "completion_tokens": 1}, {"prompt_tokens": 3, "completion_tokens": 2}
    deltas: dict[str, list[Any]] = {
        "usage": [delta("stop"), {"choices": [], "usage": usage}],
        "last": [{**delta("stop"), "usage": usage}],
        "x_groq": [{**delta("stop"), "x_groq": {"usage": usage}}],
        "every": [{**delta(content="Hi"), "usage": small}, {**delta("stop"), "usage": usage}],
    }
    assert chat(*deltas[place])[-1] == MessageEndChunk("stop", Usage(3, 2))


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (None, None),
        ({}, None),
        ("many", None),
        ({"prompt_tokens": -3, "completion_tokens": "2"}, Usage()),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}},
            Usage(9, 0, 4, 2),
        ),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, Usage(9, 0, 4)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 3},
                "total_tokens": 14,
            },
            Usage(9, 5, 0, 0, 3),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 3},
                "total_tokens": 17,
            },
            Usage(9, 8, 0, 0, 3),
        ),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, Usage(9)),
    ],
)
def test_usage_is_put_into_our_words(told: Any, usage: Usage | None) -> None:
    assert chat({**delta("stop"), "usage": told})[-1] == MessageEndChunk("stop", usage)


def test_of_several_choices_the_first_is_read() -> None:
    second = {"index": 1, "delta": {"content": "No"}, "finish_reason": "length"}
    both = {"choices": [second, {"index": 0, "delta": {"content": "Yes"}, "finish_reason": None}]}
    assert chat({"model": "m", "choices": [second]}, both, delta("stop")) == [TextDeltaChunk("Yes"), STOP]


def test_a_whole_answer_is_read_like_a_stream_of_one_chunk() -> None:
    message = {
        "role": "assistant",
        "content": "Hi",
        "reasoning": "hm",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"x": 1}'}}],
    }
    body = {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    for data in (json.dumps(body), "\n\ufeff " + json.dumps(body, indent=1)):
        assert read(ChatWire(), data.encode()) == [
            MessageStartChunk("", "m"),
            ThinkingDeltaChunk("hm"),
            TextDeltaChunk("Hi"),
            ToolCallDeltaChunk("a", "add", '{"x": 1}'),
            ToolUseChunk(ToolCall("a", "add", {"x": 1}, '{"x": 1}')),
            MessageEndChunk("tool_use"),
        ]


def test_a_whole_answer_without_a_finish_reason_is_complete_and_has_none() -> None:
    body = {"choices": [{"message": {"content": "Hi"}}], "citations": ["https://a"]}
    block = TextBlock("Hi", ({"url": "https://a"},))
    assert read(ChatWire(), json.dumps(body).encode()) == [
        TextDeltaChunk("Hi"),
        BlockChunk(block),
        MessageEndChunk(),
    ]
