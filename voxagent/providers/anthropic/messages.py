"""The Messages API of Anthropic as a wire: requests to bytes; answers are read in `decoder`.

A body is joined from parts that are kept: each message's bytes in the message, a tool's bytes beside its
description. So the hundredth request of a run serialises what is new and nothing else. Marks for the
service's cache are put between the kept bytes, at the end of a message's last block: they move from request
to request, and nothing that is kept has to know of them. (A single `cache_control` on the request would do
the same, but the clouds that resell the API refuse it, and after a turn of more than 20 blocks the service
would not find its last mark again; the mark that the last request put is therefore put once more.)

The API and its versions: platform.claude.com/docs/en/api.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from ...errors import ProviderError
from ...types.blocks import ContentBlock, TextBlock
from ...types.message import Message
from ...types.native import ProviderTool
from ..base import ModelRequest
from ..http.bodies import has_late_results, merged
from ..http.caching import cache_of
from ..http.counting import only
from ..http.native import lowered, refusal
from ..http.settled import newest
from ..http.wire import Decoder
from .content import blocks_of, check_media, encoded, joined
from .decoder import AnswerDecoder
from .errors import http_error
from .eventstream import CONTENT_TYPE, FramedDecoder
from .models import traits_of
from .native import for_messages
from .settings import Asked, MessagesOptions, asked_of
from .tools import Tools, held_output

_OPEN: Mapping[str, bytes] = {
    role: b']},{"role":"%s","content":[' % role.encode() for role in ("user", "assistant", "system")
}
"""What ends the message ahead and begins one."""
MARKS: Mapping[str | None, bytes] = {
    "5m": b',"cache_control":{"type":"ephemeral"}}',
    "1h": b',"cache_control":{"type":"ephemeral","ttl":"1h"}}',
    "off": b"",
    None: b"",
}
"""What ends a block that shall be kept."""
COUNTED = (
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
)
_MARKED = re.compile(rb'"cache_control":\{[^{}]*\}\}$')


SILENCE = Message("user", "(nothing was said)")
"""Stands ahead of a conversation that the assistant begins: the user has to."""
GO_ON = Message("user", "Go on.")
"""Stands behind an answer that is to be continued, where the model does not go on with one by itself."""


class MessagesWire:
    """Speaks the Messages API; see `MessagesOptions`."""

    def __init__(self, options: MessagesOptions | None = None) -> None:
        self.options: MessagesOptions = options or MessagesOptions()
        self._key = sys.intern(f"messages of {self.options.provider}")
        self._tools = Tools()

    def headers(self, request: ModelRequest) -> dict[str, str]:
        """The headers that belong to the protocol; the key is not among them."""
        told = {"anthropic-version": self.options.version}
        if traits_of(request.model).binds_thinking and (betas := asked_of(request, self.options).betas):
            told["anthropic-beta"] = ",".join(betas)
        return told

    def warnings(self, request: ModelRequest) -> list[str]:
        """What of the request is left out or weakened; the same text for the same thing every time."""
        told = asked_of(request, self.options).warnings + self._tools.of(request.tools).warnings
        told += lowered(for_messages, request.native_tools, request.model).warnings
        return told + ([] if request.output is None else held_output(request.output).warnings)

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request.

        Raises:
            ConfigError: there is something in the conversation that the API has no form for.
        """
        asked = asked_of(request, self.options)
        system = self._output(asked, request)
        extra = request.settings.get("extra_body", {})
        mark = MARKS[cache_of(request.settings) or self.options.cache]
        parts = [] if "system" in extra else _system(system, mark)
        native = lowered(for_messages, request.native_tools, request.model)
        parts += self._tool_list(request, [*native.tools, *extra.get("tools", ())], mark)
        if "messages" not in extra:
            check_media(newest(request.messages), self.options.provider)
            begins = not traits_of(request.model).adaptive and "thinking" not in asked.fields
            messages = self._framed(request.messages, prefill=begins)
            parts += [b',"messages":[', *self._messages(messages, mark), b"]"]
        asked.fields.update(native.fields)
        fields = merged(asked.fields, {name: extra[name] for name in extra if name != "tools"})
        return b"".join([encoded(fields)[:-1], *parts, b"}"])

    def count_url(self, url: str) -> str:
        """Where tokens are counted."""
        return f"{url}/count_tokens"

    def count_body(self, request: ModelRequest) -> bytes:
        """The body that asks for the count: it takes what is read, and nothing of how it is answered."""
        return only(self.body(request), COUNTED)

    def counted(self, answer: Mapping[str, Any]) -> int:
        """The tokens in an answer."""
        return int(answer["input_tokens"])

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that the service runs itself, "" if it can."""
        return refusal(for_messages, tool, model)

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer, which tells by itself whether it is a stream."""
        answer = AnswerDecoder(self.options.provider)
        is_framed = content_type.startswith(CONTENT_TYPE)
        return FramedDecoder(answer, self.options.provider) if is_framed else answer

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return http_error(status, headers, body, self.options.provider)

    def _output(self, asked: Asked, request: ModelRequest) -> str:
        """Ask for the output's schema; gives the system prompt, with the schema if nothing else will do."""
        if request.output is None:
            return request.system
        held = held_output(request.output)
        if held.format is not None:
            asked.fields.setdefault("output_config", {})["format"] = held.format
        return "\n\n".join(filter(None, [request.system, held.prompt]))

    def _tool_list(self, request: ModelRequest, others: Sequence[dict[str, Any]], mark: bytes) -> list[bytes]:
        """The tools, and behind them the service's own and those of `extra_body`."""
        ours = self._tools.of(request.tools).data
        more = joined(others)
        marked = [_with_mark(ours, mark)] if ours and mark else [ours]
        told = [part for part in (*marked, more) if part]
        return [b',"tools":[', b",".join(told), b"]"] if told else []

    def _framed(self, messages: Sequence[Message], *, prefill: bool) -> Sequence[Message]:
        """The conversation from the user's first word to the user's last, or to an answer that is begun.

        An answer that the service itself paused is gone on with as it is.
        """
        begin, end = 0, len(messages)
        while begin < end and not self._kept(messages[begin]):
            begin += 1
        while begin < end and not self._kept(messages[end - 1]):
            end -= 1
        if begin == end:
            return [SILENCE]
        first = [SILENCE] if messages[begin].role == "assistant" else []
        last = messages[end - 1]
        if last.role != "assistant" or last.finish_reason == "pause":
            return [*first, *messages[begin:end]] if first else messages
        behind = [_trimmed(last)] if prefill else [last, GO_ON]
        return [*first, *messages[begin : end - 1], *behind]

    def _messages(self, messages: Sequence[Message], mark: bytes) -> list[bytes]:
        parts = self._alternating(messages)
        if mark:
            places = (
                place for place in reversed(range(len(parts))) if parts[place].startswith(_OPEN["user"])
            )
            for place in islice(places, 2):
                parts[place] = _with_mark(parts[place], mark)
        parts[0] = parts[0][3:]
        return [*parts, b"]}"]

    def _alternating(self, messages: Sequence[Message]) -> list[bytes]:
        """The bytes of each message that has any; messages of one role in a row are one."""
        key, parts, runs = self._key, list[bytes](), dict[int, list[Message]]()
        role, last = "", None
        for message in messages:
            kept = message.wire
            data = kept[1] if kept is not None and kept[0] is key else self._kept(message)
            if not data:
                continue
            if message.role == role and last is not None:
                runs.setdefault(len(parts) - 1, [last]).append(message)
                continue
            role, last = message.role, message
            parts.append(data)
        for place, run in runs.items():
            parts[place] = self._merged(run)
        return parts

    def _merged(self, messages: Sequence[Message]) -> bytes:
        opening = _OPEN[messages[0].role]
        if has_late_results(messages):
            whole = [block for message in messages for block in message.blocks]
            return opening + joined(blocks_of(Message(messages[0].role, whole), self.options.provider))
        return opening + b",".join(self._kept(message)[len(opening) :] for message in messages)

    def _kept(self, message: Message) -> bytes:
        """A message's bytes, built once; empty if nothing in it can be sent."""
        kept = message.wire
        if kept is not None and kept[0] is self._key:
            return kept[1]
        blocks = blocks_of(message, self.options.provider)
        data = _OPEN[message.role] + joined(blocks) if blocks else b""
        object.__setattr__(message, "wire", (self._key, data))
        return data


def _system(system: str, mark: bytes) -> list[bytes]:
    if not system.strip():
        return []
    if not mark:
        return [b',"system":', encoded(system)]
    return [b',"system":[', _with_mark(joined([{"type": "text", "text": system}]), mark), b"]"]


def _with_mark(data: bytes, mark: bytes) -> bytes:
    return data if _MARKED.search(data, max(0, len(data) - 100)) else data[:-1] + mark


def _trimmed(message: Message) -> Message:
    """An answer that is begun, without blanks at its end, which the API refuses there."""
    blocks: list[ContentBlock] = [*message.blocks]
    while blocks and isinstance(last := blocks[-1], TextBlock) and last.text != last.text.rstrip():
        blocks.pop()
        if last.text.strip():
            blocks.append(TextBlock(last.text.rstrip(), last.citations))
    return (
        message
        if len(blocks) == len(message.blocks) and blocks == message.blocks
        else Message("assistant", blocks)
    )
