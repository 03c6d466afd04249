"""Walk all patterns at once, one character at a time, without ever stepping back.

A `Node` is the set of states (see `expressions`) that the patterns can be in after the characters
read so far. Nodes and the ways between them are made when a text first needs them and kept for the
next time, up to a bound; then all are dropped and made anew. So whatever the expressions, a
character costs one look-up, or one step through the states: never a search.
"""

# No `annotations` of the future: a NamedTuple would compile each of them again, 0.2 ms a field.
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from voxagent.errors import ConfigError

from .expressions import Accept, CharClass, Net, Step

MAX_KEPT = 50_000
"""How many ways between nodes are kept (a way between large nodes counts more)."""

HEAD = 4
"""How many first characters of a pattern or literal are indexed."""

AHEAD = 8
"""How many characters ahead of a match a pattern's check sees."""

MAX_ASKED = 64
"""How often checks are asked at one place: a key that is one has shown it by then."""

MAX_HEADS = 4_096
WIDE_DEPTH = 8

MAX_BESIDE = 256
"""How many attempts may be under way in one place, each in another node: so often may a character be read."""

MAX_NODES = 5_000
MAX_PAIRS = 150_000
"""Up to where this is counted; a pattern that has more is taken for a slow one."""

SAMPLES = (*map(chr, range(0x250)), *"\u017f\u0416\u0661\u200b\u2003\u2028\u212a\u4e00\uff10\U0001f600")
"""Characters that stand for all others: of every kind that `re` knows."""


class SecretPattern(NamedTuple):
    """What a kind of key looks like: a regular expression, and a test that its matches must pass.

    `check(match, before)` is asked whenever the expression has matched, until it says yes, `MAX_ASKED`
    times at most; `before` is the text ahead of the match, at most `AHEAD` characters. What extends an
    accepted match belongs to it without being asked again.
    """

    name: str
    expression: str
    check: Callable[[str, str], bool] | None = None


class Node:
    """The states that patterns can be in at one place; `accepts` numbers those that match there."""

    __slots__ = ("accepts", "following", "open", "states")

    def __init__(self, states: frozenset[int], accepts: tuple[int, ...], is_open: bool) -> None:
        self.states: frozenset[int] = states
        self.accepts: tuple[int, ...] = accepts
        self.open: bool = is_open
        self.following: dict[str, Node] = {}


DEAD = Node(frozenset(), (), False)


class Automaton:
    """Several patterns as one machine; it holds no text, so threads and streams share it."""

    def __init__(self, patterns: tuple[SecretPattern, ...]) -> None:
        self.patterns = patterns
        self._net = Net([pattern.expression for pattern in patterns])
        self._first = frozenset[int]().union(*map(self._net.closure, self._net.starts))
        self._closures: dict[int, frozenset[int]] = {}
        self._forget()

    def after(self, node: Node, char: str) -> Node:
        """Return the node that follows `node` on `char`: `DEAD` if no pattern goes on."""
        states: set[int] = set()
        decided: dict[CharClass, bool] = {}
        for number in node.states:
            step = self._net.states[number]
            if not isinstance(step, Step):
                continue
            inside = decided.get(step.chars)
            if inside is None:
                inside = decided[step.chars] = char in step.chars
            if inside:
                states |= self._closure(step.target)
        following = node.following[char] = self._node(frozenset(states))
        return following

    def unchecked(self, node: Node) -> Node:
        """Return the node in which only the patterns without a check go on."""
        owners = self._net.owners
        return self._node(frozenset(state for state in node.states if not self.patterns[owners[state]].check))

    def kinds(self) -> list[str]:
        """Return one character for each way in which the classes of the patterns tell characters apart."""
        classes = list({step.chars for step in self._net.states if isinstance(step, Step)})
        known = {char for each in classes for char in each.chars or ()}
        kinds = {tuple(char in each for each in classes): char for char in sorted(known.union(SAMPLES))}
        return list(kinds.values())

    def heads(self) -> tuple[set[str], list[str]]:
        """Return how matches begin: texts of `HEAD` characters, and expressions for what has too many."""
        narrow: set[str] = set()
        wide: list[str] = []
        for start in self._net.starts:
            texts = self._texts(start)
            if texts is None:
                wide.append(self._prefix_expression(start))
                continue
            narrow |= texts
        return narrow, wide

    def _texts(self, start: int) -> set[str] | None:
        texts: dict[str, frozenset[int]] = {"": self._closure(start)}
        for _ in range(HEAD):
            longer: dict[str, frozenset[int]] = {}
            for text, states in texts.items():
                if self._ends(states) or len(longer) > MAX_HEADS:
                    return None
                for chars, targets in self._ways(states):
                    if chars.chars is None:
                        return None
                    for char in chars.chars:
                        longer[text + char] = longer.get(text + char, frozenset()) | targets
            texts = longer
        return set(texts)

    def _ways(self, states: Iterable[int]) -> list[tuple[CharClass, frozenset[int]]]:
        steps = [self._net.states[number] for number in states]
        return [(step.chars, self._closure(step.target)) for step in steps if isinstance(step, Step)]

    def _ends(self, states: Iterable[int]) -> bool:
        return any(isinstance(self._net.states[number], Accept) for number in states)

    def _prefix_expression(self, start: int) -> str:
        """One class for each of the first places: it may say yes too often, and never wrongly no."""
        states = self._closure(start)
        levels: list[str] = []
        while len(levels) < WIDE_DEPTH and not self._ends(states):
            ways = self._ways(states)
            sources = sorted({chars.source for chars, _ in ways})
            levels.append("|".join(sources))
            states = frozenset[int]().union(*(targets for _, targets in ways))
        expression = levels.pop()
        for level in reversed(levels):
            expression = f"(?:{level})(?:{expression}|\\Z)"
        return expression

    def _closure(self, state: int) -> frozenset[int]:
        known = self._closures.get(state)
        if known is None:
            known = self._closures[state] = self._net.closure(state)
        return known

    def _node(self, states: frozenset[int]) -> Node:
        self._kept += 1 + len(states) // 8
        if self._kept > MAX_KEPT:
            self._forget()
        if not states:
            return DEAD
        known = self._nodes.get(states)
        if known is None:
            known = self._nodes[states] = self._new_node(states)
        return known

    def _new_node(self, states: frozenset[int]) -> Node:
        at = [self._net.states[number] for number in states]
        accepts = sorted(state.expression for state in at if isinstance(state, Accept))
        return Node(states, tuple(accepts), len(accepts) < len(at))

    def _forget(self) -> None:
        self._kept = 0
        self._nodes: dict[frozenset[int], Node] = {}
        self.start: Node = self._new_node(self._first)


class _Overlap:
    """Counts how many attempts, begun at different places of a text, can be in different nodes at one place.

    Those in the same node go on as one (see `scanner`), and all the others read the next character each:
    so this number is what a character can cost. Two nodes meet if one is reached from the start while an
    attempt goes on that was begun before; no more than a node meets can be under way with it.
    """

    def __init__(self, patterns: tuple[SecretPattern, ...]) -> None:
        self._automaton = Automaton(patterns)
        self._kinds = self._automaton.kinds()
        self._numbers: dict[frozenset[int], int] = {}
        self._ways: list[list[int]] = []
        """For each node what follows it, by the kind of character; -1 where no pattern goes on."""

    def is_small(self) -> bool:
        """Tell whether it is at most `MAX_BESIDE`."""
        return self._explore() and self._is_met_by_few()

    def _explore(self) -> bool:
        nodes = [self._automaton.start]
        self._numbers[nodes[0].states] = 0
        for node in nodes:
            if len(nodes) > MAX_NODES:
                return False
            ways: list[int] = []
            for kind in self._kinds:
                after = self._automaton.after(node, kind)
                if after.open and after.states not in self._numbers:
                    self._numbers[after.states] = len(nodes)
                    nodes.append(after)
                ways.append(self._numbers[after.states] if after.open else -1)
            self._ways.append(ways)
        return True

    def _is_met_by_few(self) -> bool:
        """Of more than `MAX_BESIDE` that all meet each other, each would meet that many."""
        met: dict[int, set[int]] = {}
        crowded: set[int] = set()
        waiting = [(older, 0) for older in range(len(self._ways))]
        for older, younger in waiting:
            for pair in set(zip(self._ways[older], self._ways[younger], strict=True)):
                first, second = min(pair), max(pair)
                if first < 0 or first == second or second in met.setdefault(first, set()):
                    continue
                met[first].add(second)
                met.setdefault(second, set()).add(first)
                waiting.append((first, second))
                crowded.update(node for node in pair if len(met[node]) >= MAX_BESIDE)
                if len(crowded) > MAX_BESIDE or len(waiting) > MAX_PAIRS:
                    return False
        return True


@lru_cache(maxsize=256)
def _is_cheap(patterns: tuple[SecretPattern, ...]) -> bool:
    return _Overlap(patterns).is_small()


def check_cost(fresh: tuple[SecretPattern, ...], others: tuple[SecretPattern, ...]) -> None:
    """Raise `ConfigError` for a pattern with which a character of some text would be read too often."""
    for number, pattern in enumerate(fresh):
        if _is_cheap((pattern,)) and _is_cheap((*others, *fresh[: number + 1])):
            continue
        raise ConfigError(
            f"secret pattern {pattern.expression!r} cannot be used: in some text more than {MAX_BESIDE} "
            "attempts at it, or at all patterns, go on side by side, which is slow; write a minimum in place "
            "of a range ([a-z]{20,} for [a-z]{20,2000}), a smaller number, or begin with fixed text"
        )
