"""Read Chat Completions: chunks of a stream, or a whole answer, of OpenAI and of those who speak like it.

An answer is complete when its `finish_reason` has come; usage may follow it in a chunk without choices.
Thinking is looked for where the known servers put it: `reasoning_content`, `reasoning`,
`reasoning_details`, or parts of the content (Mistral). Of several choices the first is read.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, cast

from ...errors import OverloadedError, ProviderError, ServerError, StreamTruncatedError
from ...types.blocks import AudioBlock, ProviderBlock, RefusalBlock, TextBlock
from ...types.message import FinishReason
from ..chunks import (
    BlockChunk,
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
)
from .chat_calls import NOTHING, Calls
from .dialects import ChatDialect
from .failures import failure, malformed
from .usage import usage_of

REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "tool_use": "tool_use",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "refusal",
}
BROKEN: Mapping[str, type[ProviderError]] = {
    "error": ServerError,
    "abort": ServerError,
    "cancelled": ServerError,
    "insufficient_system_resource": OverloadedError,
}
"""Finish reasons of answers that are none."""


class ChatReader:
    """Reads one answer."""

    def __init__(self, dialect: ChatDialect) -> None:
        self.ended: bool = False
        self._dialect = dialect
        self._field = "delta"
        self._begun = False
        self._text: list[str] = []
        self._fresh = 0
        """Where in the text the part begins that no thinking has followed."""
        self._refusal: list[str] = []
        self._audio: list[str] = []
        self._citations: list[Mapping[str, Any]] = []
        self._details: list[dict[str, Any]] = []
        self._calls = Calls()
        self._usage: dict[str, Any] | None = None
        self._finish: str | None = None

    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    def read(self, value: Any, chunks: list[StreamChunk]) -> None:
        """One chunk of a stream; this is what a streamed word costs."""
        if not self._begun:
            self._begin(value, chunks)
        if value.get("error"):
            raise failure(value["error"])
        usage = value.get("usage")
        if usage:
            self._usage = usage
        choices = value.get("choices")
        if not choices:
            self._without_choice(value)
            return
        choice = choices[0]
        if choice.get("index"):
            choice = next((other for other in choices if not other.get("index")), None)
            if choice is None:
                return
        delta = choice.get(self._field)
        if delta:
            content = delta.get("content")
            more = len(delta) > 1 or not content
            if more:
                self._think(delta, chunks)
            if type(content) is str:
                if content:
                    self._text.append(content)
                    chunks.append(TextDeltaChunk(content))
            elif content:
                self._parts(content, chunks)
            if more:
                self._besides(delta, chunks)
        if choice.get("finish_reason"):
            self._finished(choice, value)

    def whole(self, value: Any, chunks: list[StreamChunk]) -> None:
        """An answer that came as one object: its message is all there is to come."""
        self._field = "message"
        self.read(value, chunks)
        if not value.get("choices"):
            raise malformed("the answer has no choices")
        self._citations += _sources(value) if not self._citations else ()
        self._complete(chunks)

    def end(self, chunks: list[StreamChunk], marked: bool) -> None:
        """The stream is over; without a finish reason it was cut, unless `[DONE]` is enough here."""
        if self._finish is None and not (marked and self._dialect.done_ends):
            raise StreamTruncatedError("the answer ended without a finish reason")
        self._complete(chunks)

    def _begin(self, value: Any, chunks: list[StreamChunk]) -> None:
        if type(value) is not dict:
            raise TypeError("no object")
        told = cast("dict[str, Any]", value)
        model = told.get("model")
        if model:
            self._begun = True
            groq = told.get("x_groq") or NOTHING
            request_id = groq.get("id") or told.get("request_id")
            chunks.append(MessageStartChunk("", str(model), request_id))

    def _without_choice(self, value: dict[str, Any]) -> None:
        if value.get("choices") is not None or value.get("usage"):
            return
        if value.get("message") or value.get("detail"):  # an error event without the wrapper
            raise failure(value)
        raise malformed("the answer has a chunk without choices")

    def _think(self, delta: dict[str, Any], chunks: list[StreamChunk]) -> None:
        details = delta.get("reasoning_details")
        thought = delta.get("reasoning_content") or delta.get("reasoning") or _thought_in(details)
        if thought:
            self._fresh = len(self._text)
            chunks.append(ThinkingDeltaChunk(_checked(thought)))
        if details and self._dialect.thinking_back == "reasoning_details":
            if self._field == "message":
                self._details += details
            else:
                _add_details(self._details, details)

    def _besides(self, delta: dict[str, Any], chunks: list[StreamChunk]) -> None:
        """Everything but text and thinking."""
        calls = delta.get("tool_calls")
        if calls:
            self._calls.add(calls, chunks)
        legacy = delta.get("function_call")
        if legacy and (legacy.get("name") or legacy.get("arguments")):
            self._calls.add([{"index": "function_call", "function": legacy}], chunks)
        if delta.get("refusal"):
            self._refusal.append(_checked(delta["refusal"]))
        self._citations += delta.get("annotations") or ()
        if delta.get("audio"):
            self._heard(delta["audio"], chunks)

    def _parts(self, parts: list[dict[str, Any]], chunks: list[StreamChunk]) -> None:
        """Content that is a list of parts (Mistral)."""
        for part in parts:
            if part.get("type") == "thinking":
                thought = "".join(_checked(piece["text"]) for piece in part["thinking"])
                self._fresh = len(self._text)
                chunks.append(ThinkingDeltaChunk(thought))
            elif part.get("text"):
                self._text.append(_checked(part["text"]))
                chunks.append(TextDeltaChunk(part["text"]))

    def _heard(self, audio: dict[str, Any], chunks: list[StreamChunk]) -> None:
        if audio.get("transcript"):
            self._text.append(_checked(audio["transcript"]))
            chunks.append(TextDeltaChunk(audio["transcript"]))
        if audio.get("data"):
            self._audio.append(_checked(audio["data"]))

    def _finished(self, choice: dict[str, Any], value: dict[str, Any]) -> None:
        self._finish = reason = str(choice["finish_reason"]).lower()
        if choice.get("error"):
            raise failure(choice["error"])
        if reason in BROKEN:
            raise BROKEN[reason](f"the service broke the answer off: {reason}")
        groq = value.get("x_groq") or NOTHING
        self._usage = self._usage or groq.get("usage")
        if not self._citations:
            self._citations += _sources(value)

    def _complete(self, chunks: list[StreamChunk]) -> None:
        text = "".join(self._text[self._fresh :])
        if self._citations:
            chunks.append(BlockChunk(TextBlock(text, tuple(self._citations))))
        if self._details and (self._text or self._calls):
            kept = {"type": "reasoning_details", "details": self._details}
            chunks.append(BlockChunk(ProviderBlock(self._dialect.provider, kept)))
        if self._refusal:
            chunks.append(BlockChunk(RefusalBlock("".join(self._refusal))))
        if self._audio:
            chunks.append(BlockChunk(AudioBlock("", b"".join(map(b64decode, self._audio)))))
        self._calls.end(chunks)
        known = self._reason()
        told = {"finish_reason": self._finish} if self._finish and not known else None
        chunks.append(MessageEndChunk(known, usage_of(self._usage), told))
        self.ended = True

    def _reason(self) -> FinishReason | None:
        """How the answer ended. OpenAI says "stop" after a call that was forced, and after a refusal."""
        known = REASONS.get(self._finish or "")
        if known == "stop" and self._calls:
            return "tool_use"
        return "refusal" if known == "stop" and self._refusal else known


def _checked(text: Any) -> str:
    if type(text) is not str:
        raise TypeError("no text")
    return text


def _thought_in(details: list[dict[str, Any]] | None) -> str:
    return "".join(detail.get("text") or detail.get("summary") or "" for detail in details or ())


def _add_details(known: list[dict[str, Any]], details: list[dict[str, Any]]) -> None:
    """Pieces of the same detail (by type and index) become one; they are sent back so (OpenRouter)."""
    for detail in details:
        last = known[-1] if known else NOTHING
        if (last.get("type"), last.get("index")) != (detail.get("type"), detail.get("index")):
            known.append(dict(detail))
            continue
        for name, value in detail.items():
            if name in ("text", "summary", "data") and last.get(name) and value:
                last[name] += value
            elif value is not None:
                last[name] = value


def _sources(value: dict[str, Any]) -> list[Mapping[str, Any]]:
    """Where a server that searches (Perplexity) names its sources beside the choices."""
    found = value.get("search_results") or value.get("citations") or ()
    return [source if isinstance(source, dict) else {"url": source} for source in found]
