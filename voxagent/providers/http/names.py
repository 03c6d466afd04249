"""Names of tools and ids of calls in letters that every service takes.

Services agree on names of at most 64 letters, digits, underscores and hyphens (OpenAI's limit is the
lowest), and Google wants no digit first. Any other name, a tool's own or one that a model invented, travels
as one made of it, the same one every time, and a call of it comes back under the tool's own name.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from zlib import crc32

from ...types.config import ModelSettings, ToolSpec
from ..base import ModelRequest
from ..chunks import StreamChunk, ToolCallDeltaChunk, ToolUseChunk

LONGEST = 64
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def wire_name(name: str) -> str:
    """A name that every service takes: the name itself, or one made of it."""
    if _NAME.fullmatch(name):
        return name
    return f"_{_FOREIGN.sub('_', name)[: LONGEST - 10]}_{_sum(name)}"


def wire_id(id: str, longest: int) -> str:
    """An id of at most so many characters: the id itself, or one made of it."""
    return id if len(id) <= longest else f"{id[: longest - 9]}_{_sum(id)}"


def _sum(text: str) -> str:
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"


@dataclass(slots=True, frozen=True)
class _Known:
    """Tools, the same under names that can travel, and these names with the tools' own."""

    specs: Sequence[ToolSpec] = ()
    told: Sequence[ToolSpec] = ()
    own: Mapping[str, str] = field(default_factory=dict[str, str])


class WireNames:
    """Gives tools names that can travel, and calls the tools' own names again."""

    def __init__(self) -> None:
        self._last = _Known()

    def of(self, request: ModelRequest) -> tuple[ModelRequest, Mapping[str, str]]:
        """The request as it can be sent, and by the names that were made for it the tools' own."""
        known = self._last
        if known.specs is not request.tools:
            known = self._last = _known(request.tools)
        if not known.own:
            return request, known.own
        settings: ModelSettings = {**request.settings}
        choice = settings.get("tool_choice")
        if choice is not None and choice in known.own.values():
            settings["tool_choice"] = wire_name(choice)
        return replace(request, tools=known.told, settings=settings), known.own


def _known(specs: Sequence[ToolSpec]) -> _Known:
    own = {wire_name(spec.name): spec.name for spec in specs if wire_name(spec.name) != spec.name}
    told = [replace(spec, name=wire_name(spec.name)) for spec in specs] if own else specs
    return _Known(specs, told, own)


async def named_again(
    chunks: AsyncGenerator[StreamChunk], own: Mapping[str, str]
) -> AsyncGenerator[StreamChunk]:
    """An answer whose calls have the tools' own names."""
    async with aclosing(chunks) as answer:
        async for chunk in answer:
            match chunk:
                case ToolUseChunk(tool_call=call) if call.name in own:
                    yield ToolUseChunk(replace(call, name=own[call.name]))
                case ToolCallDeltaChunk(name=name) if name in own:
                    yield replace(chunk, name=own[name])
                case _:
                    yield chunk
