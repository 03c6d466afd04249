"""The setting `cache`, read."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ...errors import ConfigError
from ...types.config import ModelSettings

Kept: TypeAlias = Literal["5m", "1h", "off"]


def cache_of(settings: ModelSettings) -> Kept | None:
    """How long what is read shall be kept; None if nothing is said. True is as long as is usual."""
    given: object = settings.get("cache")
    match given:
        case None:
            return None
        case True:
            return "5m"
        case False:
            return "off"
        case "5m":
            return "5m"
        case "1h":
            return "1h"
        case _:
            raise ConfigError(f"settings: cache={given!r} is none of True, False, '5m' and '1h'")
