"""Laws: whatever is said comes back, however it is cut; whatever is in a history can be sent."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.types.values import blocks, objects
from voxagent.errors import ConfigError
from voxagent.providers.base import ModelRequest
from voxagent.providers.openai import ChatWire, ResponsesWire
from voxagent.types import Message

from .answers import Answer, decoded, message_of
from .streams import delta, read, sse

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
names = st.text("abc_", min_size=1, max_size=8)
calls = st.lists(st.tuples(names, objects), max_size=3)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(cuts)]


def pieces_of(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def chat_stream(thinking: str, text: str, used: Any, size: int) -> bytes:
    """An answer as OpenAI would stream it."""
    events = [delta(reasoning=piece) for piece in pieces_of(thinking, size)]
    events += [delta(content=piece) for piece in pieces_of(text, size)]
    for index, (name, arguments) in enumerate(used):
        head = {"index": index, "id": f"id{index}", "function": {"name": name, "arguments": ""}}
        events.append(delta(tool_calls=[head]))
        for piece in pieces_of(json.dumps(arguments), size):
            events.append(delta(tool_calls=[{"index": index, "function": {"arguments": piece}}]))
    return sse(*events, delta("tool_calls" if used else "stop"))


def responses_stream(thinking: str, text: str, used: Any, size: int) -> bytes:
    """The same answer as Responses would stream it."""
    output: list[Any] = [
        {"type": "reasoning", "id": "rs", "summary": [{"text": thinking}], "encrypted_content": "seal"},
        {"type": "message", "id": "msg", "content": [{"type": "output_text", "text": text}]},
    ]
    events: list[Any] = [{"type": "response.created", "response": {"model": "m"}}]
    kind = "response.reasoning_summary_text.delta"
    events += [
        {"type": kind, "output_index": 0, "summary_index": 0, "item_id": "rs", "delta": piece}
        for piece in pieces_of(thinking, size)
    ]
    events.append({"type": "response.output_item.done", "output_index": 0, "item": output[0]})
    events += [
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": piece}
        for piece in pieces_of(text, size)
    ]
    events.append({"type": "response.output_item.done", "output_index": 1, "item": output[1]})
    for place, (name, arguments) in enumerate(used, 2):
        item = {"type": "function_call", "call_id": f"id{place - 2}", "name": name, "arguments": ""}
        events.append({"type": "response.output_item.added", "output_index": place, "item": item})
        events += [
            {"type": "response.function_call_arguments.delta", "output_index": place, "delta": piece}
            for piece in pieces_of(json.dumps(arguments), size)
        ]
        output.append({**item, "arguments": json.dumps(arguments)})
        events.append({"type": "response.output_item.done", "output_index": place, "item": output[-1]})
    response = {"model": "m", "status": "completed", "output": output}
    return sse(*events, {"type": "response.completed", "response": response}, done=False)


@given(words, words, calls, st.integers(1, 7), st.lists(st.integers(0), max_size=8))
def test_an_answer_is_read_as_it_was_said_however_it_is_cut(
    thinking: str, text: str, used: Any, size: int, places: list[int]
) -> None:
    written = [(f"id{index}", name, json.dumps(arguments)) for index, (name, arguments) in enumerate(used)]
    said = Answer(text, thinking, calls=written, reason="tool_use" if used else "stop", model="m")
    stream = chat_stream(thinking, text, used, size)
    assert decoded(ChatWire().decoder(""), cut(stream, places)) == said
    said.seals = [("rs", "seal", (thinking,))]
    stream = responses_stream(thinking, text, used, size)
    assert decoded(ResponsesWire().decoder(""), cut(stream, places)) == said


@given(words, words, calls)
def test_an_answer_is_sent_back_as_it_was_said(thinking: str, text: str, used: Any) -> None:
    stream = responses_stream(thinking, text, used, 5)
    message = message_of(read(ResponsesWire(), stream))
    sent = json.loads(ResponsesWire().body(ModelRequest("gpt-5", [message])))["input"]
    summary = [{"type": "summary_text", "text": thinking}]
    assert sent[:2] == [
        {"type": "reasoning", "id": "rs", "summary": summary, "encrypted_content": "seal"},
        {"role": "assistant", "content": text},
    ]
    assert [(item["call_id"], item["name"], json.loads(item["arguments"])) for item in sent[2:]] == [
        (f"id{index}", name, arguments) for index, (name, arguments) in enumerate(used)
    ]


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.lists(blocks, max_size=4)), max_size=4))
def test_any_history_becomes_a_body(history: Any) -> None:
    for wire, name in ((ChatWire(), "messages"), (ResponsesWire(), "input")):
        messages = [Message(role, content) for role, content in history]
        try:
            body = wire.body(ModelRequest("gpt-4o", messages))
        except ConfigError:  # a text document whose data is no base64
            continue
        assert isinstance(json.loads(body)[name], list)
        assert wire.body(ModelRequest("gpt-4o", messages)) == body
