"""Every recorded answer decodes to what a plain second reading, and the service's own SDK, see in it."""

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.wires.anthropic.folded import Decoded, content, decoded, expected
from tests.wires.anthropic.recorded import ALL, KEPT, Exchange, exchanges, read
from voxagent.errors import ProviderError, StreamTruncatedError
from voxagent.providers.anthropic import MessagesWire
from voxagent.types.usage import Usage

WIRE = MessagesWire()
REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_use",
    "max_tokens": "length",
    "refusal": "refusal",
    "pause_turn": "pause",
}
STATUS_KINDS = {
    401: "authentication",
    403: "permission",
    404: "not_found",
    413: "bad_request",
    429: "rate_limit",
    500: "server",
    502: "server",
    529: "overloaded",
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
        assert told.error == "overloaded_error"
        assert result.error.kind == "overloaded"
        assert result.error.received == "".join(block.get("text", "") for block in told.content)
        return
    if not told.complete:
        assert type(result.error) is StreamTruncatedError
        assert result.error.received == "".join(block.get("text", "") for block in told.content)
        return
    assert result.error is None
    assert result.start.model == told.model
    wanted = expected(told.content)
    assert wanted == [block for block in content(result.chunks) if block.type != "refusal"]
    assert result.end.finish_reason == REASONS[told.stop_reason or ""]
    assert result.end.usage == usage(told.usage)


def check_error(exchange: Exchange) -> None:
    error = WIRE.error(exchange.status, exchange.headers, exchange.body)
    assert isinstance(error, ProviderError)
    assert error.kind == STATUS_KINDS[exchange.status]
    assert error.status == exchange.status
    assert (error.retry_after is None) == ("retry-after" not in exchange.headers)
    if exchange.kind == "json":
        assert error.request_id is not None


def usage(told: dict[str, Any]) -> Usage:
    read, written = told.get("cache_read_input_tokens", 0), told.get("cache_creation_input_tokens", 0)
    thought = told.get("output_tokens_details", {}).get("thinking_tokens", 0)
    total = told["input_tokens"] + read + written
    return Usage(total, told["output_tokens"], read, written, thought)


@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_the_services_own_sdk_sees_the_same_in_a_recorded_answer(folder: Path, name: str) -> None:
    anthropic = pytest.importorskip("anthropic", reason="the service's SDK is not installed")
    exchange = exchanges(folder)[name]
    if exchange.status != 200 or not read(exchange).complete:
        pytest.skip("not a complete answer")
    theirs = seen_by_sdk(anthropic, exchange)
    result = decoded(WIRE.decoder(exchange.content_type), [exchange.body])
    ours = [without_nulls(block.model_dump()) for block in content(result.chunks) if block.type != "refusal"]
    wanted = [without_nulls(block.model_dump()) for block in expected(theirs["content"])]
    assert ours == wanted
    assert result.end.finish_reason == REASONS[theirs["stop_reason"]]
    assert result.end.usage == usage({k: v for k, v in theirs["usage"].items() if v is not None})


def seen_by_sdk(anthropic: Any, exchange: Exchange) -> dict[str, Any]:
    import httpx2

    headers = {"content-type": exchange.content_type}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=exchange.body))
    asked: dict[str, Any] = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "?"}]}
    with httpx2.Client(transport=transport) as http:
        client = anthropic.Anthropic(api_key="k", base_url="https://service.test", http_client=http)
        if exchange.kind == "json":
            return client.beta.messages.create(**asked).to_dict(mode="json")
        with client.beta.messages.stream(**asked) as stream:
            return stream.get_final_message().to_dict(mode="json")


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [without_nulls(each) for each in value]
    return value
