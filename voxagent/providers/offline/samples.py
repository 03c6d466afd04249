"""Text that a regular expression matches, for arguments that have a `pattern`.

Reads literals, classes, groups, the first alternative and repetitions; look-around and back-references
are passed over, so the sample is tried against the pattern and may be the best there is, not a match.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

SIGNS = "-.:/@"
WORD = string.ascii_letters + string.digits + "_"
ESCAPED = {
    "d": string.digits,
    "D": string.ascii_letters + SIGNS + " ",
    "w": WORD,
    "W": SIGNS + " ",
    "s": " ",
    "S": WORD + SIGNS,
}
NOTHING = {"b", "B", "A", "Z", "z"}
REPEATED = re.compile(r"([*+?]|\{(\d*)(,?)(\d*)\})[?+]?")
GROUP = re.compile(r"\?(?:P?<\w+>|:|[aimsux-]+:?)|\?(?P<look><?[=!])")
ENDLESS = 64


@lru_cache(256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; one that Python cannot read is found nowhere."""
    compiled = _compiled(pattern)
    return compiled is not None and compiled.search(text) is not None


def sample(pattern: str, index: int = 0, min_length: int = 0) -> str:
    """A text that the pattern matches; texts of different `index` differ where it lets them."""
    text = ""
    for extra in range(min_length + 2):
        text = _Reader(pattern, index, extra).alternatives()
        if len(text) >= min_length and matches(pattern, text):
            break
    return text


class _Reader:
    """Reads a pattern once, from left to right, and writes the text as it goes."""

    def __init__(self, pattern: str, index: int, extra: int) -> None:
        self.pattern = pattern
        self.index = index
        self.extra = extra
        self.at = 0

    def alternatives(self) -> str:
        first = self._sequence()
        while self._ahead() == "|":
            self.at += 1
            self._sequence()
        return first

    def _ahead(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1 : self.at]

    def _sequence(self) -> str:
        text = ""
        while self._ahead() not in ("", "|", ")"):
            atom = self._atom()
            text += atom * self._count()
        return text

    def _count(self) -> int:
        match = REPEATED.match(self.pattern, self.at)
        if match is None:
            return 1
        self.at = match.end()
        least, most = {"*": (0, ENDLESS), "+": (1, ENDLESS), "?": (0, 1)}.get(match[1], (-1, 0))
        if least < 0:
            least = int(match[2] or 0)
            most = int(match[4] or ENDLESS) if match[3] else least
        return min(least + self.extra, max(most, least))

    def _atom(self) -> str:
        match char := self._next():
            case "(":
                return self._group()
            case "[":
                return self._picked(self._class())
            case "\\":
                escaped = self._next()
                return "" if escaped in NOTHING else self._picked(ESCAPED.get(escaped, escaped))
            case "^" | "$":
                return ""
            case ".":
                return self._picked(string.ascii_lowercase)
            case _:
                return char

    def _picked(self, chars: str) -> str:
        return chars[self.index % len(chars)] if chars else ""

    def _group(self) -> str:
        match = GROUP.match(self.pattern, self.at)
        if match is not None:
            self.at = match.end()
        text = self.alternatives()
        self.at += 1
        return "" if match is not None and match["look"] else text

    def _class(self) -> str:
        refused = self._ahead() == "^"
        self.at += refused
        chars = self._next() if self._ahead() == "]" else ""
        while self._ahead() not in ("", "]"):
            chars += self._range()
        self.at += 1
        return "".join(char for char in WORD + SIGNS + " " if char not in chars) if refused else chars

    def _range(self) -> str:
        first = self._next()
        if first == "\\":
            first = self._next()
            if first in ESCAPED:
                return ESCAPED[first]
        if self._ahead() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return first
        self.at += 1
        return "".join(map(chr, range(ord(first), ord(self._next()) + 1)))
