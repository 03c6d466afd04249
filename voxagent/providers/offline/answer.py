"""What the results say to the prompt: the lines that fit best, quoted, and an answer made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .conversation import Exchange, Turn
from .data import fields_of, items_of
from .mentions import kind_of, mentions
from .words import stems, subject_stems

MOST_QUOTES = 3
LONGEST = 240
PLACE = re.compile(r"(?P<path>[^\s:]+\.\w+):(?:\d+:)?\s+(?P<line>.*)")
RULE = re.compile(r"\W*")
LINK = re.compile(r"\[([^\]\[]*)\]\([^()\s]*\)")
LISTING = re.compile(r"^(?:[-*>#|\s]+|\d+\.\s)+")


@dataclass(slots=True, frozen=True)
class Quote:
    """A line of a result: what said it, the line, and the file it is from, if any."""

    subject: str
    line: str
    source: str = ""
    weight: float = 0.0


def quotes(turn: Turn) -> list[Quote]:
    """The lines of all results that fit the prompt best, in their order; the first ones if none fits."""
    asked = mentions(turn.prompt)
    wanted = stems(" ".join(asked["topic"]))
    paths = {name.rpartition("/")[2] for name in asked["path"]}
    found = [quote for each in turn.good for quote in _lines(each, wanted)]
    fitting = sorted((each for each in found if each.weight > 0), key=lambda each: -each.weight)
    if not fitting:
        return _first(found)
    fitting = [each for each in fitting if each.source.rpartition("/")[2] in paths] or fitting
    chosen: list[Quote] = []
    for each in fitting:
        if len(chosen) < MOST_QUOTES and not any(each.line in other.line for other in chosen):
            chosen.append(each)
    return [each for each in found if any(each is other for other in chosen)]


def _first(found: Sequence[Quote]) -> list[Quote]:
    """As many of the first lines as go into the length of one, and how many there are besides."""
    chosen: list[Quote] = []
    while len(chosen) < len(found) and sum(len(each.line) for each in chosen) < LONGEST / 2:
        chosen.append(found[len(chosen)])
    more = len(found) - len(chosen)
    return [*chosen, Quote(found[-1].subject, f"and {more} more lines")] if more else chosen


def _lines(exchange: Exchange, wanted: frozenset[str]) -> Iterator[Quote]:
    subject, source = subject_of(exchange), source_of(exchange)
    called, below = 0.5 * len(stems(exchange.call.name) & wanted), 0.0
    for line in plain_lines(exchange.value):
        place = PLACE.match(line)
        told = place["line"] if place else line
        if RULE.fullmatch(told):
            continue
        path = place["path"] if place else source
        hits = len(stems(told) & wanted)
        if place or told.startswith("#"):
            below = 0.0 if place else 0.8 * hits
        weight = called + below + hits
        if below or hits:
            weight += _sentence(told)
        yield Quote(path or subject, _clipped(_unmarked(told)), path, weight)


def _unmarked(line: str) -> str:
    """The line without the marks of Markdown."""
    return LINK.sub(r"\1", LISTING.sub("", line).replace("**", ""))


def _sentence(line: str) -> float:
    """Sentences say more than headings, tables and code."""
    if line.startswith(("#", "|", "    ", "```", "import ", "from ")):
        return -1.0 if line[0] == "#" else -0.5
    return 0.4 if line.rstrip().endswith((".", "!", "?", ":")) and len(line) > 30 else 0.0


def _clipped(text: str, longest: int = LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3].rsplit(" ", 1)[0] + "..."


def plain_lines(value: object) -> list[str]:
    """A result as lines: one for each item of a list and each field of an object."""
    if isinstance(value, str):
        return _unwrapped(value.splitlines())
    fields = [f"{key}: {_plain(each)}" for key, each in fields_of(value).items()]
    return [_plain(each) for each in items_of(value)] or fields or [_plain(value)]


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """Lines of prose that were broken within a sentence, whole again."""
    whole: list[str] = []
    for line in lines:
        last = whole[-1] if whole else ""
        wrapped = last.count(" ") > 6 and len(last) > 60 and not PLACE.match(last)
        if wrapped and line[:1].islower() and last[-1] not in ".!?:;,{(":
            whole[-1] = f"{last} {line}"
        else:
            whole.append(line)
    return whole


def _plain(value: object) -> str:
    if items_of(value) or fields_of(value):
        return ", ".join(plain_lines(value))
    return "none" if value in (None, [], {}) else str(value)


def subject_of(exchange: Exchange) -> str:
    """The call in words: `temperature (Oslo)`."""
    given = ", ".join(_clipped(_plain(each), 40) for each in exchange.call.input.values())
    name = exchange.call.name.replace("_", " ").strip()
    return f"{name} ({given})" if given else name


def source_of(exchange: Exchange) -> str:
    """The file or address that the call was about, "" if it was about none."""
    for name, value in exchange.call.input.items():
        if isinstance(value, str) and kind_of(name) in ("path", "url"):
            return value
    return ""


def worded(turn: Turn, chosen: Sequence[Quote]) -> str:
    """The answer in text: who said what, and what failed."""
    lines: dict[str, list[str]] = {}
    for each in chosen:
        lines.setdefault(each.subject, []).append(each.line)
    told = [f"{subject}: {' ... '.join(said)}" for subject, said in lines.items()]
    silent = [each for each in turn.good if not each.result.text.strip()]
    told += [f"{subject_of(each)}: done, without a result." for each in silent]
    failed = [each for each in turn.exchanges if not each.ok]
    told += [f"{subject_of(each)} failed: {_first_line(each)}" for each in failed]
    return "\n".join(told)


def _first_line(exchange: Exchange) -> str:
    return _clipped((exchange.result.text.strip().splitlines() or ["no reason given"])[0])


def remembered(turn: Turn) -> str:
    """What the user said earlier that fits the prompt, "" if nothing does."""
    wanted = subject_stems(turn.prompt) or stems(turn.prompt)
    fitting = [line for line in turn.earlier if stems(line) & wanted]
    return f'Earlier you said: "{_clipped(fitting[-1])}"' if fitting else ""


def introduced(tools: Sequence[str]) -> str:
    """What the model says of itself when it can do nothing else."""
    known = f"The tools I have are {', '.join(tools)}." if tools else "I have no tools here."
    return (
        "I am offline:demo, a built-in model that needs no network. I pick tools by the words of a prompt"
        f" and quote what they give. Nothing in this prompt fits. {known}"
    )
