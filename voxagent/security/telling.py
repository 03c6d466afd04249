"""Redact what a tool tells bit by bit, and leave each message whole where that does no harm."""

from __future__ import annotations

from .filters import StreamFilter

FEW = 3
"""Characters at the end of a word that no secret is expected to begin with, in the middle of it."""


class Telling(StreamFilter):
    """A stream of messages: most are told as they are, though their last letter might begin a secret.

    What is told early is the end of a word, of a few letters. If a secret comes of it all the same, its place
    is taken by the placeholder from there on.
    """

    __slots__ = ("_early",)

    _early: str

    def process_chunk(self, chunk: str) -> str:
        """Take the next message; return what is to be told now."""
        told = self._anew(super().process_chunk(chunk))
        held = self.held
        if 0 < held <= FEW and held < len(chunk) and chunk[-held - 1].isalnum():
            self._early = chunk[-held:]
            told += self._early
        return told

    def flush(self) -> str:
        """End the stream: return what was held back and not told early."""
        return self._anew(super().flush())

    def _anew(self, told: str) -> str:
        """What comes now, without what was told of it before."""
        early = getattr(self, "_early", "")
        if not early or not told:
            return told
        self._early = early[len(told) :] if early.startswith(told) else ""
        return told.removeprefix(early[: len(told)])
