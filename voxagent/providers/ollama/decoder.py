"""Read an answer of Ollama: lines of JSON, the last of which says `"done": true`.

An answer that was not asked for as a stream is such a line alone, or an object over many lines. Calls come
whole, their arguments as an object, from older servers without ids; they are told when the answer is
complete. A line `{"error": ...}` may come at any time and voids the answer. What was complete ahead of an
error is handed over first, so that the result does not depend on how the network cut the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic_core import from_json

from ...errors import MalformedAnswerError, ProviderError, StreamTruncatedError
from ...types.blocks import ToolCall
from ...types.message import FinishReason
from ...types.usage import Usage
from ..calls import read_call, unique_id
from ..chunks import (
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from ..http.jsontext import dumped, loaded
from ..openai.failures import malformed
from ..openai.framing import WRONG_SHAPES
from .errors import line_error

REASONS: Mapping[str, FinishReason] = {"stop": "stop", "length": "length"}
"""Others ("load", "unload") tell that the model was only loaded, or unloaded: there is no answer then."""
BLANK = b" \t\r\xef\xbb\xbf"


class OllamaDecoder:
    """Reads one answer, its bytes cut anywhere."""

    __slots__ = (
        "_calls", "_ended", "_failure", "_ids", "_parts", "_seen", "_spread", "_started", "_text",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        """What has come of the line that is not complete."""
        self._seen = self._started = self._ended = self._spread = False
        self._failure: ProviderError | None = None
        self._text: list[str] = []
        self._calls: list[ToolCall] = []
        self._ids: set[str] = set()

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        """The chunks that these bytes complete."""
        if self._failure is not None:
            raise self._failure
        if b"\r" in data:
            data = data.replace(b"\r", b"\n")  # a CR stands between values only: in JSON's text it is escaped
        if self._spread or b"\n" not in data:
            self._parts += [data] if data else []
            return ()
        *lines, rest = b"".join([*self._parts, data]).split(b"\n")
        self._parts = [rest] if rest else []
        chunks: list[StreamChunk] = []
        try:
            for number, line in enumerate(lines):
                if not self._seen and _is_begun(line):
                    self._spread, self._parts = True, [b"\n".join([*lines[number:], rest])]
                    break
                self._line(line, chunks, last=False)
        except ProviderError as error:
            if not chunks:
                raise
            self._failure = error
        return chunks

    def end(self) -> Sequence[StreamChunk]:
        """The body is over: the last chunks; raises a `ProviderError` if the answer is not complete."""
        if self._failure is not None:
            raise self._failure
        chunks: list[StreamChunk] = []
        self._line(b"".join(self._parts), chunks, last=True)
        if self._ended:
            return chunks
        if not self._seen:
            raise malformed("the answer is empty")
        raise StreamTruncatedError("the answer ended without 'done'", received="".join(self._text))

    def _line(self, line: bytes, chunks: list[StreamChunk], *, last: bool) -> None:
        line = line.strip(BLANK)
        if self._ended or not line:
            return
        self._seen = True
        try:
            value = loaded(line)
            if type(value) is not dict:
                raise TypeError("no object")
            self._read(cast("dict[str, Any]", value), chunks)
        except ProviderError as error:
            error.received = error.received or "".join(self._text)
            raise
        except WRONG_SHAPES as error:
            if last and line.startswith(b"{") and isinstance(error, ValueError) and _is_cut(error):
                return
            raise self._misshapen(line) from error

    def _misshapen(self, line: bytes) -> MalformedAnswerError:
        error = malformed("the answer has a line in it that is not of its protocol", line)
        error.received = "".join(self._text)
        return error

    def _read(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        """One line; this is what a streamed word costs."""
        if value.get("error"):
            raise line_error(value["error"])
        done = value.get("done")
        message = value.get("message")
        if not self._started and value.get("model"):
            self._started = True
            chunks.append(MessageStartChunk("", str(value["model"])))
        if message is not None:
            self._said(message, chunks)
        elif done is not True:
            raise TypeError("no message")
        if done is True:
            self._end(value, chunks)

    def _said(self, message: dict[str, Any], chunks: list[StreamChunk]) -> None:
        thought, content = message.get("thinking"), message.get("content")
        if thought:
            chunks.append(ThinkingDeltaChunk(_checked(thought)))
        if content:
            self._text.append(_checked(content))
            chunks.append(TextDeltaChunk(content))
        for call in message.get("tool_calls") or ():
            self._called(call, chunks)

    def _called(self, entry: dict[str, Any], chunks: list[StreamChunk]) -> None:
        function = entry["function"]
        arguments = function.get("arguments")
        written = arguments if type(arguments) is str else dumped(arguments or {}).decode()
        id = unique_id(str(entry.get("id") or ""), self._ids)
        self._ids.add(id)
        call = read_call(id, str(function.get("name") or ""), written)
        self._calls.append(call)
        if written:
            chunks.append(ToolCallDeltaChunk(id, call.name, written))

    def _end(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        self._ended = True
        chunks += [ToolUseChunk(call) for call in self._calls]
        told = value.get("done_reason")
        reason = REASONS.get(str(told))
        if self._calls and reason in (None, "stop"):
            reason = "tool_use"
        besides = {"done_reason": told} if told and not reason else None
        chunks.append(MessageEndChunk(reason, _usage(value), besides))


def _checked(text: Any) -> str:
    if type(text) is not str:
        raise TypeError("no text")
    return text


def _is_begun(line: bytes) -> bool:
    """Whether a line is the beginning of an object, so that the object goes on in the next one."""
    line = line.strip(BLANK)
    if not line.startswith(b"{"):
        return False
    try:
        from_json(line)
    except ValueError as error:
        return "EOF while parsing" in str(error)
    return False


def _is_cut(error: ValueError) -> bool:
    """Whether a text is no JSON only because its end is missing, be it in the middle of a character."""
    return "recursion" not in str(error) and "nested" not in str(error)


def _usage(value: dict[str, Any]) -> Usage | None:
    """What the answer cost; a server that had the whole prompt in its cache leaves the prompt's count out."""
    read, written = (_count(value.get(name)) for name in ("prompt_eval_count", "eval_count"))
    if read is None and written is None:
        return None
    return Usage(input_tokens=read or 0, output_tokens=written or 0)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
