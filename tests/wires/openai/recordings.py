"""The recorded traffic: a part lies in `tests/data`, the rest beside the project where it is at hand."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from voxagent.providers.openai import ChatDialect, ChatWire, ResponsesWire

ROOT = Path(__file__).parents[3]
FULL = ROOT.parent / "shared" / "recordings"
PART = ROOT / "tests" / "data"
FOLDERS = ("openai-chat", "openai-responses")
WIRES = ("openai-chat", "openai-responses")


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    file: str
    number: int
    wire: str
    vendor: str
    request: Any
    status: int
    headers: dict[str, str]
    kind: str
    answer: Any
    broken_off: bool

    @property
    def name(self) -> str:
        return f"{self.file}#{self.number}"

    @property
    def data(self) -> bytes:
        return self.answer.encode() if isinstance(self.answer, str) else json.dumps(self.answer).encode()


def _read(path: Path, root: Path) -> Iterator[Exchange]:
    recording = json.loads(path.read_text("utf-8"))
    if recording["wire"] not in WIRES:
        return
    for number, each in enumerate(recording["exchanges"]):
        answer = each["response"]
        yield Exchange(
            str(path.relative_to(root)),
            number,
            recording["wire"],
            recording["vendor"],
            each["request"].get("body"),
            answer["status"],
            {name.lower(): value for name, value in answer["headers"].items()},
            answer["kind"],
            answer["body"],
            answer.get("end") == "abort",
        )


@cache
def part() -> list[Exchange]:
    """The recordings that are kept with the tests."""
    paths = [path for folder in FOLDERS for path in sorted((PART / folder).glob("*.json"))]
    return [exchange for path in paths for exchange in _read(path, PART)]


@cache
def full() -> list[Exchange]:
    """All recordings of the two protocols; none where they are not at hand."""
    return [exchange for path in sorted(FULL.glob("*/*.json")) for exchange in _read(path, FULL)]


THINKING_BACK = {
    "api.mistral.ai": ChatDialect(required="any", thinking_back="content"),
    "openrouter.ai": ChatDialect(thinking_back="reasoning_details"),
    "myorg-myaccount.snowflakecomputing.com": ChatDialect(thinking_back="reasoning_details"),
    "api.deepseek.com": ChatDialect(thinking_back="reasoning_content"),
    "ollama.com": ChatDialect(thinking_back="reasoning_content"),
    "<ollama_api_base>": ChatDialect(thinking_back="reasoning_content"),
    "<gpustack_api_base>": ChatDialect(thinking_back="reasoning_content"),
}
"""The servers to which the recorded requests send thinking back."""


def answering(exchange: Exchange) -> ChatWire | ResponsesWire:
    """The wire that reads an answer: that of OpenAI, whoever answered."""
    return ResponsesWire() if exchange.wire == "openai-responses" else ChatWire()


def asking(exchange: Exchange) -> ChatWire | ResponsesWire:
    """The wire that asks: in the dialect of the server."""
    if exchange.wire == "openai-responses":
        return ResponsesWire()
    return ChatWire(THINKING_BACK.get(exchange.vendor))


def splits(data: bytes, seed: int) -> Iterator[list[bytes]]:
    """The bytes whole, one by one (if they are not too many), and cut at random places."""
    yield [data]
    if len(data) <= 20_000:
        yield [data[at : at + 1] for at in range(len(data))]
    chance = random.Random(seed)
    for most in (7, 90, 4000):
        cuts, at = [0], 0
        while at < len(data):
            at += chance.randint(1, most if len(data) <= 20_000 else max(most, len(data) // 3000))
            cuts.append(min(at, len(data)))
        yield [data[start:end] for start, end in pairwise(cuts)]
