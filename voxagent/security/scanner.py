"""Find secrets in a text that arrives in pieces, with the same result however it was cut.

One rule decides everything, from the content alone: at the leftmost place where a secret begins,
the longest one is taken, and the search goes on behind it. A named value gives its name before a
pattern does. What may still grow is held back, the rest goes out at once:

- a literal is held until it is complete or cannot be one;
- a pattern is held until it first matches; then its `Hit` goes out, and what extends the match is
  swallowed, for as long as it does;
- between two matches of one pattern (or its beginning and its first match) lie at most `MAX_OPEN`
  characters: so no more than that, or the longest literal, is ever held.

An attempt that fails is not repeated: where the automaton was in which state, without success, is
kept in `Trail`s, and a later attempt that comes to such a point continues at the trail's end
(after Thomas Reps, "Maximal-munch tokenization in linear time", 1998). So `a+b` on a million
letters `a` takes linear time too.
"""

from __future__ import annotations

from .automaton import AHEAD, DEAD, MAX_ASKED, Automaton, Node
from .matcher import Matcher

MAX_OPEN = 4_096
TRAIL_STEP = 16
MAX_TRAILS = 80_000
"""More than the trails of all that may go on side by side (`MAX_BESIDE`) within `MAX_OPEN` characters."""


class Hit:
    """A secret that was found: its name, and where it stands in the whole text.

    `end` still moves while the text goes on to extend the match.
    """

    __slots__ = ("end", "is_value", "name", "start")

    def __init__(self, name: str, start: int, end: int, is_value: bool) -> None:
        self.name: str = name
        self.start: int = start
        self.end: int = end
        self.is_value: bool = is_value


class Trail:
    """Where a way through the automaton without a match has led so far; `DEAD` if it has ended."""

    __slots__ = ("node", "place")

    def __init__(self, place: int, node: Node) -> None:
        self.place: int = place
        self.node: Node = node


Trails = dict[tuple[int, Node], Trail]


class Attempt:
    """One try to match the patterns from one place on. Places are counted in the whole text."""

    __slots__ = (
        "_asked",
        "_before",
        "_joined",
        "_marks",
        "found",
        "hit",
        "matched",
        "node",
        "place",
        "start",
    )

    def __init__(self, start: int, node: Node, before: str) -> None:
        self.start: int = start
        self.place: int = start
        self.node: Node = node
        self.matched: int = start
        """The end of the match so far; `start` if there is none."""
        self.found: str | None = None
        """The name of what has matched."""
        self.hit: Hit | None = None
        """What was given out for it."""
        self._before = before
        self._asked = 0
        self._marks: list[tuple[int, Node]] = []
        self._joined: list[Trail] = []

    def run(self, text: str, base: int, automaton: Automaton, trails: Trails) -> None:
        """Read on to the end of the text, which begins at place `base`, or until nothing can match."""
        end = base + len(text)
        while self.place < end and self.node.open:
            self._advance(text, base, min(end, self.matched + MAX_OPEN), automaton)
            self._settle(text, base, automaton, trails)
        if not self.node.open:
            self.leave(trails)

    def _settle(self, text: str, base: int, automaton: Automaton, trails: Trails) -> None:
        if self.node.accepts:
            self._accept(text, base, automaton)
        elif self.place % TRAIL_STEP == 0 and self.node.open:
            self._follow(trails)
        if self.node.open and self.place - self.matched >= MAX_OPEN:
            self.leave(trails)
            self.node = DEAD

    def _advance(self, text: str, base: int, end: int, automaton: Automaton) -> None:
        """Read on to where there is something to do: a match, nothing left to match, a point of a trail."""
        node, place = self.node, self.place
        stop = min(end, place - place % TRAIL_STEP + TRAIL_STEP)
        for char in text[place - base : stop - base]:
            node = node.following.get(char) or automaton.after(node, char)
            place += 1
            if node.accepts or not node.open:
                break
        self.node, self.place = node, place

    def _accept(self, text: str, base: int, automaton: Automaton) -> None:
        self._marks.clear()
        self._joined.clear()
        if self.found is None:
            match = text[self.start - base : self.place - base]
            self.found = self._name(match, automaton)
        if self.found is not None:
            self.matched = max(self.matched, self.place)
        elif self._asked >= MAX_ASKED:
            self.node = automaton.unchecked(self.node)

    def _name(self, match: str, automaton: Automaton) -> str | None:
        for number in self.node.accepts:
            pattern = automaton.patterns[number]
            if pattern.check is None:
                return pattern.name
            self._asked += 1
            if pattern.check(match, self._before):
                return pattern.name
        return None

    def _follow(self, trails: Trails) -> None:
        point = (self.place, self.node)
        trail = trails.get(point)
        if trail is None:
            self._marks.append(point)
            return
        self._joined.append(trail)
        self.place, self.node = trail.place, trail.node

    def leave(self, trails: Trails) -> None:
        """Keep for later attempts where this one has come to since its last match."""
        for trail in self._joined:
            trail.place, trail.node = self.place, self.node
        trail = Trail(self.place, self.node)
        for point in self._marks:
            trails[point] = trail
        self._marks.clear()
        self._joined.clear()


class Scanner:
    """Splits one text, given in pieces, into what may be shown and `Hit`s for what may not."""

    __slots__ = ("_attempt", "_base", "_before", "_matcher", "_text", "_trails")

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._text = ""
        self._base = 0
        self._before = ""
        self._attempt: Attempt | None = None
        self._trails: Trails = {}

    @property
    def held(self) -> int:
        """How many characters wait for what follows."""
        return len(self._text)

    def begins_anew(self) -> bool:
        """Begin another text, if nothing of this one is held and no match can be extended."""
        if self._text or self._attempt is not None:
            return False
        self._before = ""
        return True

    def passes(self, chunk: str, matcher: Matcher) -> bool:
        """Take the next piece if nothing is held and no secret begins in it: nearly every piece is such.

        From here on it is searched with this matcher, unless an attempt is under way.
        """
        if self._attempt is not None:
            return False
        self._matcher = matcher
        if self._text or not matcher.passes(chunk, False):
            return False
        if matcher.looks_ahead:
            self._before = self._ahead_of(chunk, len(chunk))
        self._base += len(chunk)
        return True

    def feed(self, chunk: str, final: bool = False) -> list[str | Hit]:
        """Take the next piece; return what is now certain, in order. `final` ends the text."""
        text = self._text + chunk
        matcher = self._matcher
        pieces: list[str | Hit] = []
        done = 0
        while True:
            if self._attempt is None:
                start = matcher.candidate(text, done, final)
                if start > done:
                    pieces.append(text[done:start])
                done = start
                if start == len(text) or (not final and matcher.may_become_literal(text, start)):
                    break
                self._attempt = self._begin(text, start, pieces)
            done = self._proceed(self._attempt, text, pieces, final)
            if self._attempt.node.open and not final:
                break
            self._attempt = None
        if done:
            self._before = self._ahead_of(text, done)
        self._text = text[done:]
        self._base += done
        return pieces

    def _begin(self, text: str, start: int, pieces: list[str | Hit]) -> Attempt:
        if len(self._trails) > MAX_TRAILS:
            self._trails.clear()
        before = self._ahead_of(text, start)
        attempt = Attempt(self._base + start, self._matcher.automaton.start, before)
        literal = self._matcher.literal(text, start)
        if literal is not None:
            attempt.found = literal.name
            attempt.matched = attempt.start + len(literal.text)
            attempt.hit = Hit(literal.name, attempt.start, attempt.matched, is_value=True)
            pieces.append(attempt.hit)
        return attempt

    def _proceed(self, attempt: Attempt, text: str, pieces: list[str | Hit], final: bool) -> int:
        """Run the attempt; return up to where it has settled the text."""
        attempt.run(text, self._base, self._matcher.automaton, self._trails)
        if final:
            attempt.leave(self._trails)
        start = attempt.start - self._base
        if attempt.hit is None and attempt.found is not None:
            attempt.hit = Hit(attempt.found, attempt.start, attempt.matched, is_value=False)
            pieces.append(attempt.hit)
        if attempt.hit is not None:
            attempt.hit.end = attempt.matched
            return attempt.matched - self._base
        if attempt.node.open and not final:
            return start
        pieces.append(text[start])
        return start + 1

    def _ahead_of(self, text: str, place: int) -> str:
        if place >= AHEAD:
            return text[place - AHEAD : place]
        return (self._before + text[:place])[-AHEAD:]
