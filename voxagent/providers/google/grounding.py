"""What an answer rests on: the sources of Google's searches, as citations of the text and as they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...types.blocks import ProviderBlock
from .errors import objects

KINDS = ("groundingMetadata", "urlContextMetadata", "citationMetadata")


class Grounding:
    """Gathers what the chunks of one answer tell of sources; each tells all that is known so far."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Any]] = {}

    def note(self, candidate: Mapping[str, Any]) -> None:
        """Take what a chunk tells."""
        for kind in KINDS:
            told = candidate.get(kind)
            if isinstance(told, Mapping) and told:
                known = self._told.setdefault(kind, {})
                known.update(
                    (name, value) for name, value in cast("Mapping[str, Any]", told).items() if value
                )

    @property
    def citations(self) -> tuple[Mapping[str, Any], ...]:
        """A citation for each passage that rests on sources, with them; else one for each source."""
        grounding = self._told.get("groundingMetadata", {})
        sources = objects(grounding.get("groundingChunks"))
        passages = objects(grounding.get("groundingSupports"))
        found = [{**passage, "sources": _of(passage, sources)} for passage in passages] or sources
        quoted = self._told.get("citationMetadata", {})
        quotes = objects(quoted.get("citationSources")) + objects(quoted.get("citations"))
        return (*found, *quotes)

    def block(self, provider: str) -> ProviderBlock | None:
        """All that was told, as it came."""
        return ProviderBlock(provider, dict(self._told)) if self._told else None


def _of(passage: Mapping[str, Any], sources: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    places = passage.get("groundingChunkIndices")
    if not isinstance(places, Sequence):
        return []
    known = range(len(sources))
    return [
        sources[place] for place in cast("Sequence[object]", places) if type(place) is int and place in known
    ]
