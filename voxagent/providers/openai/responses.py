"""Responses, OpenAI's own protocol. The service keeps nothing: a request carries the whole conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError
from ...types.native import ProviderTool
from ..base import ModelRequest
from ..http.counting import only
from ..http.native import lowered, refusal
from ..http.wire import Decoder
from .caching import cache_fields
from .dialects import ResponsesDialect
from .failures import http_failure
from .framing import AnswerDecoder
from .models import Warn, effort_of, merged, silent, taken, takes_reasoning, thinks
from .native import for_responses
from .responses_decoder import ResponsesReader
from .responses_messages import ResponsesMessages
from .tools import Tools
from .wirebytes import body_of, key_for, message_pieces

FIELDS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_output_tokens",
    "stop": "",
    "seed": "",
}
"""What the API calls the settings; it has no words for two of them."""
COUNTED = (
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "truncation",
)
"""The fields of a request that its count of tokens takes."""


class ResponsesWire:
    """The protocol of `POST /responses`, always with `store: false` and never with `previous_response_id`.

    Args:
        dialect: In what the server differs from OpenAI.
    """

    def __init__(self, dialect: ResponsesDialect | None = None) -> None:
        self.dialect: ResponsesDialect = dialect or ResponsesDialect()
        self._key = key_for("responses", self.dialect)
        self._unreasoned = key_for("responses without reasoning", self.dialect)
        self._messages = ResponsesMessages(self.dialect.provider)
        self._tools = Tools(wrapped=False, strict=self.dialect.strict)

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request, as a stream; the bytes of each message are kept in the message."""
        extra = request.settings.get("extra_body") or {}
        head = merged({**self._head(request), **self._asked(request, silent)}, extra)
        if takes_reasoning(request.model):
            messages = message_pieces(request.messages, self._key, self._messages.of)
        else:
            messages = message_pieces(request.messages, self._unreasoned, self._messages.unreasoned)
        return body_of(head, "input", messages, self._tools.of(request.tools).data)

    def count_url(self, url: str) -> str:
        """Where tokens are counted."""
        return f"{url}/input_tokens"

    def count_body(self, request: ModelRequest) -> bytes:
        """The body that asks for the count: it takes what is read, and nothing of how it is answered."""
        return only(self.body(request), COUNTED)

    def counted(self, answer: Mapping[str, Any]) -> int:
        """The tokens in an answer."""
        return int(answer["input_tokens"])

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The protocol has no headers of its own."""
        return {}

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; complete once its body is built."""
        told = lowered(for_responses, request.native_tools, request.model).warnings
        if request.settings:
            self._asked(request, told.append)
        if request.output is not None:
            told += self._tools.output(request.output)[1]
        return [*told, *self._tools.of(request.tools).warnings, *self._messages.warnings]

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that the service runs itself, "" if it can."""
        return refusal(for_responses, tool, model)

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer; the answer itself tells whether it is a stream."""
        return AnswerDecoder(ResponsesReader(self.dialect))

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return http_failure(status, headers, body)

    def _head(self, request: ModelRequest) -> dict[str, Any]:
        model, encrypted = request.model, self.dialect.encrypted
        head: dict[str, Any] = {"model": model, "stream": True, "store": False}
        if request.system:
            head["instructions"] = request.system
        if encrypted or (encrypted is None and thinks(model)):
            head["include"] = ["reasoning.encrypted_content"]
        if request.output is not None:
            told, _ = self._tools.output(request.output)
            head["text"] = {"format": {"type": "json_schema", **told}}
        if request.native_tools:
            native = lowered(for_responses, request.native_tools, model)
            head |= {**native.fields, "tools": native.tools}
        return head

    def _asked(self, request: ModelRequest, warn: Warn) -> dict[str, Any]:
        """The settings in the API's words."""
        settings, model = request.settings, request.model
        tools = bool(request.tools or request.native_tools or settings.get("extra_body", {}).get("tools"))
        fields = {**FIELDS, "parallel_tool_calls": "parallel_tool_calls"} if tools else FIELDS
        asked = taken(settings, model, fields, warn)
        if "thinking" in settings:
            asked.update(self._reasoning(effort_of(settings["thinking"], model, warn)))
        if tools and "tool_choice" in settings:
            choice = settings["tool_choice"]
            named = choice not in ("auto", "none", "required")
            asked["tool_choice"] = {"type": "function", "name": choice} if named else choice
        return asked | cache_fields(settings, model, warn)

    def _reasoning(self, effort: str | None) -> dict[str, Any]:
        if effort is None:
            return {}
        summary = {"summary": self.dialect.summary} if self.dialect.summary and effort != "none" else {}
        return {"reasoning": {"effort": effort, **summary}}
