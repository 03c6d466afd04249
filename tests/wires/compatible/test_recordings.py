"""Every vendor's recorded traffic, by the vendor's own provider: what is asked, where, and what is read.

The exceptions, one by one:

* The recorded clients of Azure asked "/chat/completions" of an address without a deployment (the recorded
  answer is the 404 that says so); ours ask a deployment.
* Documents and system messages that voxagent has no words for are `Foreign`, as in `tests/wires/openai`.
* Mistral's thinking in two pieces (`pai-test-mistral-model-thinking-part`) is sent back in one.
* Seals and documents by Azure's Responses are checked with all of that protocol, in `tests/wires/openai`.
"""

import json
from typing import Any

import pytest

from tests.wires.compatible.vendors import KEY, Recorded, Told, ask_again, asked_of, full, part
from tests.wires.openai import judge
from tests.wires.openai.answers import Answer, gathered
from tests.wires.openai.conversations import Foreign, substance
from tests.wires.openai.recordings import FULL, splits
from voxagent.errors import ProviderError
from voxagent.providers import BlockChunk, MessageStartChunk, ModelRequest, StreamChunk
from voxagent.providers.compatible.openrouter import OPENROUTER_DIALECT
from voxagent.providers.openai import ChatDialect, ChatWire
from voxagent.types import Message, ProviderBlock

STATUS_KINDS = {
    400: "bad_request",
    401: "authentication",
    404: "not_found",
    429: "rate_limit",
    500: "server",
    502: "server",
    503: "overloaded",
}
OTHERWISE = ("pai-test-mistral-model-thinking-part",)


def request_for(recorded: Recorded) -> ModelRequest | None:
    """The request; None if it cannot be told in our words."""
    body = recorded.exchange.request
    if not isinstance(body, dict) or not body.get("messages", body.get("input")):
        return None
    try:
        return asked_of(recorded)
    except Foreign:
        return None


async def check(recorded: Recorded) -> bool:
    """Whether the request could be compared; the answer always is."""
    request = request_for(recorded)
    told = await ask_again(recorded, request or ModelRequest("m", [Message("user", "go")]))
    check_answer(recorded, told)
    if request is None:
        return False
    check_request(recorded, told)
    return True


def check_request(recorded: Recorded, told: Told) -> None:
    exchange = recorded.exchange
    if not any(name in recorded.name for name in OTHERWISE):
        assert substance(told.body) == substance(model_in(exchange.request, told.body)), recorded.name
    assert told.body["stream"] is True
    if recorded.path != "/chat/completions" or recorded.vendor != "azure":
        assert told.path == recorded.path
    name, value = ("api-key", KEY) if recorded.vendor == "azure" else ("authorization", f"Bearer {KEY}")
    assert told.headers[name] == value


def model_in(body: Any, ours: Any) -> Any:
    """The recorded body; a client of Azure leaves out the model, whose name is in the address."""
    return body if "model" in body else {**body, "model": ours["model"]}


def check_answer(recorded: Recorded, told: Told) -> None:
    exchange = recorded.exchange
    if exchange.status != 200:
        check_error(recorded, told)
        return
    expected = judge.expected(exchange)
    if expected.error:
        assert told.error is not None
        kinds = {"broken off": "connection"}
        assert told.error.kind == kinds.get(expected.error, expected.error), recorded.name
        shown = gathered([chunk for chunk in told.chunks if chunk != MessageStartChunk()]).text
        assert expected.text == (shown if expected.error == "broken off" else told.error.received)
        return
    assert told.error is None, recorded.name
    answer = with_details(gathered([chunk for chunk in told.chunks if chunk != MessageStartChunk()]), told)
    answer.model = answer.model or expected.model
    given = [call[0] for call in expected.calls]
    assert [id or given[number] for number, (id, *_) in enumerate(answer.calls)] == [
        id or answer.calls[number][0] for number, id in enumerate(given)
    ]
    expected.calls = [(mine[0], *call[1:]) for mine, call in zip(answer.calls, expected.calls, strict=True)]
    assert answer == expected, recorded.name


def with_details(answer: Answer, told: Told) -> Answer:
    """The answer without the details of its thoughts, which say the same as the thoughts."""
    kept = [chunk.block for chunk in told.chunks if isinstance(chunk, BlockChunk)]
    for block in kept:
        if isinstance(block, ProviderBlock) and block.data["type"] == "reasoning_details":
            answer.items.remove("reasoning_details")
            details = block.data["details"]
            said = "".join(detail.get("text") or detail.get("summary") or "" for detail in details)
            assert said == answer.thinking
    return answer


def check_error(recorded: Recorded, told: Told) -> None:
    exchange = recorded.exchange
    assert told.error is not None
    said = exchange.answer["error"] if exchange.kind == "json" else {}
    kind = STATUS_KINDS[exchange.status]
    if any(words in str(said.get("message")) for words in ("context length", "too long")):
        kind = "context_length"
    assert (told.error.kind, told.error.status) == (kind, exchange.status), recorded.name
    wait = exchange.headers.get("retry-after")
    assert told.error.retry_after == (float(wait) if wait else None)


@pytest.mark.parametrize("recorded", part(), ids=lambda recorded: recorded.name)
async def test_a_recorded_exchange_is_asked_and_read_right_by_the_vendors_own_provider(
    recorded: Recorded,
) -> None:
    await check(recorded)


@pytest.mark.slow
@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
async def test_every_recorded_exchange_is_asked_and_read_right_by_the_vendors_own_provider() -> None:
    compared = [await check(recorded) for recorded in full()]
    assert len(compared) > 130
    assert sum(compared) > 125


def test_every_vendor_is_among_the_recordings_that_are_kept() -> None:
    assert {recorded.vendor for recorded in part()} == {"groq", "openrouter", "deepseek", "mistral", "azure"}
    assert json.dumps([recorded.path for recorded in part()]).count("api-version") > 1


def check_cuts(recorded: Recorded, seed: int) -> None:
    """What is read does not depend on where the bytes were cut, details of thoughts included."""
    exchange = recorded.exchange
    if recorded.vendor != "openrouter" or exchange.status != 200:
        return
    read = [decoded_by(OPENROUTER_DIALECT, pieces) for pieces in splits(exchange.data, seed)]
    assert all(other == read[0] for other in read), recorded.name


def decoded_by(dialect: ChatDialect, pieces: list[bytes]) -> list[StreamChunk] | str:
    decoder = ChatWire(dialect).decoder("")
    try:
        return [*(chunk for piece in pieces for chunk in decoder.feed(piece)), *decoder.end()]
    except ProviderError as error:
        return f"{error.kind}: {error.received}"


@pytest.mark.parametrize("recorded", part(), ids=lambda recorded: recorded.name)
def test_a_recorded_answer_is_read_the_same_wherever_it_is_cut(recorded: Recorded) -> None:
    check_cuts(recorded, 1)


@pytest.mark.slow
@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_recorded_answer_is_read_the_same_wherever_it_is_cut() -> None:
    for seed, recorded in enumerate(full()):
        check_cuts(recorded, seed)
