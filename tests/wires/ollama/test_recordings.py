"""Recorded answers are read as a second, independent reading reads them, wherever their bytes are cut."""

import json

import pytest

from tests.wires.ollama.recorded import STATUS_KINDS, expected, full, part
from tests.wires.openai.answers import decoded
from tests.wires.openai.conversations import request_of
from tests.wires.openai.recordings import FULL, Exchange, splits
from voxagent.providers.ollama import OllamaWire

WIRE = OllamaWire()


def check(exchange: Exchange, seed: int) -> None:
    if exchange.status != 200:
        error = WIRE.error(exchange.status, exchange.headers, exchange.data)
        assert (error.kind, error.status) == (STATUS_KINDS[exchange.status], exchange.status)
        assert exchange.answer["error"] in error.message
        return
    wanted = expected(exchange)
    for pieces in splits(exchange.data, seed):
        answer = decoded(WIRE.decoder(""), pieces, broken_off=exchange.broken_off)
        answer.calls = [
            (given[0] and id, *rest) for given, (id, *rest) in zip(wanted.calls, answer.calls, strict=True)
        ]
        assert answer == wanted, exchange.name


@pytest.mark.parametrize("exchange", part(), ids=lambda exchange: exchange.name)
def test_a_recorded_answer_is_read_right_wherever_it_is_cut(exchange: Exchange) -> None:
    check(exchange, 1)


@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_recorded_answer_is_read_right_wherever_it_is_cut() -> None:
    for seed, exchange in enumerate(full()):
        check(exchange, seed)
    assert len(full()) >= 6


@pytest.mark.parametrize("exchange", part(), ids=lambda exchange: exchange.name)
def test_a_recorded_conversation_is_asked_again_in_the_same_words(exchange: Exchange) -> None:
    check_request(exchange)


@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_recorded_conversation_is_asked_again_in_the_same_words() -> None:
    for exchange in full():
        check_request(exchange)


def check_request(exchange: Exchange) -> None:
    body = json.loads(WIRE.body(request_of(exchange.request)))
    assert body["stream"] is True
    assert without_stream(body) == without_stream(exchange.request)


def without_stream(body: dict[str, object]) -> dict[str, object]:
    """A body without how its answer comes, and without options that are none."""
    return {name: value for name, value in body.items() if name != "stream" and value != {}}
