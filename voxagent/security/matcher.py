"""Say where in a text a secret may begin, and which literal stands there.

Nearly all text contains no secret, so the cost is that of finding out. Each literal and nearly each
pattern begins with one of a few hundred texts of four characters. One of any two neighbouring
places in such a text is an even one; so it is enough to look up three characters at every second
place of the text, whatever the number of secrets. Patterns that begin in too many ways (`[a-z]+@`)
are looked for by a regular expression of single classes, which cannot backtrack far. Where secrets begin
with few characters (one key, the patterns of services), an expression of all beginnings finds them quicker
in long texts; it is made once enough of those have come.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache

from .automaton import HEAD, Automaton, SecretPattern

GRAM = HEAD - 1
LONG = 256
"""Characters from which on an expression may be quicker than looking at places one by one."""
WORTH = 20_000
"""Characters of long texts after which compiling that expression has paid."""
FEW = 32
"""First characters up to which it is quicker: it leaps over all others."""


class Literal:
    """A text to look for, and the secret that it gives away."""

    __slots__ = ("name", "text")

    def __init__(self, text: str, name: str) -> None:
        self.text: str = text
        self.name: str = name


class Shelf:
    """The texts to look for that begin alike: however many, a look-up is one for each of their lengths."""

    __slots__ = ("_literals", "_sizes", "_texts")

    def __init__(self, names: Mapping[str, str]) -> None:
        self._literals: dict[str, Literal] = {text: Literal(text, name) for text, name in names.items()}
        self._sizes: list[int] = sorted({len(text) for text in names}, reverse=True)
        self._texts: list[str] = sorted(names)

    def names(self) -> dict[str, str]:
        """Return the texts, named."""
        return {text: literal.name for text, literal in self._literals.items()}

    def longest(self, text: str, start: int) -> Literal | None:
        """Return the longest one that stands in the text at `start`."""
        for size in self._sizes:
            literal = self._literals.get(text[start : start + size])
            if literal is not None:
                return literal
        return None

    def goes_on(self, beginning: str) -> bool:
        """Tell whether one of them is longer than this and begins with it: it is sorted right behind it."""
        behind = bisect_right(self._texts, beginning)
        return behind < len(self._texts) and self._texts[behind].startswith(beginning)


class Matcher:
    """A registry's content, made ready for search. It never changes: more literals make another one."""

    __slots__ = (
        "_by_head",
        "_finder",
        "_first",
        "_grams",
        "_heads",
        "_searched",
        "_wide",
        "automaton",
        "empty",
        "looks_ahead",
    )

    def __init__(self, patterns: tuple[SecretPattern, ...] = ()) -> None:
        self.automaton: Automaton = Automaton(patterns)
        self.empty: bool = not patterns
        self.looks_ahead: bool = bool(patterns)
        """Whether it matters what stands ahead of a match."""
        self._by_head: dict[str, Shelf] = {}
        self._grams: set[str] = set()
        self._heads: set[str] = set()
        self._first: set[str] = set()
        """What secrets begin with, one character each."""
        self._searched = 0
        self._finder: re.Pattern[str] | None = None
        narrow, wide = self.automaton.heads()
        self._wide = re.compile("|".join(wide)) if wide else None
        for head in narrow:
            self._index(head)

    def with_literals(self, names: Mapping[str, str]) -> Matcher:
        """Return a matcher that also finds these texts (keys), named by their values."""
        matcher = object.__new__(Matcher)
        matcher.automaton = self.automaton
        matcher.empty = self.empty and not names
        matcher.looks_ahead = self.looks_ahead
        matcher._wide = self._wide
        matcher._by_head = dict(self._by_head)
        matcher._grams = set(self._grams)
        matcher._heads = set(self._heads)
        matcher._first = set(self._first)
        matcher._searched = 0
        matcher._finder = None
        by_head: dict[str, dict[str, str]] = {}
        for text, name in names.items():
            by_head.setdefault(text[:HEAD], {})[text] = name
        for head, fresh in by_head.items():
            known = matcher._by_head.get(head)
            matcher._by_head[head] = Shelf(fresh if known is None else known.names() | fresh)
            matcher._index(head)
        return matcher

    def passes(self, text: str, final: bool) -> bool:
        """Tell whether no secret begins in the text; without `final`, whatever follows it."""
        if len(text) > LONG or self._wide is not None:
            return self.candidate(text, 0, final) == len(text)
        if self._first.isdisjoint(text):
            return True
        size, grams, heads = len(text), self._grams, self._heads
        if not final and (text[-1:] in heads or text[-2:] in heads or text[-GRAM:] in heads):
            return False
        for place in range(0, size - GRAM + 1, 2):
            if text[place : place + GRAM] in grams:
                return self.candidate(text, 0, final) == size
        return True

    def candidate(self, text: str, start: int, final: bool) -> int:
        """Return the first place from `start` on where a secret may begin: the text's end if nowhere.

        Without `final`, a place counts where the text ends too early to tell.
        """
        size = end = len(text)
        if self._wide is not None and (found := self._wide.search(text, start)):
            end = found.start()
        finder = self._quick(size - start) if size - start > LONG else None
        if finder is not None:
            if found := finder.search(text, start, min(size, end + GRAM)):
                return min(end, found.start())
        elif (place := self._looked(text, start, end)) is not None:
            return place
        if not final:
            for place in range(max(start, size - GRAM), end):
                if text[place:] in self._heads:
                    return place
        return end

    def _looked(self, text: str, start: int, end: int) -> int | None:
        """The first place up to `end` where a secret begins, looked for at every second one."""
        size, grams = len(text), self._grams
        for place in range(start, min(size - GRAM, end + 1) + 1, 2):
            if text[place : place + GRAM] in grams:
                for begin in (place - 1, place):
                    if begin >= start and text[begin : begin + HEAD] in self._heads:
                        return min(end, begin)
        return None

    def _quick(self, size: int) -> re.Pattern[str] | None:
        if self._finder is None and 0 < len(self._first) <= FEW:
            self._searched += size
            if self._searched > WORTH:
                self._finder = re.compile(_any_of([head for head in self._heads if len(head) == HEAD]))
        return self._finder

    def literal(self, text: str, start: int) -> Literal | None:
        """Return the longest literal that stands in the text at `start`."""
        shelf = self._by_head.get(text[start : start + HEAD])
        return None if shelf is None else shelf.longest(text, start)

    def may_become_literal(self, text: str, start: int) -> bool:
        """Tell whether the text from `start` to its end is the beginning of a longer literal."""
        if len(text) - start < HEAD:
            return text[start:] in self._heads
        shelf = self._by_head.get(text[start : start + HEAD])
        return shelf is not None and shelf.goes_on(text[start:])

    def _index(self, head: str) -> None:
        self._grams |= {head[:GRAM], head[1:]}
        self._heads |= {head[:size] for size in range(1, HEAD + 1)}
        self._first.add(head[0])


def _any_of(texts: Iterable[str]) -> str:
    """An expression for texts of one length: what begins alike is tried once, and nothing twice."""
    rests: dict[str, list[str]] = {}
    for text in texts:
        rests.setdefault(text[:1], []).append(text[1:])
    firsts: dict[str, list[str]] = {}
    for first, rest in rests.items():
        firsts.setdefault(_any_of(rest) if first else "", []).append(re.escape(first))
    ways = [(f"[{''.join(each)}]" if each[1:] else each[0]) + rest for rest, each in sorted(firsts.items())]
    return f"(?:{'|'.join(ways)})" if ways[1:] else ways[0]


@lru_cache(maxsize=64)
def matcher_of(patterns: tuple[SecretPattern, ...]) -> Matcher:
    """Return the matcher for these patterns alone; equal patterns share one, and what it has learned."""
    return Matcher(patterns)


EMPTY = matcher_of(())
"""Finds nothing; every registry begins with it."""
