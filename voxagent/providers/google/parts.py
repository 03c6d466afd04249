"""The parts of an answer, as chunks.

Text and thoughts come in pieces, and pieces of one kind in a row are one block. A seal ends its part. Calls
come whole. What Google's own tools did, and what this version does not know, is kept as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...types.blocks import AudioBlock, ImageBlock, ProviderBlock, TextBlock, ThinkingBlock
from ..calls import read_call, unique_id
from ..chunks import (
    BlockChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from ..http.jsontext import dumped
from .contents import MADE
from .seals import SEAL, seal_behind

Citations = Callable[[], tuple[Mapping[str, Any], ...]]


class Parts:
    """Gathers the parts of one answer.

    Args:
        provider: Name on blocks that only this provider can read.
        citations: What is known, by then, of the sources of a text.
    """

    def __init__(self, provider: str, citations: Citations) -> None:
        self.pieces: list[str] = []
        """All text so far."""
        self.called: bool = False
        self._provider = provider
        self._citations = citations
        self._from = 0
        """Where in the pieces the text that is being written begins."""
        self._thoughts: list[str] = []
        self._taken: set[str] = set()

    def take(self, part: Mapping[str, Any], chunks: list[StreamChunk]) -> None:
        """A part came; raises what reading a value raises that has not the shape it should have."""
        seal = part.get(SEAL)
        if seal is not None and type(seal) is not str:
            raise TypeError("a seal that is no text")
        if "text" in part:
            if type(part["text"]) is not str:
                raise TypeError("text that is no text")
            write = self._think if part.get("thought") else self._write
            write(part["text"], seal, chunks)
            return
        self.close(chunks)
        if "functionCall" in part:
            self._call(part["functionCall"], seal, chunks)
        elif "inlineData" in part and not part.get("thought"):
            self._show(part, seal, chunks)
        elif part:
            self._keep(part, chunks)

    def close(self, chunks: list[StreamChunk]) -> None:
        """Whatever is being written is complete."""
        self._end_thought(None, chunks)
        self._end_text(chunks)

    def _keep(self, part: Mapping[str, Any], chunks: list[StreamChunk]) -> None:
        chunks.append(BlockChunk(ProviderBlock(self._provider, dict(part))))

    def _write(self, text: str, seal: str | None, chunks: list[StreamChunk]) -> None:
        self._end_thought(None, chunks)
        if text:
            self.pieces.append(text)
            chunks.append(TextDeltaChunk(text))
        if not seal:
            return
        whole = self._end_text(chunks)
        if text:
            length = len(text) if len(text) < whole else None
            chunks.append(BlockChunk(seal_behind(self._provider, seal, length)))
        elif whole:
            self._keep({"text": "", SEAL: seal}, chunks)
        else:  # thoughts that are nowhere but in their seal: no answer by themselves
            chunks.append(BlockChunk(ThinkingBlock("", seal, redacted=True, provider=self._provider)))

    def _end_text(self, chunks: list[StreamChunk]) -> int:
        """The text is complete; gives its length."""
        text, self._from = "".join(self.pieces[self._from :]), len(self.pieces)
        citations = self._citations() if text else ()
        if citations:
            chunks.append(BlockChunk(TextBlock(text, citations)))
        return len(text)

    def _think(self, text: str, seal: str | None, chunks: list[StreamChunk]) -> None:
        self._end_text(chunks)
        if seal:
            self._end_thought(None, chunks)
        if text:
            self._thoughts.append(text)
            chunks.append(ThinkingDeltaChunk(text))
        if seal:
            self._end_thought(seal, chunks)

    def _end_thought(self, seal: str | None, chunks: list[StreamChunk]) -> None:
        text, self._thoughts = "".join(self._thoughts), []
        if text or seal:
            chunks.append(BlockChunk(ThinkingBlock(text, seal, provider=self._provider)))

    def _call(self, call: Mapping[str, Any], seal: str | None, chunks: list[StreamChunk]) -> None:
        given, name = call.get("id") or "", call.get("name") or ""
        if type(given) is not str or type(name) is not str:
            raise TypeError("a call whose id or name is no text")
        id = unique_id(given or f"{MADE}{len(self._taken) + 1}", self._taken)
        self._taken.add(id)
        arguments: object = call.get("args")
        self.called = True
        if isinstance(arguments, str):  # not Google's doing, and nothing to be shown
            chunks.append(ToolUseChunk(read_call(id, name, arguments, seal)))
            return
        written = "{}" if arguments is None else dumped(arguments).decode()
        chunks.append(ToolCallDeltaChunk(id, name, written))
        chunks.append(ToolUseChunk(read_call(id, name, written, seal)))

    def _show(self, part: Mapping[str, Any], seal: str | None, chunks: list[StreamChunk]) -> None:
        """A picture or sound that the model made."""
        media, data = part["inlineData"].get("mimeType"), part["inlineData"].get("data")
        if type(media) is not str or type(data) is not str:
            raise TypeError("media that is none")
        if media.startswith("image/"):
            chunks.append(BlockChunk(ImageBlock(media, data)))
        elif media.startswith("audio/"):
            chunks.append(BlockChunk(AudioBlock(media, data)))
        else:
            self._keep(part, chunks)
            return
        if seal:
            chunks.append(BlockChunk(seal_behind(self._provider, seal)))
