"""What OpenAI takes of the setting `cache`.

It keeps what it reads by itself, for some minutes at least and for nothing; only to keep it longer, or not
at all, must be asked for (platform.openai.com/docs/guides/prompt-caching). Models from gpt-5.6 on have an
object of options, the earlier ones a single field.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from ...types.config import ModelSettings
from ..http.caching import cache_of
from .models import Warn

Version: TypeAlias = tuple[int, int]

_VERSION = re.compile(r"gpt-(\d+)(?:\.(\d+))?")
OPTIONS: Version = (5, 6)
"""The first version that takes `prompt_cache_options`."""
RETENTION: Version = (4, 1)
"""The first version that takes `prompt_cache_retention`."""


def cache_fields(settings: ModelSettings, model: str, warn: Warn) -> dict[str, Any]:
    """The fields of the body that say how long what is read is kept."""
    kept = cache_of(settings)
    if kept in (None, "5m"):
        return {}
    version = _version_of(model)
    if version >= OPTIONS:
        return {"prompt_cache_options": {"mode": "explicit"} if kept == "off" else {"ttl": "12h"}}
    if kept == "1h" and version >= RETENTION:
        return {"prompt_cache_retention": "24h"}
    warn(f"the setting cache={settings.get('cache')!r} is not taken: what is kept, the service decides")
    return {}


def _version_of(model: str) -> Version:
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
