"""What has happened since the user spoke: the prompt, the tools that were called, what they gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from pydantic_core import from_json

from ...types.blocks import ToolResultBlock, ToolUseBlock
from ...types.message import Message
from .data import fields_of, items_of

OUTPUT_TOOL = "final_result"
REFUSALS = ("invalid arguments: ", "that is no valid JSON", "Give the answer by calling the tool")
"""How a message of the agent begins that asks for the output once more."""


@dataclass(frozen=True)
class Exchange:
    """A tool call and what it gave."""

    call: ToolUseBlock
    result: ToolResultBlock

    @property
    def ok(self) -> bool:
        """Whether the tool did its work."""
        return not self.result.is_error

    @cached_property
    def value(self) -> object:
        """The result as data where it is JSON, else as text."""
        text = self.result.text.strip()
        if text[:1] in ("[", "{", '"') or text in ("true", "false", "null"):
            try:
                return from_json(text)
            except ValueError:
                return text
        return text


@dataclass(slots=True, frozen=True)
class Turn:
    """One prompt and the work on it so far.

    Args:
        prompt: Everything that the user said in it.
        earlier: What the user said before, oldest first.
        exchanges: The calls of tools that were answered, in order.
        rounds: How many answers of the model called tools.
        refused: How many outputs were refused.
    """

    prompt: str
    earlier: Sequence[str] = ()
    exchanges: Sequence[Exchange] = ()
    rounds: int = 0
    refused: int = 0

    @property
    def good(self) -> list[Exchange]:
        """The calls that did their work."""
        return [each for each in self.exchanges if each.ok]

    def known(self) -> dict[str, object]:
        """Values by name: the fields of what tools gave, and plain values by the name of their tool."""
        found: dict[str, object] = {}
        for each in self.good:
            found[each.call.name] = each.value
            found.update(_named(each.value))
        return found

    def rows(self) -> list[object]:
        """The items of all lists that tools gave."""
        lists = [items_of(each.value) for each in self.good]
        nested = [items_of(value) for value in self.known().values()]
        return [item for items in (lists if any(lists) else nested) for item in items]


def _named(value: object) -> Iterator[tuple[str, object]]:
    """Names and values of all objects in a value; those further out come last, and win."""
    for each in reversed([*items_of(value), *fields_of(value).values()]):
        yield from _named(each)
    yield from fields_of(value).items()


@dataclass(slots=True)
class _Reader:
    said: list[str] = field(default_factory=list[str])
    earlier: list[str] = field(default_factory=list[str])
    calls: dict[str, ToolUseBlock] = field(default_factory=dict[str, ToolUseBlock])
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    rounds: int = 0
    refused: int = 0
    closed: bool = False

    def read(self, message: Message) -> None:
        if message.role == "user":
            self._user(message)
            return
        self.closed = not message.tool_calls
        ordinary = [call for call in message.of(ToolUseBlock) if not call.name.startswith(OUTPUT_TOOL)]
        self.rounds += bool(ordinary)
        self.calls |= {call.id: call for call in message.of(ToolUseBlock)}

    def _user(self, message: Message) -> None:
        for result in message.tool_results:
            self._result(result)
        if message.text.startswith(REFUSALS):
            self.closed = False
            self.refused += 1
            return
        if not message.text.strip():
            return
        if self.closed:
            self.earlier += self.said
            self.said, self.exchanges, self.rounds, self.refused = [], [], 0, 0
            self.closed = False
        self.said.append(message.text.strip())

    def _result(self, result: ToolResultBlock) -> None:
        call = self.calls.get(result.tool_use_id)
        if call is None:
            return
        if not call.name.startswith(OUTPUT_TOOL):
            self.exchanges.append(Exchange(call, result))
        elif result.is_error:
            self.refused += 1
        else:
            self.closed = True


def read_turn(messages: Sequence[Message]) -> Turn:
    """The turn that a conversation is in."""
    reader = _Reader()
    for message in messages:
        reader.read(message)
    return Turn("\n".join(reader.said), reader.earlier, reader.exchanges, reader.rounds, reader.refused)


def call_ids(messages: Sequence[Message]) -> Iterator[str]:
    """Ids for new calls, counted on from those in the conversation: call_1, call_2 ..."""
    taken = {call.id for message in messages for call in message.of(ToolUseBlock)}
    return (id for number in count(len(taken) + 1) if (id := f"call_{number}") not in taken)
