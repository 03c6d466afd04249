"""Every recorded answer decodes to what a plain second reading sees in it, wherever its bytes are cut.

Decided here: an answer that ends with UNEXPECTED_TOOL_CALL is an error that another try may mend, because
what it calls was never offered.
"""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.wires.google.folded import Decoded, decoded
from tests.wires.google.recorded import ALL, KEPT, Exchange, exchanges, merged, read, usage
from voxagent.errors import ProviderError, StreamTruncatedError
from voxagent.providers.base import ModelRequest
from voxagent.providers.google import GeminiWire
from voxagent.types.blocks import ProviderBlock, TextBlock, ThinkingBlock
from voxagent.types.message import Message

WIRE = GeminiWire()
REASONS = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}
MEDIA = {"image": "image", "audio": "audio"}
STATUS_KINDS = {
    400: "bad_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    429: "rate_limit",
    500: "server",
    503: "overloaded",
}


def folder_names() -> list[Any]:
    kept = [pytest.param(KEPT, name, id=name) for name in exchanges(KEPT)]
    if not ALL.is_dir():
        reason = "the large collection of recordings is not beside the project"
        return [*kept, pytest.param(ALL, "", id="all", marks=pytest.mark.skip(reason=reason))]
    rest = [name for name in exchanges(ALL) if name not in exchanges(KEPT)]
    return [*kept, *(pytest.param(ALL, name, id=name) for name in rest)]


def pieces_of(exchange: Exchange) -> list[list[bytes]]:
    """The body whole, in two kinds of random pieces, and byte by byte where that is not too long."""
    body, chance = exchange.body, random.Random(exchange.name)
    ways = [[body]]
    for longest in (40, 4_000):
        step = max(longest, len(body) // 400)
        cuts = [0]
        while cuts[-1] < len(body):
            cuts.append(cuts[-1] + chance.randint(1, step))
        ways.append([body[start:end] for start, end in pairwise(cuts)])
    if len(body) < 20_000:
        ways.append([body[place : place + 1] for place in range(len(body))])
    return ways


def in_every_split(exchange: Exchange) -> Decoded:
    """The result, the same for every split of the bytes."""
    results = [decoded(WIRE.decoder(exchange.content_type), pieces) for pieces in pieces_of(exchange)]
    for other in results[1:]:
        assert other.chunks == results[0].chunks
        assert type(other.error) is type(results[0].error)
        assert str(other.error) == str(results[0].error)
    return results[0]


@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_a_recorded_answer_decodes_to_what_it_says(folder: Path, name: str) -> None:
    exchange = exchanges(folder)[name]
    if exchange.status != 200:
        check_error(exchange)
        return
    told, result = read(exchange), in_every_split(exchange)
    if told.error is not None:
        assert result.error is not None
        assert (told.error, result.error.kind) == ("UNAVAILABLE", "overloaded")
        assert result.error.received == told.text
        return
    if told.reason is None:
        assert type(result.error) is StreamTruncatedError
        assert result.error.received == told.text
        return
    if told.reason == "UNEXPECTED_TOOL_CALL":
        assert result.error is not None
        assert (result.error.kind, result.error.retryable) == ("malformed", True)
        return
    assert result.error is None
    assert result.start.model == told.model
    message = result.message
    assert message.text == told.text
    assert "".join(block.text for block in message.of(ThinkingBlock)) == told.thoughts
    check_calls(message, told.calls)
    assert result.end.finish_reason == ("tool_use" if told.calls else REASONS[told.reason])
    assert told.usage is not None
    assert result.end.usage == usage(told.usage)


def check_calls(message: Message, told: list[dict[str, Any]]) -> None:
    calls = message.tool_calls
    assert [(call.name, call.params) for call in calls] == [(call["name"], call["args"]) for call in told]
    ids = [call.id for call in calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for call, each in zip(calls, told, strict=True):
        assert call.id == each.get("id", call.id)


@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_a_recorded_answer_goes_back_as_it_came(folder: Path, name: str) -> None:
    """Seals stand at exactly their part, Google's own tools have theirs, ids are Google's or nobody's."""
    exchange = exchanges(folder)[name]
    told = read(exchange) if exchange.status == 200 else None
    if told is None or told.reason not in REASONS:
        pytest.skip("not a whole answer")
    message = decoded(WIRE.decoder(exchange.content_type), [exchange.body]).message
    sent = sent_back(message)
    assert sent == merged(told.parts)
    again = Message.model_validate_json(message.model_dump_json())
    assert sent_back(again) == sent


def sent_back(message: Message) -> list[dict[str, Any]]:
    body = json.loads(WIRE.body(ModelRequest("gemini-2.5-flash", [message])))
    return [part for turn in body["contents"] if turn["role"] == "model" for part in turn["parts"]]


@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_the_sources_of_a_recorded_answer_are_kept(folder: Path, name: str) -> None:
    exchange = exchanges(folder)[name]
    told = read(exchange) if exchange.status == 200 else None
    if told is None or not told.grounded:
        pytest.skip("an answer without sources")
    message = decoded(WIRE.decoder(exchange.content_type), [exchange.body]).message
    assert any("groundingMetadata" in block.data for block in message.of(ProviderBlock))
    if told.passages:
        citations = [citation for block in message.of(TextBlock) for citation in block.citations]
        assert len(citations) == told.passages
        assert all(citation["sources"] for citation in citations)


def check_error(exchange: Exchange) -> None:
    error = WIRE.error(exchange.status, exchange.headers, exchange.body)
    assert isinstance(error, ProviderError)
    wrong_key = b"API_KEY_INVALID" in exchange.body
    assert error.kind == ("authentication" if wrong_key else STATUS_KINDS[exchange.status])
    assert error.status == exchange.status
    assert json.loads(exchange.body)["error"]["message"][:100] in error.message
