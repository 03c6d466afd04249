"""Chat Completions, spoken by OpenAI and by nearly every other service that runs models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError
from ...types.config import ModelSettings, OutputSpec
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
        warn: Is told, in a sentence, of each thing that a request asks for and that is not sent, because the
            model or the server does not take it.
    """

    def __init__(self, dialect: ChatDialect | None = None, warn: Warn = silent) -> None:
        self.dialect = dialect or ChatDialect()
        self._warn = warn
        self._key = key_for("chat", self.dialect)
        self._messages = ChatMessages(self.dialect, warn)
        self._tools = Tools(wrapped=True, strict=self.dialect.strict, warn=warn)

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request, as a stream; the bytes of each message are kept in the message."""
        extra = request.settings.get("extra_body") or {}
        head = merged(self._head(request, bool(request.tools or extra.get("tools"))), extra)
        system = {"role": self._system_role(request.model), "content": request.system}
        first = system if request.system else None
        messages = message_pieces(request.messages, self._key, self._messages.of, first)
        return body_of(head, "messages", messages, self._tools.joined(request.tools))

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer; the answer itself tells whether it is a stream."""
        return AnswerDecoder(ChatReader(self.dialect))

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return http_failure(status, headers, body)

    def _head(self, request: ModelRequest, tools: bool) -> dict[str, Any]:
        """Everything but the conversation and the tools."""
        settings, model = request.settings, request.model
        head: dict[str, Any] = {"model": model, "stream": True}
        if self.dialect.stream_options:
            head["stream_options"] = {"include_usage": True}
        head.update(taken(settings, model, self._fields(tools), self._warn))
        if "thinking" in settings:
            head.update(self._thinking(settings, model))
        if tools and "tool_choice" in settings:
            head["tool_choice"] = self._choice(settings["tool_choice"])
        if request.output is not None:
            head["response_format"] = self._format(request.output)
        return head

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

    def _thinking(self, settings: ModelSettings, model: str) -> dict[str, Any]:
        thinking = settings.get("thinking", "off")
        effort = effort_of(thinking, model, self._warn)
        if effort is None:
            return {}
        if not self.dialect.effort:
            self._warn(f"{model} does not take the setting 'thinking': it is dropped")
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

    def _format(self, output: OutputSpec) -> dict[str, Any]:
        return {"type": "json_schema", "json_schema": self._tools.output(output)}

    def _system_role(self, model: str) -> str:
        if model.startswith(UNSYSTEMATIC):
            return "user"
        return "developer" if self.dialect.developer and thinks(model) else "system"
