"""How a model calls a tool in words, and how it is told what became of it.

A call is a line that is nothing but the mark and the name of a tool that there is, then its arguments as one
JSON object, then the closing mark on a line of its own:

    [[call: get_weather]]
    {"city": "Oslo"}
    [[/call]]

Nothing else is a call: not JSON in prose, not a mark within a line, not a name that nobody knows, and not
arguments that are no JSON object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from pydantic_core import from_json

from ...types.blocks import ToolResultBlock, ToolUseBlock
from ...types.config import ToolSpec
from ..http.jsontext import dumped

OPEN, CLOSE, RESULT, FAILED = "[[call: ", "[[/call]]", "[[result: ", "[[error: "
END = "]]"


@dataclass(slots=True, frozen=True)
class SpokenCall:
    """A call as it was written."""

    name: str
    params: dict[str, Any]
    arguments: str


Part: TypeAlias = str | SpokenCall


def instructions(tools: Sequence[ToolSpec], choice: str) -> str:
    """What the system prompt says of the tools.

    Args:
        tools: The tools.
        choice: "auto", "required", or the name of a tool that must be called.
    """
    told = [f"- {spec.name}: {spec.description}\n  arguments: {_json(spec.parameters)}" for spec in tools]
    must = {"auto": "", "required": "You must call a tool now.\n"}.get(choice)
    if must is None:
        must = f"You must call the tool {choice} now.\n"
    return (
        "You can call tools. To call one, write these lines, exactly so, and nothing after them:\n"
        f"{OPEN}name of the tool{END}\n"
        "the arguments, as one JSON object that follows the tool's JSON Schema\n"
        f"{CLOSE}\n"
        "Several calls follow each other in that form. "
        f"Then stop: what they give comes in the next message, after {RESULT}name{END}. "
        "Never write that yourself.\n"
        f"{must}The tools:\n" + "\n".join(told)
    )


def call_text(block: ToolUseBlock) -> str:
    """A call of the history, as the model would write it."""
    return f"{OPEN}{block.name}{END}\n{block.arguments or _json(block.input)}\n{CLOSE}"


def result_head(block: ToolResultBlock) -> str:
    """What stands ahead of a result."""
    return f"{FAILED if block.is_error else RESULT}{block.tool_name}{END}"


def _json(value: object) -> str:
    return dumped(value).decode()


class CallReader:
    """Parts the calls in a text from everything else, however the text is cut.

    Only the line that may still grow into a mark is held back, and a call until it is closed.

    Args:
        names: The names of the tools.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {f"{OPEN}{name}{END}": name for name in names}
        self._begin()

    def _begin(self) -> None:
        self._line: list[str] = []
        """The pieces of the line that is being written, as far as they are held back."""
        self._plain = False
        """Whether a piece of that line was handed over, so that it is no mark."""
        self._call: list[str] = []
        """The lines of a call that is being written, from its mark on."""
        self._parts: list[Part] = []

    def feed(self, text: str) -> list[Part]:
        """What these characters complete: text, and calls."""
        line, *others = text.split("\n")
        self._add(line)
        for other in others:
            self._end_line()
            self._add(other)
        return self._taken()

    def end(self, *, whole: bool) -> list[Part]:
        """What is left of the text; the reader begins anew.

        Args:
            whole: Whether the model ended by itself: then a call may lack its closing mark.
        """
        rest = "".join(self._line)
        if self._call and rest.rstrip() == CLOSE:
            self._close(rest)
        elif self._call and whole:
            self._call.append(rest)
            self._close("")
        else:
            self._say("".join(self._call) + rest)
        parts = self._taken()
        self._begin()
        return parts

    def _taken(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts

    def _say(self, text: str) -> None:
        if self._parts and isinstance(self._parts[-1], str):
            self._parts[-1] += text
        elif text:
            self._parts.append(text)

    def _add(self, piece: str) -> None:
        """Write on in the line."""
        if not piece:
            return
        if self._call:
            self._line.append(piece)
            return
        if not self._plain:
            line = "".join([*self._line, piece])
            if line.rstrip() in self._names or any(mark.startswith(line) for mark in self._names):
                self._line = [line]
                return
            self._line, self._plain, piece = [], True, line
        self._say(piece)

    def _end_line(self) -> None:
        line = "".join(self._line)
        mark = line.rstrip()
        if mark in self._names:
            if self._call:
                self._close("")
            self._call = [f"{line}\n"]
        elif not self._call:
            self._say(f"{line}\n")
        elif mark == CLOSE:
            self._close(f"{line}\n")
        else:
            self._call.append(f"{line}\n")
        self._line, self._plain = [], False

    def _close(self, mark: str) -> None:
        """Make a call of what was gathered, if it is one; it stays text if it is not."""
        arguments = "".join(self._call[1:]).strip()
        params = _object(arguments)
        if params is None:
            self._say("".join(self._call) + mark)
        else:
            self._parts.append(SpokenCall(self._names[self._call[0].rstrip()], params, arguments))
        self._call = []


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = from_json(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
