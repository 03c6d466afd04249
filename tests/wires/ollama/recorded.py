"""Recorded traffic of Ollama's own protocol, and a second reading of it with nothing of the decoder in it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.wires.openai.answers import Answer
from tests.wires.openai.recordings import FULL, PART, Exchange

STATUS_KINDS = {400: "bad_request", 404: "not_found", 429: "rate_limit", 500: "server", 503: "overloaded"}


def _read(path: Path, root: Path) -> Iterator[Exchange]:
    recording = json.loads(path.read_text("utf-8"))
    if recording["wire"] != "ollama":
        return
    for number, each in enumerate(recording["exchanges"]):
        answer = each["response"]
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        yield Exchange(
            str(path.relative_to(root)),
            number,
            "ollama",
            recording["vendor"],
            each["request"].get("body"),
            answer["status"],
            headers,
            answer["kind"],
            answer["body"],
            answer.get("end") == "abort",
        )


@cache
def part() -> list[Exchange]:
    """The recordings that are kept with the tests."""
    paths = sorted((PART / "ollama").glob("*.json"))
    return [exchange for path in paths for exchange in _read(path, PART)]


@cache
def full() -> list[Exchange]:
    """All recordings of the protocol; none where they are not at hand."""
    return [exchange for path in sorted(FULL.glob("*/*.json")) for exchange in _read(path, FULL)]


def lines(answer: Any) -> Iterator[Any]:
    """The values of a stream as far as they are whole, or the one value of an answer."""
    if not isinstance(answer, str):
        yield answer
        return
    for line in answer.splitlines():
        try:
            yield json.loads(line or "null")
        except ValueError:
            return


def expected(exchange: Exchange) -> Answer:
    """What the answer says; the ids of calls are left empty where none are told."""
    answer = Answer()
    done = None
    for value in lines(exchange.answer):
        if value is None:
            continue
        if value.get("error"):
            return Answer(text=answer.text, error="server")
        answer.model = value["model"]
        message = value.get("message") or {}
        answer.text += message.get("content") or ""
        answer.thinking += message.get("thinking") or ""
        for call in message.get("tool_calls") or []:
            function = call["function"]
            arguments = json.dumps(function["arguments"], separators=(",", ":"), ensure_ascii=False)
            answer.calls.append((call.get("id", ""), function["name"], arguments))
        done = value if value["done"] else done
    if done is None:
        return Answer(text=answer.text, error="broken off" if exchange.broken_off else "truncated")
    answer.usage = (done.get("prompt_eval_count", 0), done["eval_count"], 0, 0, 0)
    answer.reason = {"stop": "stop", "length": "length"}.get(done.get("done_reason"))
    if answer.calls and answer.reason != "length":
        answer.reason = "tool_use"
    return answer
