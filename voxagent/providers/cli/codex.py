"""The dialect of `codex`, as of version 0.169.0: `codex exec --json`.

Each line is an object with a `type`. `thread.started` names the session, `item.completed` brings a whole
piece of the answer (there are no smaller ones), `error` tells of a retry, and `turn.completed` or
`turn.failed` ends the answer. The usage is that of the whole thread, so what it was before is kept with
each answer. A thread is forked to be gone on with, so that the one it came from stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from ...types.config import Thinking
from ...types.usage import Usage
from ..chunks import RetryChunk, StreamChunk, TextDeltaChunk, ThinkingDeltaChunk
from .dialect import Outcome, Question
from .failures import failure
from .fields import Event, count, fields, words

COUNTS = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "reasoning_output_tokens",
)
_RETRY = re.compile(r"Reconnecting\.\.\. (\d+)/\d+")


class CodexDecoder:
    """Reads one answer of `codex`.

    Args:
        before: What the thread had used before.
    """

    def __init__(self, before: Mapping[str, int]) -> None:
        self.outcome: Outcome | None = None
        self.works: bool = True
        self._before = before
        self._thread = ""
        self._any = False

    def event(self, event: Event) -> Sequence[StreamChunk]:
        """The chunks of one event."""
        match event.get("type"):
            case "thread.started":
                self._thread = words(event.get("thread_id"))
            case "item.started":
                return [TextDeltaChunk("")]  # it acts: from here on nobody else shall be asked instead
            case "item.completed":
                return self._item(fields(event.get("item")))
            case "error":
                return _retry(words(event.get("message")))
            case "turn.completed":
                self._end(fields(event.get("usage")))
            case "turn.failed":
                raise failure(words(fields(event.get("error")).get("message")))
            case _:
                pass
        return ()

    def _item(self, item: Event) -> Sequence[StreamChunk]:
        text = words(item.get("text"))
        match item.get("type"):
            case "agent_message" if text:
                apart = [TextDeltaChunk("\n\n")] if self._any else []
                self._any = True
                return [*apart, TextDeltaChunk(text)]
            case "reasoning" if text:
                return [ThinkingDeltaChunk(text)]
            case _:
                return ()

    def _end(self, usage: Event) -> None:
        total = {name: count(usage.get(name)) for name in COUNTS}
        own = {name: max(0, total[name] - self._before.get(name, 0)) for name in COUNTS}
        self.outcome = Outcome(
            "stop",
            Usage(
                own["input_tokens"],
                own["output_tokens"],
                own["cached_input_tokens"],
                own["cache_write_input_tokens"],
                own["reasoning_output_tokens"],
            ),
            self._thread,
            kept={"total": total},
        )


def _retry(message: str) -> Sequence[StreamChunk]:
    found = _RETRY.match(message)
    return [RetryChunk(message, int(found[1]), 0.0)] if found else ()


class Codex:
    """How `codex` is called."""

    name = "codex"
    program = "codex"
    package = "@openai/codex"
    variables: Sequence[str] = ("CODEX_", "OPENAI_")
    defaults: Mapping[str, str] = {}
    levels: frozenset[Thinking] = frozenset(("low", "medium", "high"))
    system: Literal["flag", "prompt"] = "prompt"
    replaces = True
    resumes = True
    lost = r"thread/fork failed|unexpected argument|unrecognized subcommand"
    noise = r"WARNING: |\(node:\d+\)|npm (?:warn|notice)"

    def arguments(self, question: Question) -> Sequence[str]:
        """The arguments that ask a question."""
        asked = ["exec", "--json"]
        if question.model:
            asked += ["--model", question.model]
        if question.thinking is not None:
            asked += ["-c", f"model_reasoning_effort={json.dumps(question.thinking)}"]
        if question.system and question.replaces:
            path = question.file("system.txt", question.system)
            asked += ["-c", f"model_instructions_file={json.dumps(path)}"]
        if not question.keeps:
            asked += ["--ephemeral"]
        asked += question.args
        if question.session is not None:
            asked += ["fork", question.session.id]
        return [*asked, "-"]

    def prompt(self, question: Question) -> str:
        """What it reads from its standard input."""
        if not question.system or question.replaces or question.session is not None:
            return question.prompt
        return f"<instructions>\n{question.system}\n</instructions>\n\n{question.prompt}"

    def decoder(self, question: Question) -> CodexDecoder:
        """A reader for its answer."""
        kept = fields(question.session.data.get("total") if question.session is not None else None)
        return CodexDecoder({name: count(kept.get(name)) for name in COUNTS})
