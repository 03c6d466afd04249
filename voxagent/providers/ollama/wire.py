"""Ollama's own protocol, `POST /api/chat`: what its OpenAI-compatible one has no words for is here.

That is the room for the conversation (`num_ctx`), how long the model stays loaded, thinking that is sent
back, and a schema that the text is held to.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ProviderError
from ..base import ModelRequest
from ..http.wire import Decoder
from ..openai.models import merged, silent
from ..openai.tools import Tools
from ..openai.wirebytes import body_of, key_for, message_pieces
from .decoder import OllamaDecoder
from .errors import http_error
from .messages import OllamaMessages
from .settings import OllamaOptions, asked_of, instructions_of, takes_tools


class OllamaWire:
    """The protocol of `POST /api/chat`.

    Args:
        options: How it is spoken.
    """

    def __init__(self, options: OllamaOptions | None = None) -> None:
        self.options: OllamaOptions = options or OllamaOptions()
        self._key = key_for("ollama", self.options.provider)
        self._messages = OllamaMessages(self.options.provider)
        self._tools = Tools(wrapped=True, strict=False)

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request, as a stream; the bytes of each message are kept in the message."""
        extra = request.settings.get("extra_body") or {}
        head = merged(asked_of(request, self.options, silent), extra)
        instructions = instructions_of(request)
        first = {"role": "system", "content": instructions} if instructions else None
        messages = message_pieces(request.messages, self._key, self._messages.of, first)
        tools = self._tools.of(request.tools).data if takes_tools(request) else b""
        return body_of(head, "messages", messages, tools)

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The protocol has no headers of its own."""
        return {}

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; complete once its body is built."""
        told: list[str] = []
        asked_of(request, self.options, told.append)
        return [*told, *self._messages.warnings]

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer: lines of JSON, or one line."""
        return OllamaDecoder()

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return http_error(status, headers, body)
