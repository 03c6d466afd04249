"""Chat Completions, spoken by OpenAI and by nearly every other service that runs models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ProviderError
from ...types.config import OutputSpec, Thinking
from ...types.message import Message
from ...types.native import NativeTool, ProviderTool
from ..base import ModelRequest
from ..http.jsontext import dumped
from ..http.native import lowered, refusal
from ..http.wire import Decoder
from .caching import cache_fields
from .chat_decoder import ChatReader
from .chat_messages import BRIDGE, ChatMessages
from .dialects import ChatDialect
from .failures import http_failure
from .framing import AnswerDecoder
from .models import Warn, effort_of, level_of, merged, silent, taken, thinks
from .native import for_chat
from .tools import Tools
from .wirebytes import body_of, key_for, message_pieces

UNSYSTEMATIC = ("o1-mini", "o1-preview")
"""Models that take no system prompt; they read it as the user's first words."""
NOTED = Message("assistant", BRIDGE)
SILENCE = Message("user", "(nothing was said)")
"""Stands ahead of a conversation that the assistant begins, where the user has to."""
GO_ON = Message("user", "Go on.")
"""Stands behind an answer that is to be continued, where the assistant cannot have the last word."""


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
        instructions = self._system(request)
        system = {"role": self._system_role(request.model), "content": instructions} if instructions else None
        messages = self._pieces(request.messages, system)
        return body_of(head, "messages", messages, self._tools.of(request.tools).data)

    def _pieces(self, messages: Sequence[Message], first: Mapping[str, Any] | None) -> list[bytes]:
        """The conversation, in the order that the server wants."""
        said = self._bridged(messages) if self.dialect.bridge else messages
        if self.dialect.framed:
            said = self._framed(said)
        if not self.dialect.prefix or not said or said[-1].role != "assistant":
            return message_pieces(said, self._key, self._messages.of, first)
        begun = [b"," + dumped({**each, "prefix": True}) for each in self._messages.of(said[-1])]
        pieces = [piece for piece in message_pieces(said[:-1], self._key, self._messages.of, first) if piece]
        return [*pieces, *begun] if pieces else [each[1:] for each in begun]

    def _bridged(self, messages: Sequence[Message]) -> list[Message]:
        """The messages with a word of the assistant wherever the user follows the results of tools."""
        found: list[Message] = []
        waiting = False
        for message in messages:
            if message.role == "assistant":
                waiting = waiting and not self._messages.of(message)
            elif message.tool_results:
                waiting = True
            elif waiting:
                found.append(NOTED)
                waiting = False
            found.append(message)
        return found

    def _framed(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The conversation from the user's first word to the user's last, or to the answer that is begun."""
        is_sent = self._messages.of
        begin, end = 0, len(messages)
        while begin < end and not is_sent(messages[begin]):
            begin += 1
        while begin < end and not is_sent(messages[end - 1]):
            end -= 1
        said = messages[begin:end]
        first = [] if said and said[0].role != "assistant" else [SILENCE]
        last = [GO_ON] if said and said[-1].role == "assistant" and not self.dialect.prefix else []
        return [*first, *said, *last]

    def _system(self, request: ModelRequest) -> str:
        """The system prompt, with the schema of the output where nothing else tells the model of it."""
        if request.output is None or self.dialect.schema:
            return request.system
        return "\n\n".join(filter(None, [request.system, _in_words(request.output)]))

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The protocol has no headers of its own."""
        return {}

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; complete once its body is built."""
        told = lowered(for_chat, request.native_tools, request.model).warnings
        if request.settings:
            self._asked(request, told.append)
        if request.output is not None and self.dialect.schema:
            told += self._tools.output(request.output)[1]
        elif request.output is not None:
            told.append(f"the output {request.output.name!r} is asked for in words, but not enforced")
        return [*told, *self._tools.of(request.tools).warnings, *self._messages.warnings]

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that the service runs itself, "" if it can."""
        return refusal(for_chat, tool, model)

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
        if request.output is not None and self.dialect.schema:
            told, _ = self._tools.output(request.output)
            head["response_format"] = {"type": "json_schema", "json_schema": told}
        elif request.output is not None:
            head["response_format"] = {"type": "json_object"}
        if request.native_tools:
            native = lowered(for_chat, request.native_tools, request.model)
            head |= {**native.fields, **({"tools": native.tools} if native.tools else {})}
        return head

    def _asked(self, request: ModelRequest, warn: Warn) -> dict[str, Any]:
        """The settings in the API's words."""
        settings = request.settings
        if not settings and self.dialect.thinks is None:
            return {}
        native = any(isinstance(tool, NativeTool) for tool in request.native_tools)
        tools = bool(request.tools or native or settings.get("extra_body", {}).get("tools"))
        asked = taken(settings, request.model, self._fields(tools), warn)
        asked.update(self._thinking(settings.get("thinking"), request.model, warn))
        if tools and "tool_choice" in settings:
            choice = settings["tool_choice"]
            if not self.dialect.forces and choice not in ("auto", "none"):
                choice = self._unforced(choice, request, asked, warn)
            asked["tool_choice"] = self._choice(choice)
        return asked | cache_fields(settings, request.model, warn)

    def _unforced(self, choice: str, request: ModelRequest, asked: dict[str, Any], warn: Warn) -> str:
        """A choice that a model may not be forced to while it thinks; thinking unasked is switched off."""
        thinking = request.settings.get("thinking")
        if thinking is None:
            warn("this model is not forced to call a tool while it thinks: it does not think")
            asked.update(self._thinking("off", request.model, silent))
        elif level_of(thinking) != "none":
            warn("this model is not forced to call a tool while it thinks: it may choose")
            return "auto"
        return choice

    def _fields(self, tools: bool) -> dict[str, str]:
        fields = {
            "temperature": "temperature",
            "top_p": "top_p",
            "max_tokens": self.dialect.max_tokens,
            "stop": "stop",
            "seed": self.dialect.seed,
        }
        if tools:
            fields["parallel_tool_calls"] = "parallel_tool_calls" if self.dialect.parallel_tool_calls else ""
        return fields

    def _thinking(self, thinking: Thinking | None, model: str, warn: Warn) -> dict[str, Any]:
        if self.dialect.thinks is not None:
            return self.dialect.thinks(thinking, model, warn)
        if thinking is None:
            return {}
        effort = effort_of(thinking, model, warn)
        if effort is None:
            return {}
        if not self.dialect.effort:
            warn("the setting 'thinking' is not taken: it was left out")
            return {}
        if self.dialect.effort == "reasoning_effort":
            return {"reasoning_effort": effort}
        by_budget = isinstance(thinking, int) and thinking > 0
        return {"reasoning": {"max_tokens": thinking} if by_budget else {"effort": effort}}

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


def _in_words(output: OutputSpec) -> str:
    """The schema as an instruction."""
    about = f" ({output.description})" if output.description else ""
    schema = dumped(output.schema).decode()
    return f"Answer with a JSON object{about} and nothing else. Its JSON schema is:\n{schema}"
