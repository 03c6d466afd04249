"""What it costs to keep secrets out: for a piece of streamed text, for a run, and for texts as a whole.

    python benchmarks/redaction.py    # and into docs/benchmarks.md

Pieces have five characters, of ordinary text; rounds are interleaved. What a run costs more than one without
secrets includes all that it redacts: its prompt, its answer, its output.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import string
import time
from collections.abc import Callable, Sequence

from framework import Answers, Instant, deltas, one_text
from page import PAGE, written

from voxagent import Agent
from voxagent.security import RedactionFilter, SecretRegistry, StreamFilter

TITLE = "Keeping secrets out"
KEY = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
MANY = 50
TEXT = (
    "A function that is called with the wrong arguments says which one was wrong, with which value, and what"
    " would be right; 42 of them were changed in June (see the list) and nobody has complained so far.\n"
) * 200
SIZE = 5
DELTAS = 2_000
ROUNDS = 15


class Keyed(Instant):
    """A provider that has a key."""

    def known_secrets(self) -> Sequence[tuple[str, str]]:
        """The key."""
        return [("openai_api_key", KEY)]


def values(count: int) -> dict[str, str]:
    """Keys of 24 characters."""
    chance = random.Random(1)
    letters = string.ascii_letters + string.digits + "-_/+"
    return {f"key_{number}": "".join(chance.choices(letters, k=24)) for number in range(count)}


def registry(named: dict[str, str], *, patterns: bool) -> SecretRegistry:
    """A registry that knows these."""
    made = SecretRegistry()
    for name, value in named.items():
        made.register_value(name, value)
    if patterns:
        made.register_defaults()
    return made


REGISTRIES = {
    "one key": registry({"openai_api_key": KEY}, patterns=False),
    "50 values": registry(values(MANY), patterns=False),
    "50 values and the patterns of services": registry(values(MANY), patterns=True),
}


def cpu(work: Callable[[], object]) -> float:
    """CPU microseconds of one call: the median of several rounds."""
    work()
    rounds: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        rounds.append((time.process_time() - begun) * 1e6)
    return statistics.median(rounds)


def piece(known: SecretRegistry) -> float:
    """Microseconds for a piece of a stream."""
    pieces = [TEXT[start : start + SIZE] for start in range(0, len(TEXT), SIZE)]

    def stream() -> None:
        passing = StreamFilter(known)
        for each in pieces:
            passing.process_chunk(each)
        passing.flush()

    return cpu(stream) / len(pieces)


def whole(known: SecretRegistry) -> float:
    """Microseconds for 10,000 characters."""
    redaction = RedactionFilter(known)
    return cpu(lambda: redaction.redact(TEXT)) / len(TEXT) * 10_000


def registering(known: SecretRegistry) -> float:
    """Microseconds to add a key that was not seen before."""
    number = iter(range(1_000_000))

    def register() -> None:
        for _ in range(100):
            _ = known.extended([("key", f"a-key-of-somebody-{next(number)}")]).matcher

    return cpu(register) / 100


def known_again(known: SecretRegistry) -> float:
    """Microseconds to add the same key again, as each run of an agent does."""
    keys = [("key", "a-key-of-the-provider")]

    def again() -> None:
        for _ in range(1000):
            known.extended(keys)

    return cpu(again) / 1000


async def runs(answers: Answers, times: int) -> dict[str, float]:
    """Microseconds of a run, by what it hides; the least of interleaved rounds."""
    agents = {
        "nothing": Agent(Instant(answers)),
        "one key": Agent(Keyed(answers)),
        "50 values": Agent(Keyed(answers), secrets_to_redact=values(MANY)),
        "50 values and the patterns of services": Agent(
            Keyed(answers), secrets_to_redact=values(MANY), secret_patterns="default"
        ),
    }
    best = dict.fromkeys(agents, float("inf"))
    for _ in range(ROUNDS):
        for name, agent in agents.items():
            begun = time.process_time()
            for _ in range(times):
                await agent.run("go")
            best[name] = min(best[name], (time.process_time() - begun) / times * 1e6)
    return best


async def measure() -> dict[str, dict[str, float]]:
    """Microseconds, by what they are the price of, and by what is known."""
    short, long, none = await runs(one_text, 100), await runs(deltas(DELTAS), 2), await runs(deltas(0), 100)
    return {
        "a piece of a stream (target: 5)": {name: piece(known) for name, known in REGISTRIES.items()},
        "a delta of a run, more than without": {
            name: (long[name] - none[name] - long["nothing"] + none["nothing"]) / DELTAS
            for name in REGISTRIES
        },
        "a run with one answer, more than without": {
            name: short[name] - short["nothing"] for name in REGISTRIES
        },
        "10,000 characters as a whole": {name: whole(known) for name, known in REGISTRIES.items()},
        "a key that was not seen before": {name: registering(known) for name, known in REGISTRIES.items()},
        "a key that was": {name: known_again(known) for name, known in REGISTRIES.items()},
    }


def table(figures: dict[str, dict[str, float]]) -> str:
    """A Markdown table."""
    head = [f"| CPU microseconds | {' | '.join(REGISTRIES)} |", "|---|" + "---:|" * len(REGISTRIES)]
    rows = [
        f"| {name} | {' | '.join(f'{value:,.2f}' for value in by_known.values())} |"
        for name, by_known in figures.items()
    ]
    return "\n".join([*head, *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(written({TITLE: table(asyncio.run(measure()))}))
