"""What Ollama's errors mean, and what helps. An error has words and a status, inside an answer words only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import BadRequestError, ModelNotFoundError, ProviderError
from ..openai.failures import failure, http_failure

MISSING = re.compile(r"model ['\"]?(?P<name>[^'\"\s]+)['\"]? not found")
UNABLE = re.compile(r"does not support (?P<what>tools|thinking|\w+)")
REMEDIES: Mapping[str, str] = {
    "tools": "choose a model that can call tools, or give the agent none",
    "thinking": "choose a model that thinks, or leave the setting 'thinking' out",
}


def http_error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What an answer that is not 2xx means; headers have lower-case names."""
    return _advised(http_failure(status, headers, body))


def line_error(told: object) -> ProviderError:
    """What an error inside an answer means."""
    return _advised(failure(told))


def _advised(error: ProviderError) -> ProviderError:
    """The error, with what would be right where that is known."""
    missing, unable = MISSING.search(error.message), UNABLE.search(error.message)
    advice = ""
    if isinstance(error, ModelNotFoundError) and missing is not None:
        advice = f"get it with 'ollama pull {missing['name']}', or choose one of list_models()"
    elif isinstance(error, BadRequestError) and unable is not None:
        advice = REMEDIES.get(unable["what"], "")
    if advice:
        error.args = (f"{error.message}: {advice}", *error.args[1:])
    return error
