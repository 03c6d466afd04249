"""What a text mentions that could be an argument: paths, numbers, names, quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from .words import STOP, WORD, is_subject, stem, words

Kind: TypeAlias = Literal[
    "quoted", "url", "email", "path", "date", "id", "number", "expression", "name", "topic", "text"
]
Mentions: TypeAlias = Mapping[Kind, list[str]]

QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^“”\n]+)”|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)")
EXPRESSION = re.compile(r"(?<![\w.])[\d(][\d.()]*(?:\s*[-+*/%^]\s*[\d.()]+)+")
URL = re.compile(r"https?://[^\s<>\"')\]]*[\w/]")
ENDLESS = re.compile(r"\S{200,}")
"""No word: left out, so that the time to read a text grows with its length only."""
FOLDERS = r"(?<![\w/])(?:(?:~|\.{1,2})?/)?(?:[\w.-]+/)*"
FILE = r"(?:[\w-]{2,}(?:\.[\w-]+)*\.[a-z]\w{0,5}|[\w-]\.[a-z]\w{1,5})"
PATH = re.compile(rf"{FOLDERS}{FILE}(?!\w)")
MASKED: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("url", URL),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("date", re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?")),
    ("path", re.compile(rf"{FOLDERS}(?:{FILE}|\.[a-z]{{3,}})(?!\w)")),
    (
        "path",
        re.compile(
            r"(?<![\w/])(?:(?:~|\.{1,2})?/[\w.-]+|[A-Za-z][\w.-]*/(?!\w)|[\w.-]+/[\w.-]+/[\w.-]*)[\w./-]*"
        ),
    ),
    ("id", re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z][\w-]*\w")),
    ("number", re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")),
)
NAME = re.compile(r"(?<=[\w,;:] )[A-Z][\w'-]+(?: [A-Z][\w'-]+)*")
PLACED = re.compile(r"\b(?:in|at|for|of|from|near|to|named|called)\s+(?:the |an? |my )?([\w'-]+)")
ABOUT = re.compile(r"\b(?:about|mention\w*|regarding|for|on)\b(.*?)(?:[.?!,;]|\b(?:in|from|at|to|by)\b|$)")

KIND_WORDS: tuple[tuple[Kind, str], ...] = (
    ("expression", "expression formula calculation equation"),
    ("path", "path file filename filepath folder directory dir"),
    ("url", "url uri link href website"),
    ("email", "email mail recipient sender to"),
    ("date", "date day deadline"),
    ("id", "id code key number reference sku identifier"),
    ("topic", "query q term pattern keyword search topic phrase word subject"),
    ("text", "text prompt task question message input request instruction content body"),
    ("name", "name city person user author country place location company customer who"),
)
KINDS: Sequence[tuple[Kind, frozenset[str]]] = tuple(
    (kind, frozenset(map(stem, told.split()))) for kind, told in KIND_WORDS
)
"""The words in an argument's name that tell what it wants."""


def mentions(text: str) -> dict[Kind, list[str]]:
    """Everything that a text mentions, by kind, in order."""
    found: dict[Kind, list[str]] = {"text": [text.strip()] if text.strip() else []}
    text = ENDLESS.sub(" ", text)
    found["quoted"] = [next(filter(None, match.groups())) for match in QUOTED.finditer(text)]
    found["expression"] = [match.group().strip() for match in EXPRESSION.finditer(text)]
    rest = text
    for kind, pattern in MASKED:
        hits = [match.group() for match in pattern.finditer(rest)]
        found[kind] = _unique([*found.get(kind, []), *hits])
        rest = pattern.sub(" ", rest)
    found["number"] = [number.replace(",", "") for number in found["number"]]
    rest = QUOTED.sub(" ", rest)
    found["name"] = _names(rest)
    topic = _topic(rest)
    found["topic"] = [topic] if topic else []
    return found


def paths_named(lines: Iterable[str]) -> list[str]:
    """The files that lines begin with: those of a listing, and those of what a search found."""
    first = (PATH.match(line.lstrip("-*\"' ")) for line in lines)
    return _unique([match.group() for match in first if match])


def urls_named(text: str) -> list[str]:
    """The addresses in a text."""
    return _unique(URL.findall(ENDLESS.sub(" ", text)))


def _unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _names(text: str) -> list[str]:
    capital = [match.removesuffix("'s") for match in NAME.findall(text) if match.lower() not in STOP]
    placed = [word for word in PLACED.findall(text) if is_subject(word.lower()) and word.islower()]
    return _unique([*capital, *placed])


def _topic(text: str) -> str:
    told = [word for phrase in ABOUT.findall(text) for word in _subjects(phrase)]
    return " ".join(_unique(told or _subjects(text)))


def _subjects(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if is_subject(word.lower())]


def kind_of(name: str, description: str = "") -> Kind | None:
    """What kind of text an argument of this name wants; None if the name does not tell."""
    told = words(name)
    for group, allowed in ((told[-1:], KINDS[:-1]), (told, KINDS), (words(description)[:6], KINDS[1:4])):
        cut = {stem(word) for word in group}
        for kind, known in allowed:
            if cut & known:
                return kind
    return None
