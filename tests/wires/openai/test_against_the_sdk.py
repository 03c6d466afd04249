"""The openai SDK reads OpenAI's recorded answers as we do: text, refusals, calls and their arguments."""

from collections.abc import Iterator
from typing import Any

import pytest

from . import judge
from .answers import Answer, decoded
from .recordings import FULL, Exchange, answering, full, part

pytest.importorskip("openai", reason="the openai SDK judges, and is not installed")


def by_the_sdk(exchange: Exchange) -> Answer:
    read = chat if exchange.wire == "openai-chat" else responses
    return read(exchange)


def chat(exchange: Exchange) -> Answer:
    from openai.lib.streaming.chat import ChatCompletionStreamState
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    if exchange.kind == "json":
        completion: Any = ChatCompletion.model_validate(exchange.answer)
    else:
        state: Any = ChatCompletionStreamState()
        for event in judge.events(exchange.answer):
            state.handle_chunk(ChatCompletionChunk.model_validate(event))
        completion = state.current_completion_snapshot
    message = completion.choices[0].message
    calls = [
        (call.id, call.function.name, call.function.arguments or "{}") for call in message.tool_calls or []
    ]
    return Answer(message.content or "", refusal=message.refusal or "", calls=calls, model=completion.model)


def responses(exchange: Exchange) -> Answer:
    from openai.types.responses import Response

    final = exchange.answer
    if exchange.kind == "sse":
        (final,) = [
            event["response"]
            for event in judge.events(exchange.answer)
            if event["type"] in ("response.completed", "response.incomplete")
        ]
    response: Any = Response.construct(**final)
    answer = Answer(response.output_text, model=response.model)
    for item in response.output:
        if item.type == "function_call":
            answer.calls.append((item.call_id, item.name, item.arguments))
        elif item.type == "message":
            answer.refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
    return answer


def complete(exchanges: list[Exchange]) -> Iterator[Exchange]:
    for exchange in exchanges:
        is_answer = exchange.status == 200 and exchange.vendor == "api.openai.com"
        if is_answer and not judge.expected(exchange).error:
            yield exchange


def check(exchanges: list[Exchange]) -> int:
    found = list(complete(exchanges))
    for exchange in found:
        ours = decoded(answering(exchange).decoder(""), [exchange.data])
        told = Answer(ours.text, refusal=ours.refusal, calls=ours.calls, model=ours.model)
        assert told == by_the_sdk(exchange), exchange.name
    return len(found)


def test_the_sdk_reads_the_same() -> None:
    assert check(part()) > 15


@pytest.mark.slow
@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_the_sdk_reads_the_same_in_every_recording() -> None:
    assert check(full()) > 400
