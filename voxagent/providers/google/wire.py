"""The Gemini API as a wire: requests to bytes; answers are read in `decoder`.

A body is joined from parts that are kept: each message's bytes in the message, a tool's bytes beside its
description. Contents of one role in a row are one, because a turn of function calls must follow a turn of
the user's. The model and the wish for a stream stand in the address, not in the body.

The API: ai.google.dev/api/generate-content; Vertex AI takes the same bodies.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, cast

from ...errors import ProviderError
from ...types.message import Message
from ...types.native import ProviderTool
from ..base import ModelRequest
from ..http.bodies import has_late_results, merged
from ..http.counting import only
from ..http.jsontext import dumped
from ..http.native import NativeTools, lowered, refusal
from ..http.settled import newest
from ..http.wire import Decoder
from .contents import check_media, parts_of
from .decoder import AnswerDecoder
from .errors import http_error
from .models import traits_of
from .native import beside_functions, for_gemini
from .settings import Warn, generation_of, tool_choice_of
from .tools import Tools

PROVIDER = "google"
"""Name on the blocks that only this provider can read again."""
SILENCE = b'{"role":"user","parts":[{"text":"(nothing was said)"}]}'
"""Stands ahead of a conversation that the model begins, for its calls must follow a turn of the user's; and
alone where there is no conversation at all, for an empty one is refused."""
COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")
"""What Vertex AI takes to count tokens."""
_KEYS = {newer: sys.intern(f"contents of {PROVIDER}, {newer}") for newer in (False, True)}
"""What the kept bytes of a message depend on."""


class GeminiWire:
    """Speaks the Gemini API.

    Args:
        vertex: Whether Vertex AI is spoken to, which has no word for the calls of its own tools.
    """

    def __init__(self, *, vertex: bool = False) -> None:
        self.vertex: bool = vertex
        self._tools = Tools()

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The protocol has no headers of its own."""
        return {}

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; the same text for the same thing every time."""
        told: list[str] = []
        self._head(request, told.append)
        return [*told, *self._tools.of(request.tools).warnings]

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request.

        Raises:
            ConfigError: there is something in the conversation that the API has no form for.
        """
        extra = request.settings.get("extra_body", {})
        head = merged(self._head(request, _silent), {name: extra[name] for name in extra if name != "tools"})
        parts: list[bytes] = [dumped(head)[:-1]]
        newer = traits_of(request.model).newer
        if "contents" not in head:
            check_media(newest(request.messages))
            parts += [
                b',"contents":[' if head else b'"contents":[',
                *self._contents(request.messages, newer),
                b"]",
            ]
        tools = self._tool_list(request, cast("Sequence[object]", extra.get("tools", ())))
        if tools:
            parts += [b',"tools":[', b",".join(tools), b"]"]
        return b"".join([*parts, b"}"])

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer, which tells by itself whether it is a stream."""
        return AnswerDecoder(PROVIDER)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return http_error(status, headers, body)

    def count_url(self, url: str) -> str:
        """Where tokens are counted: at the model's address, which a stream's question is put behind."""
        return url.partition(":streamGenerateContent")[0] + ":countTokens"

    def count_body(self, request: ModelRequest) -> bytes:
        """The body that asks for the count: the request in it is named by its model, here as well."""
        if self.vertex:
            return only(self.body(request), COUNTED)
        model = request.model if "/" in request.model else f"models/{request.model}"
        return b'{"generateContentRequest":{"model":%s,%s}' % (dumped(model), self.body(request)[1:])

    def counted(self, answer: Mapping[str, Any]) -> int:
        """The tokens in an answer."""
        return int(answer["totalTokens"])

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that the service runs itself, "" if it can."""
        return refusal(for_gemini, tool, model)

    def _head(self, request: ModelRequest, warn: Warn) -> dict[str, Any]:
        """Everything but the conversation and the tools."""
        native = lowered(for_gemini, request.native_tools, request.model)
        generation, system = generation_of(request, warn), request.system
        if request.output is not None:
            held = self._tools.output(request.output)
            for warning in held.warnings:
                warn(warning)
            if self._holds(request, native, warn):
                generation |= {"responseMimeType": "application/json", "responseJsonSchema": held.schema}
            else:
                system = "\n\n".join(filter(None, [system, held.prompt]))
        told: dict[str, Any] = {}
        if system.strip():
            told["systemInstruction"] = {"parts": [{"text": system}]}
        if generation:
            told["generationConfig"] = generation
        config = tool_choice_of(request, warn)
        if request.tools and native.tools:
            config |= beside_functions(request.model, native, vertex=self.vertex)
        for warning in native.warnings:
            warn(warning)
        return {**told, "toolConfig": config} if config else told

    def _holds(self, request: ModelRequest, native: NativeTools, warn: Warn) -> bool:
        """Whether the model can be held to a schema; older ones cannot while they have tools."""
        more = request.settings.get("extra_body", {}).get("tools")
        if traits_of(request.model).newer or not (request.tools or native.tools or more):
            return True
        warn(f"{request.model} cannot be held to a schema while it has tools: it is asked in words")
        return False

    def _tool_list(self, request: ModelRequest, more: Sequence[object]) -> list[bytes]:
        """Our functions, then the service's own tools, then those of `extra_body`."""
        ours = self._tools.of(request.tools).data
        native = lowered(for_gemini, request.native_tools, request.model).tools
        functions = [b'{"functionDeclarations":[%s]}' % ours] if ours else []
        return [*functions, *map(dumped, native), *map(dumped, more)]

    def _contents(self, messages: Sequence[Message], newer: bool) -> list[bytes]:
        told = [(message, data) for message in messages if (data := _kept(message, newer=newer))]
        found: list[bytes] = []
        for said, group in groupby(told, lambda each: each[0].role == "assistant"):
            turn = list(group)
            parts = [data for _, data in turn]
            if len(turn) > 1 and not said and has_late_results([message for message, _ in turn]):
                blocks = [block for message, _ in turn for block in message.blocks]
                parts = [_joined(Message("user", blocks), newer=newer)]
            if said and not found:
                found.append(SILENCE)
            opening = b'{"role":"model","parts":[' if said else b'{"role":"user","parts":['
            found += [b"," if found else b"", opening, b",".join(parts), b"]}"]
        return found or [SILENCE]


def _silent(warning: str) -> None:
    """For a body: what it leaves out is asked for apart."""


def _kept(message: Message, *, newer: bool) -> bytes:
    """A message's parts as JSON, parted by commas, built once; empty if nothing in it can be sent."""
    key, kept = _KEYS[newer], message.wire
    if kept is not None and kept[0] is key:
        return kept[1]
    data = _joined(message, newer=newer)
    object.__setattr__(message, "wire", (key, data))
    return data


def _joined(message: Message, *, newer: bool) -> bytes:
    return dumped(parts_of(message, PROVIDER, newer=newer))[1:-1]
