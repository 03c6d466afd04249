"""Turn a regular expression into states that can be walked one character at a time.

Python's own matcher cannot say "a match may still be open here", and `(a+)+$` takes it 27 seconds
on 28 characters. So an expression is only parsed by the standard library; here it becomes a
nondeterministic automaton (Thompson's construction), which `automaton` walks without ever stepping
back. What such an automaton cannot decide from left to right is refused with a `ConfigError`:
anchors, look-around, back-references, conditional and atomic groups. Lazy repeats count as greedy
ones, since the longest match is taken anyway.

A class of characters is asked of `re` for a single character, so `\\w`, `[^a-z]` and `(?i:k)` mean
exactly what they mean there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from voxagent.errors import ConfigError

MAX_STATES = 5_000
"""What one expression may expand to; a bounded repeat such as `{2,40}` counts once per round."""

SMALL_CLASS = 128

_REFUSED = {
    "AT": "an anchor (^, $, \\b, \\A, \\Z) depends on text that a stream has not delivered; leave it out",
    "ASSERT": "look-around depends on text outside of the match; match the text itself",
    "ASSERT_NOT": "look-around depends on text outside of the match; match the text itself",
    "FAILURE": "look-around depends on text outside of the match; match the text itself",
    "GROUPREF": "a back-reference cannot be matched in one pass; write the group out",
    "GROUPREF_EXISTS": "a conditional group cannot be matched in one pass; write both cases with |",
    "ATOMIC_GROUP": "an atomic group is not needed, nothing backtracks here; use (?:...)",
    "POSSESSIVE_REPEAT": "a possessive repeat is not needed, nothing backtracks here; use a plain one",
}


class CharClass:
    """A set of characters: spelled out if it is small, else asked of `re`, one character at a time."""

    __slots__ = ("_expression", "chars", "source")

    def __init__(self, source: str, chars: frozenset[str] | None) -> None:
        self.source: str = source
        self.chars: frozenset[str] | None = chars
        self._expression: re.Pattern[str] | None = None

    def __contains__(self, char: str) -> bool:
        if self.chars is not None:
            return char in self.chars
        if self._expression is None:
            self._expression = re.compile(self.source)
        return self._expression.match(char) is not None


class Step:
    """A state that reads one character of `chars` and goes to `target`."""

    __slots__ = ("chars", "target")

    def __init__(self, chars: CharClass, target: int) -> None:
        self.chars: CharClass = chars
        self.target: int = target


class Fork:
    """A state that reads nothing and goes to each of `targets`."""

    __slots__ = ("targets",)

    def __init__(self, targets: list[int]) -> None:
        self.targets: list[int] = targets


class Accept:
    """A state in which the expression of that number has matched."""

    __slots__ = ("expression",)

    def __init__(self, expression: int) -> None:
        self.expression: int = expression


class Net:
    """The states of several expressions, and where each begins."""

    def __init__(self, expressions: Sequence[str]) -> None:
        self.states: list[Step | Fork | Accept] = []
        self.starts: list[int] = []
        self.owners: list[int] = []
        """The number of the expression that each state belongs to."""
        self._classes: dict[tuple[str, str], CharClass] = {}
        self._number = 0
        self._room = 0
        for number, expression in enumerate(expressions):
            self.starts.append(self._start_of(expression, number))

    def closure(self, state: int) -> frozenset[int]:
        """Return the reading and accepting states that can be reached from here without reading."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = [state]
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            at = self.states[number]
            if isinstance(at, Fork):
                waiting.extend(at.targets)
                continue
            found.add(number)
        return frozenset(found)

    def _start_of(self, expression: str, number: int) -> int:
        parser = import_module("re._parser")
        self._number = number
        self._room = len(self.states) + MAX_STATES
        try:
            parsed = parser.parse(expression)
            start = self._sequence(parsed, self._add(Accept(number)), parsed.state.flags)
        except _Refused as refused:
            raise _wrong(expression, str(refused)) from None
        except (re.error, OverflowError) as error:
            raise _wrong(expression, str(error)) from error
        except RecursionError:
            raise _wrong(expression, "it is nested too deeply; write it flatter") from None
        if any(isinstance(self.states[state], Accept) for state in self.closure(start)):
            raise _wrong(expression, "it matches the empty text; use + in place of *")
        return start

    def _add(self, state: Step | Fork | Accept) -> int:
        if len(self.states) >= self._room:
            raise _Refused(f"it expands to more than {MAX_STATES} states; use smaller repeats, or {{n,}}")
        self.states.append(state)
        self.owners.append(self._number)
        return len(self.states) - 1

    # The tree comes from a module without types, hence `Any`: (operation, argument) pairs.
    def _sequence(self, items: Any, target: int, flags: int) -> int:
        for operation, argument in reversed(list(items)):
            target = self._item(str(operation), argument, target, flags)
        return target

    def _item(self, operation: str, argument: Any, target: int, flags: int) -> int:
        match operation:
            case "BRANCH":
                return self._add(Fork([self._sequence(branch, target, flags) for branch in argument[1]]))
            case "SUBPATTERN":
                _, added, removed, items = argument
                return self._sequence(items, target, (flags | added) & ~removed)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(argument, target, flags)
            case _ if operation in _REFUSED:
                raise _Refused(_REFUSED[operation])
            case _:
                return self._add(Step(self._class(operation, argument, flags), target))

    def _repeat(self, argument: Any, target: int, flags: int) -> int:
        least, most, items = argument
        if most == import_module("re._constants").MAXREPEAT:
            loop = Fork([target])
            entry = self._add(loop)
            loop.targets.append(self._sequence(items, entry, flags))
        else:
            entry = target
            for _ in range(most - least):
                entry = self._add(Fork([self._sequence(items, entry, flags), target]))
        for _ in range(least):
            entry = self._sequence(items, entry, flags)
        return entry

    def _class(self, operation: str, argument: Any, flags: int) -> CharClass:
        scope = "".join(
            letter
            for letter, flag in (("a", re.ASCII), ("i", re.IGNORECASE), ("s", re.DOTALL))
            if flags & flag
        )
        items = argument if operation == "IN" else [(operation, argument)]
        body = "".join(_spelled(str(kind), value) for kind, value in items)
        known = self._classes.get((scope, body))
        if known is None:
            inner = "." if operation == "ANY" else f"[{body}]"
            source = f"(?{scope}:{inner})"
            known = CharClass(source, None if "i" in scope else _small(items))
            self._classes[scope, body] = known
        return known


class _Refused(Exception):
    pass


def _wrong(expression: str, reason: str) -> ConfigError:
    return ConfigError(f"secret pattern {expression!r} cannot be used: {reason}")


def _spelled(kind: str, value: Any) -> str:
    match kind:
        case "LITERAL":
            return f"\\U{value:08x}"
        case "NOT_LITERAL":
            return f"^\\U{value:08x}"
        case "RANGE":
            return f"\\U{value[0]:08x}-\\U{value[1]:08x}"
        case "NEGATE":
            return "^"
        case "CATEGORY":
            letter = str(value).removeprefix("CATEGORY_").removeprefix("NOT_")[0].lower()
            return f"\\{letter.upper() if 'NOT_' in str(value) else letter}"
        case _:  # ANY, which is no class of its own
            return "."


def _small(items: Any) -> frozenset[str] | None:
    codes: set[int] = set()
    for kind, value in items:
        match str(kind):
            case "LITERAL":
                codes.add(value)
            case "RANGE" if value[1] - value[0] < SMALL_CLASS:
                codes.update(range(value[0], value[1] + 1))
            case _:
                return None
    return frozenset(map(chr, codes))
