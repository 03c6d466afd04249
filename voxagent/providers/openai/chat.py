"""Chat Completions, spoken by OpenAI and by nearly every other service that runs models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError
from ...types.config import Thinking
from ..base import ModelRequest
from ..http.wire import Decoder
from .chat_decoder import ChatReader
from .chat_messages import ChatMessages
from .dialects import ChatDialect
from .failures import http_failure
from .framing import AnswerDecoder
from .models import Warn, effort_of, merged, silent, taken, thinks
from .tools import Tools
from .wirebytes import body_of, key_for, message_pieces

UNSYSTEMATIC = ("o1-mini", "o1-preview")
"""Models that take no system prompt; they read it as the user's first words."""


class ChatWire:
    """The protocol of `POST /chat/completions`.

    Args:
        dialect: In what the server differs from OpenAI.
    """

    def __init__(self, dialect: ChatDialect | None = None) -> None:
        self.dialect: ChatDialect = dialect or ChatDialect()
        self._key = key_for("chat", self.dialect)
        self._messages = ChatMessages(self.dialect)
        self._tools = Tools(wrapped=True, strict=self.dialect.strict)

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request, as a stream; the bytes of each message are kept in the message."""
        extra = request.settings.get("extra_body") or {}
        head = merged({**self._head(request), **self._asked(request, silent)}, extra)
        system = {"role": self._system_role(request.model), "content": request.system}
        first = system if request.system else None
        messages = message_pieces(request.messages, self._key, self._messages.of, first)
        return body_of(head, "messages", messages, self._tools.of(request.tools).data)

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The protocol has no headers of its own."""
        return {}

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; complete once its body is built."""
        told: list[str] = []
        if request.settings:
            self._asked(request, told.append)
        if request.output is not None:
            told += self._tools.output(request.output)[1]
        return [*told, *self._tools.of(request.tools).warnings, *self._messages.warnings]

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer; the answer itself tells whether it is a stream."""
        return AnswerDecoder(ChatReader(self.dialect))

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return http_failure(status, headers, body)

    def _head(self, request: ModelRequest) -> dict[str, Any]:
        head: dict[str, Any] = {"model": request.model, "stream": True}
        if self.dialect.stream_options:
            head["stream_options"] = {"include_usage": True}
        if request.output is not None:
            told, _ = self._tools.output(request.output)
            head["response_format"] = {"type": "json_schema", "json_schema": told}
        return head

    def _asked(self, request: ModelRequest, warn: Warn) -> dict[str, Any]:
        """The settings in the API's words."""
        settings = request.settings
        tools = bool(request.tools or settings.get("extra_body", {}).get("tools"))
        asked = taken(settings, request.model, self._fields(tools), warn)
        if "thinking" in settings:
            asked.update(self._thinking(settings["thinking"], request.model, warn))
        if tools and "tool_choice" in settings:
            asked["tool_choice"] = self._choice(settings["tool_choice"])
        return asked

    def _fields(self, tools: bool) -> dict[str, str]:
        fields = {
            "temperature": "temperature",
            "top_p": "top_p",
            "max_tokens": self.dialect.max_tokens,
            "stop": "stop",
            "seed": "seed",
        }
        if tools:
            fields["parallel_tool_calls"] = "parallel_tool_calls" if self.dialect.parallel_tool_calls else ""
        return fields

    def _thinking(self, thinking: Thinking, model: str, warn: Warn) -> dict[str, Any]:
        effort = effort_of(thinking, model, warn)
        if effort is None:
            return {}
        if not self.dialect.effort:
            warn("the setting 'thinking' is not taken: it was left out")
            return {}
        if self.dialect.effort == "reasoning_effort":
            return {"reasoning_effort": effort}
        return {"reasoning": {"effort": effort} if isinstance(thinking, str) else {"max_tokens": thinking}}

    def _choice(self, choice: str) -> object:
        if choice in ("auto", "none"):
            return choice
        if choice == "required":
            return self.dialect.required
        return {"type": "function", "function": {"name": choice}}

    def _system_role(self, model: str) -> str:
        if model.startswith(UNSYSTEMATIC):
            return "user"
        return "developer" if self.dialect.developer and thinks(model) else "system"
