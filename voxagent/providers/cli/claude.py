"""The dialect of `claude` (Claude Code), as of version 2.1.197: `--output-format stream-json`.

Each line is an object with a `type`. `stream_event` wraps an event of the Messages API, `assistant`
brings a whole block, `user` the results of the program's own tools, `system` tells of retries, and
`result` ends the answer. What has a `parent_tool_use_id` is said among its sub-agents and is not for us.
A failure is a `result` with `is_error` (its `subtype` may still be "success"). A resumed session is
forked, so that the one it came from stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ...errors import StreamTruncatedError
from ...types.blocks import RefusalBlock
from ...types.config import Thinking
from ...types.message import FinishReason
from ...types.usage import Usage
from ..chunks import MessageStartChunk, RetryChunk, StreamChunk, TextDeltaChunk, ThinkingDeltaChunk
from .dialect import Outcome, Question
from .failures import failure
from .fields import Event, amount, count, fields, items, words

_REASONS: Mapping[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


class ClaudeDecoder:
    """Reads one answer of `claude`."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self._tools: set[str] = set()
        self._open = False
        self._any = False
        self._partial = False
        self._between = False

    @property
    def works(self) -> bool:
        """Whether one of its tools runs."""
        return bool(self._tools)

    def event(self, event: Event) -> Sequence[StreamChunk]:
        """The chunks of one event."""
        if event.get("parent_tool_use_id"):
            return ()
        match event.get("type"):
            case "stream_event":
                return self._streamed(fields(event.get("event")))
            case "assistant":
                return self._whole(event)
            case "user":
                self._answered(fields(event.get("message")))
            case "system":
                return _told(event)
            case "result":
                self._end(event)
            case _:
                pass
        return ()

    def _streamed(self, event: Event) -> Sequence[StreamChunk]:
        match event.get("type"):
            case "message_start":
                if self._open and self._partial:
                    raise StreamTruncatedError(
                        "the program began its answer anew, after a part of it was shown"
                    )
                self._open, self._partial, self._between = True, False, self._any
            case "message_stop":
                self._open = False
            case "content_block_delta":
                return self._delta(fields(event.get("delta")))
            case _:
                pass
        return ()

    def _delta(self, delta: Event) -> Sequence[StreamChunk]:
        text, thought = words(delta.get("text")), words(delta.get("thinking"))
        self._partial = self._partial or bool(text or thought)
        if thought:
            return [ThinkingDeltaChunk(thought)]
        return self._text(text)

    def _text(self, text: str) -> Sequence[StreamChunk]:
        """A piece of text; what it says between its tools is set apart."""
        if not text:
            return ()
        apart = [TextDeltaChunk("\n\n")] if self._between else []
        self._any, self._between = True, False
        return [*apart, TextDeltaChunk(text)]

    def _whole(self, event: Event) -> Sequence[StreamChunk]:
        """A whole block: its tools are only here, its text has been streamed, or is new if nothing was."""
        message = fields(event.get("message"))
        if event.get("error"):
            return ()  # said in the model's place; the result tells it as well
        chunks: list[StreamChunk] = []
        for block in items(message.get("content")):
            if block.get("type") == "tool_use":
                self._tools.add(words(block.get("id")))
                chunks.append(TextDeltaChunk(""))
            elif not self._open:
                self._between = self._any
                chunks += self._text(words(block.get("text")))
        return chunks

    def _answered(self, message: Event) -> None:
        for block in items(message.get("content")):
            self._tools.discard(words(block.get("tool_use_id")))

    def _end(self, event: Event) -> None:
        reason = _REASONS.get(words(event.get("stop_reason")), "stop")
        said = words(event.get("result"))
        if event.get("is_error") and reason != "refusal":
            errors = [each for each in event.get("errors") or () if isinstance(each, str)]
            subtype = words(event.get("subtype"))
            raise failure(said or "; ".join(errors) or subtype, count(event.get("api_error_status")) or None)
        self.outcome = Outcome(
            reason,
            _usage(fields(event.get("usage"))),
            words(event.get("session_id")),
            amount(event.get("total_cost_usd")),
            block=RefusalBlock(said) if reason == "refusal" else None,
        )


def _told(event: Event) -> Sequence[StreamChunk]:
    match event.get("subtype"):
        case "init":
            return [MessageStartChunk(model=words(event.get("model")))]
        case "api_retry":
            status = count(event.get("error_status"))
            reason = words(event.get("error")) or "error"
            told = f"{reason} (status {status})" if status else reason
            wait = (amount(event.get("retry_delay_ms")) or 0.0) / 1000
            return [RetryChunk(told, count(event.get("attempt")), wait)]
        case _:
            return ()


def _usage(usage: Event) -> Usage:
    read, written = (
        count(usage.get("cache_read_input_tokens")),
        count(usage.get("cache_creation_input_tokens")),
    )
    return Usage(
        count(usage.get("input_tokens")) + read + written,
        count(usage.get("output_tokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


class Claude:
    """How `claude` is called."""

    name = "claudecode"
    program = "claude"
    package = "@anthropic-ai/claude-code"
    variables: Sequence[str] = ("ANTHROPIC_", "CLAUDE_", "DISABLE_")
    defaults: Mapping[str, str] = {"CLAUDE_CODE_MAX_RETRIES": "2"}
    levels: frozenset[Thinking] = frozenset(("low", "medium", "high"))
    system: Literal["flag", "prompt"] = "flag"
    replaces = True
    resumes = True
    lost = r"No conversation found"
    noise = r"\(node:\d+\)|npm (?:warn|notice)|Debugger "

    def arguments(self, question: Question) -> Sequence[str]:
        """The arguments that ask a question."""
        asked = ["-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages"]
        if question.model:
            asked += ["--model", question.model]
        if question.thinking is not None:
            asked += ["--effort", str(question.thinking)]
        if question.system:
            flag = "--system-prompt-file" if question.replaces else "--append-system-prompt-file"
            asked += [flag, question.file("system.txt", question.system)]
        if question.session is not None:
            asked += ["--resume", question.session.id, "--fork-session"]
        if not question.keeps:
            asked += ["--no-session-persistence"]
        return [*asked, *question.args]

    def prompt(self, question: Question) -> str:
        """What it reads from its standard input."""
        return question.prompt

    def decoder(self, question: Question) -> ClaudeDecoder:
        """A reader for its answer."""
        return ClaudeDecoder()
