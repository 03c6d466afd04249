"""The dialect of `auggie` (Augment), as of version 0.36.0: `--print --output-format json`.

It says nothing until it is done, and then one object of the type `result`. It waits for its standard
input for a moment only, so the prompt is handed over in a file. Its sessions cannot be forked: one that
was gone on with would hold what another run said in it, so the whole conversation is told each time, and
no session is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ...types.config import Thinking
from ..chunks import StreamChunk, TextDeltaChunk
from .dialect import Outcome, Question
from .failures import failure
from .fields import Event, words


class AugmentDecoder:
    """Reads one answer of `auggie`."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.works: bool = True

    def event(self, event: Event) -> Sequence[StreamChunk]:
        """The chunks of one event."""
        if event.get("type") != "result":
            return ()
        text, how = words(event.get("result")), words(event.get("subtype"))
        if event.get("is_error"):
            raise failure(": ".join(part for part in (how, text) if part))
        self.outcome = Outcome("stop")
        return [TextDeltaChunk(text)] if text else ()


class Augment:
    """How `auggie` is called."""

    name = "augment"
    program = "auggie"
    package = "@augmentcode/auggie"
    variables: Sequence[str] = ("AUGMENT_", "GITHUB_API_TOKEN")
    defaults: Mapping[str, str] = {"AUGMENT_DISABLE_AUTO_UPDATE": "1"}
    levels: frozenset[Thinking] = frozenset(("low", "medium", "high"))
    system: Literal["flag", "prompt"] = "flag"
    replaces = False
    resumes = False
    lost = r"(?!)"
    noise = r"[^{]"

    def arguments(self, question: Question) -> Sequence[str]:
        """The arguments that ask a question."""
        asked = ["--print", "--output-format", "json", "--dont-save-session", "--no-update-terminal-title"]
        asked += ["--instruction-file", question.file("prompt.txt", question.prompt)]
        if question.model:
            asked += ["--model", question.model]
        if question.thinking is not None:
            asked += ["--reasoning-effort", str(question.thinking)]
        if question.system:
            asked += ["--rules", question.file("system.md", question.system)]
        return [*asked, *question.args]

    def prompt(self, question: Question) -> str:
        """Nothing is read from the standard input."""
        return ""

    def decoder(self, question: Question) -> AugmentDecoder:
        """A reader for its answer."""
        return AugmentDecoder()
