"""How many tokens a history may have, and how many its messages are."""

from __future__ import annotations

from collections.abc import Iterable

from ...types.blocks import ToolResultBlock
from ...types.message import Message
from ...types.tokens import message_weight

SHORT = 40
"""Characters of a result that is counted once for all messages that hold just that."""


class Budget:
    """The tokens that messages may have together, by the estimate of `count_message_tokens`.

    Each message is counted once, however often it is asked about; make one budget for each compaction.

    Args:
        tokens: What the messages may have; the system prompt and the tools are not among them.
        model: Name of the model that reads them, which tells how finely it cuts.
    """

    def __init__(self, tokens: int, model: str = "") -> None:
        self.tokens: int = tokens
        self.model: str = model
        self._short: dict[str, float] = {}
        self._counted: dict[int, float] = {}
        self._kept: list[Message] = []  # so that their ids stay their own

    def of(self, message: Message) -> float:
        """The tokens of a message, not rounded."""
        known = self._counted.get(id(message))
        if known is None:
            known = self._counted[id(message)] = self._count(message)
            self._kept.append(message)
        return known

    def _count(self, message: Message) -> float:
        content = message.content
        if isinstance(content, str) or len(content) != 1 or not isinstance(content[0], ToolResultBlock):
            return message_weight(message, self.model)
        said = content[0].content
        if not isinstance(said, str) or len(said) > SHORT:
            return message_weight(message, self.model)
        known = self._short.get(said)
        if known is None:
            known = self._short[said] = message_weight(message, self.model)
        return known

    def total(self, messages: Iterable[Message]) -> float:
        """The tokens of messages together, not rounded."""
        known, found = self._counted, 0.0
        for message in messages:
            counted = known.get(id(message))
            found += self.of(message) if counted is None else counted
        return found

    def fits(self, messages: Iterable[Message]) -> bool:
        """Whether messages have no more tokens than they may."""
        return self.total(messages) <= self.tokens
