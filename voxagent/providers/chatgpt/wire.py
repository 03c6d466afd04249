"""Responses as the backend of a ChatGPT subscription takes them.

It refuses a request without instructions, one that shall be stored, and any limit or sampling setting; how
much may be asked is the subscription's matter. When its limit is reached it says for how long.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ...errors import ProviderError
from ...types.config import ModelSettings
from ...types.native import ProviderTool
from ..base import ModelRequest
from ..http.jsontext import loaded
from ..http.wire import Decoder
from ..openai.dialects import ResponsesDialect
from ..openai.responses import ResponsesWire

INSTRUCTIONS = "You are a helpful assistant."
"""What stands for instructions that an agent has not."""
REFUSED = ("cache", "max_tokens", "temperature", "top_p")
HEADERS = {"openai-beta": "responses=experimental", "originator": "voxagent"}


class ChatGPTWire:
    """The protocol of `POST /codex/responses`."""

    def __init__(self) -> None:
        self._wire = ResponsesWire(ResponsesDialect("chatgpt"))

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request, as a stream; the bytes of each message are kept in the message."""
        return self._wire.body(_fitting(request))

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The headers that belong to the protocol."""
        return dict(HEADERS)

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; complete once its body is built."""
        lost = [name for name in REFUSED if name in request.settings]
        told = [f"the setting {name!r} is not taken by a subscription: it was left out" for name in lost]
        return [*told, *self._wire.warnings(_fitting(request))]

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that the service runs itself, "" if it can."""
        return self._wire.native_refusal(tool, model)

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer; the answer itself tells whether it is a stream."""
        return self._wire.decoder(content_type)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        error = self._wire.error(status, headers, body)
        if error.retry_after is None:
            error.retry_after = _resets_in(body)
        return error


def _fitting(request: ModelRequest) -> ModelRequest:
    taken = {name: value for name, value in request.settings.items() if name not in REFUSED}
    system = request.system if request.system.strip() else INSTRUCTIONS
    return replace(request, system=system, settings=cast("ModelSettings", taken))


def _resets_in(body: bytes) -> float | None:
    """Seconds until the subscription's limit is lifted, if an error tells."""
    try:
        error: Any = loaded(body)["error"]
        told = error.get("resets_in_seconds")
        if told is None and error.get("resets_at") is not None:
            told = float(error["resets_at"]) - time.time()
        return None if told is None else max(0.0, float(told))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
