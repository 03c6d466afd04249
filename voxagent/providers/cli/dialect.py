"""What a program's dialect is: how it is called, and what the lines mean that it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ...types.blocks import ContentBlock
from ...types.config import Thinking
from ...types.message import FinishReason
from ...types.usage import Usage
from ..chunks import StreamChunk
from .fields import Event
from .prompt import Session


@dataclass(slots=True, frozen=True)
class Question:
    """What a program shall be asked.

    Args:
        model: The model, "" for the program's own choice.
        prompt: What it is asked.
        system: The system prompt, "" for none.
        replaces: Whether the system prompt stands in the place of the program's own.
        session: The session to go on with, None for a new one.
        keeps: Whether it shall keep its session.
        thinking: How much it shall think, None for its own choice.
        args: More arguments.
        folder: A folder for files that only this question needs, readable by nobody else.
    """

    model: str
    prompt: str = field(repr=False)
    system: str = field(repr=False)
    replaces: bool
    session: Session | None
    keeps: bool
    thinking: Thinking | None
    args: Sequence[str]
    folder: Path

    def file(self, name: str, text: str) -> str:
        """A file with a text in it, in the folder of this question, for nobody else to read; its path."""
        path = self.folder / name
        path.touch(0o600)
        path.write_bytes(text.encode("utf-8", "replace"))
        return str(path)


@dataclass(slots=True, frozen=True)
class Outcome:
    """How an answer ended, by the program's own end mark.

    Args:
        finish_reason: How it ended.
        usage: What it used, None if the program does not tell.
        session: The program's name of the session, "" if it keeps none.
        cost: US dollars, None if the program does not tell.
        kept: More to be kept with the answer, for the next question of this session.
        block: A last block of the answer.
    """

    finish_reason: FinishReason
    usage: Usage | None = None
    session: str = ""
    cost: float | None = None
    kept: Mapping[str, Any] = field(default_factory=dict[str, Any])
    block: ContentBlock | None = None


class Decoder(Protocol):
    """Reads one answer, event by event."""

    @property
    def works(self) -> bool:
        """Whether the program is at work now that it does not tell of, so that silence means nothing."""
        ...

    @property
    def outcome(self) -> Outcome | None:
        """How the answer ended; None until the program has said so."""
        ...

    def event(self, event: Event) -> Sequence[StreamChunk]:
        """The chunks of one event; raises a `ProviderError` where the program reports a failure."""
        ...


class Dialect(Protocol):
    """One program."""

    name: str
    """Name of the provider."""
    program: str
    """Name of the program."""
    package: str
    """The npm package that brings it."""
    variables: Sequence[str]
    """How the names of its own variables begin."""
    defaults: Mapping[str, str]
    """Variables that it is given where the environment does not have them."""
    levels: frozenset[Thinking]
    """The levels of thinking that it can be asked for."""
    system: Literal["flag", "prompt"]
    """Where the system prompt goes: told anew with every question, or part of the first prompt."""
    replaces: bool
    """Whether the system prompt can stand in the place of its own."""
    resumes: bool
    """Whether a session can be gone on with without changing it for others."""
    lost: str
    """A regular expression for what it says of a session that is not there."""
    noise: str
    """A regular expression for lines that are no events and mean nothing."""

    def arguments(self, question: Question) -> Sequence[str]:
        """The arguments that ask a question."""
        ...

    def prompt(self, question: Question) -> str:
        """What it reads from its standard input."""
        ...

    def decoder(self, question: Question) -> Decoder:
        """A reader for its answer."""
        ...
