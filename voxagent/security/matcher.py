"""Say where in a text a secret may begin, and which literal stands there.

Nearly all text contains no secret, so the cost is that of finding out. Each literal and nearly each
pattern begins with one of a few hundred texts of four characters. One of any two neighbouring
places in such a text is an even one; so it is enough to look up three characters at every second
place of the text, whatever the number of secrets. Patterns that begin in too many ways (`[a-z]+@`)
are looked for by a regular expression of single classes, which cannot backtrack far.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from .automaton import HEAD, Automaton, SecretPattern

GRAM = HEAD - 1


class Literal:
    """A text to look for, and the secret that it gives away."""

    __slots__ = ("name", "text")

    def __init__(self, text: str, name: str) -> None:
        self.text: str = text
        self.name: str = name


class Matcher:
    """A registry's content, made ready for search. It never changes: more literals make another one."""

    __slots__ = ("_by_head", "_grams", "_heads", "_wide", "automaton", "empty")

    def __init__(self, patterns: tuple[SecretPattern, ...] = ()) -> None:
        self.automaton: Automaton = Automaton(patterns)
        self.empty: bool = not patterns
        self._by_head: dict[str, list[Literal]] = {}
        self._grams: set[str] = set()
        self._heads: set[str] = set()
        narrow, wide = self.automaton.heads()
        self._wide = re.compile("|".join(wide)) if wide else None
        for head in narrow:
            self._index(head)

    def with_literals(self, names: Mapping[str, str]) -> Matcher:
        """Return a matcher that also finds these texts (keys), named by their values."""
        matcher = object.__new__(Matcher)
        matcher.automaton = self.automaton
        matcher.empty = self.empty and not names
        matcher._wide = self._wide
        matcher._by_head = dict(self._by_head)
        matcher._grams = set(self._grams)
        matcher._heads = set(self._heads)
        for text, name in names.items():
            matcher._add(Literal(text, name))
        return matcher

    def candidate(self, text: str, start: int, final: bool) -> int:
        """Return the first place from `start` on where a secret may begin: the text's end if nowhere.

        Without `final`, a place counts where the text ends too early to tell.
        """
        size = end = len(text)
        if self._wide is not None and (found := self._wide.search(text, start)):
            end = found.start()
        grams = self._grams
        for place in range(start, min(size - GRAM, end + 1) + 1, 2):
            if text[place : place + GRAM] in grams:
                for begin in (place - 1, place):
                    if begin >= start and text[begin : begin + HEAD] in self._heads:
                        return min(end, begin)
        if not final:
            for place in range(max(start, size - GRAM), end):
                if text[place:] in self._heads:
                    return place
        return end

    def literal(self, text: str, start: int) -> Literal | None:
        """Return the longest literal that stands in the text at `start`."""
        for literal in self._by_head.get(text[start : start + HEAD], ()):
            if text.startswith(literal.text, start):
                return literal
        return None

    def may_become_literal(self, text: str, start: int) -> bool:
        """Tell whether the text from `start` to its end is the beginning of a longer literal."""
        size = len(text) - start
        if size < HEAD:
            return text[start:] in self._heads
        rest = text[start:]
        return any(
            len(literal.text) > size and literal.text.startswith(rest)
            for literal in self._by_head.get(rest[:HEAD], ())
        )

    def _add(self, literal: Literal) -> None:
        head = literal.text[:HEAD]
        others = [other for other in self._by_head.get(head, ()) if other.text != literal.text]
        self._by_head[head] = sorted([*others, literal], key=lambda known: -len(known.text))
        self._index(head)

    def _index(self, head: str) -> None:
        self._grams |= {head[:GRAM], head[1:]}
        self._heads |= {head[:size] for size in range(1, HEAD + 1)}


@lru_cache(maxsize=64)
def matcher_of(patterns: tuple[SecretPattern, ...]) -> Matcher:
    """Return the matcher for these patterns alone; equal patterns share one, and what it has learned."""
    return Matcher(patterns)


EMPTY = matcher_of(())
"""Finds nothing; every registry begins with it."""
