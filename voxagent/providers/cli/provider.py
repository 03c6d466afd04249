"""A command-line agent as a provider: run for each answer, asked on its standard input, read by lines.

Such a program has tools of its own and uses them by itself, in its folder; the tools of our agent cannot
be handed to it. What it knows of a conversation it keeps in a session, which is gone on with as long as
the history is the one that it answered last.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Literal

from ...errors import CLINotFoundError, ConfigError
from ...types.blocks import ContentBlock, ProviderBlock, TextBlock
from ...types.config import Thinking
from ...types.message import Message
from ..base import ModelFacts, ModelRequest
from ..chunks import BlockChunk, MessageEndChunk, MessageStartChunk, StreamChunk, TextDeltaChunk
from ..http.keys import secrets_in_headers, secrets_in_url
from .answer import Listening, SessionLost, answered
from .dialect import Dialect, Outcome, Question
from .environment import environment
from .process import Command
from .prompt import Session, digest, session_in, told

DEFAULT = "default"
"""The model that stands for the program's own choice."""
PULSE_SECONDS = 30.0
IDLE_SECONDS = 60.0
"""What the agent's `idle_timeout` is by default."""
_MODEL = re.compile(r"\w[\w.:/@\[\]+-]*")
_TAKEN = frozenset(("thinking", "timeout", "idle_timeout", "parallel_tool_calls"))

logger: logging.Logger = logging.getLogger("voxagent")


class CLIProvider:
    """A command-line agent as a provider; `ClaudeCodeProvider` and its like are the ready ones.

    Args:
        dialect: How the program is spoken to.
        model: Name of the model; "default" leaves it to the program.
        program: Name or path of the program; the dialect's own, looked for on PATH, by default.
        cwd: The folder that it works in; the process's own by default.
        env: Environment variables to add; of the process's own, only a few harmless ones and the
            program's are passed on.
        args: More arguments, such as what it is permitted to do. They are shown in process lists.
        system: Whether the system prompt is added to the program's own ("append") or stands in its place
            ("replace").
        sessions: Whether a conversation goes on in the program's own session where it can.
        silence: Seconds that the program may say nothing while it is at work.
        grace: Seconds between asking the program to end and killing it.

    Raises:
        ConfigError: For a name that no model can have, a folder that is not there, a time of no length.
    """

    def __init__(
        self,
        dialect: Dialect,
        model: str = DEFAULT,
        *,
        program: str | os.PathLike[str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        system: Literal["append", "replace"] = "append",
        sessions: bool = True,
        silence: float = 600.0,
        grace: float = 1.0,
    ) -> None:
        self.name: str = dialect.name
        self.model: str = model or DEFAULT
        self._dialect = dialect
        self._program = os.fspath(program or dialect.program)
        self._cwd = None if cwd is None else os.path.abspath(cwd)
        self._env = dict(env or {})
        self._args = tuple(args)
        self._system = system
        self._sessions = sessions and dialect.resumes
        self._silence = silence
        self._grace = grace
        self._check(args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r}, program={self._program!r})"

    def _check(self, args: object) -> None:
        if not _MODEL.fullmatch(self.model):
            raise ConfigError(f"model={self.model!r} cannot be the name of a model")
        if self._cwd is not None and not os.path.isdir(self._cwd):
            raise ConfigError(f"cwd={self._cwd!r} is not a folder")
        if isinstance(args, str):
            raise ConfigError(f"args={args!r}: a list of arguments is expected, {args.split()!r}")
        if self._system not in ("append", "replace"):
            raise ConfigError(f"system={self._system!r}: 'append' or 'replace' is expected")
        if self._system == "replace" and not self._dialect.replaces:
            raise ConfigError(
                f"system='replace': {self._dialect.program!r} keeps its own; 'append' is possible"
            )
        for name, value in (("silence", self._silence), ("grace", self._grace)):
            if value <= 0:
                raise ConfigError(f"{name}={value!r} is not a positive number of seconds")

    def check_key(self) -> None:
        """Raise `CLINotFoundError` if the program is not there; asked ahead of a run."""
        self._found(self._environment())

    def known_secrets(self) -> list[tuple[str, str]]:
        """Keys in the program's environment, and passwords of proxies."""
        around = self._environment()
        proxies = [each for name, value in around.items() for each in secrets_in_url(name.lower(), value)]
        return [*secrets_in_headers(self.name, around), *proxies]

    def facts(self, model: str) -> ModelFacts:
        """It takes text, thinks as it likes, and runs tools of its own, none of ours."""
        return ModelFacts(tools=False, thinking=True, thinks_unasked=True, images=False, documents=False)

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Start the program; leaving this ends it, whatever it does."""
        self._check_request(request)
        async with aclosing(self._answers(request)) as chunks:
            yield chunks

    def _check_request(self, request: ModelRequest) -> None:
        if request.tools:
            names = ", ".join(tool.name for tool in request.tools)
            raise ConfigError(
                f"{self.name}:{request.model} runs its own tools and cannot be given the agent's ({names}):"
                " take them away, or describe them in words, with_text_tools(provider)"
            )
        if request.output is not None:
            raise ConfigError(f"{self.name} cannot hold its text to a schema: use output_mode='prompted'")
        for name in sorted(set(request.settings) - _TAKEN):
            _warn_once(f"{self.name} takes no {name!r}: it was left out")

    def _environment(self) -> dict[str, str]:
        return {**self._dialect.defaults, **environment(self._dialect.variables, self._env)}

    def _found(self, environment: Mapping[str, str]) -> str:
        """The path of the program."""
        path = shutil.which(self._program, path=environment.get("PATH", os.defpath))
        if path is None:
            raise CLINotFoundError(
                f"the program {self._program!r} of the provider {self.name!r} was not found: install it with"
                f" `npm install -g {self._dialect.package}`, or name its path by program="
            )
        return os.path.abspath(path)

    async def _answers(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        """The answer, in the program's session if it still has it."""
        session = session_in(request.messages, self.name, *self._around(request)) if self._sessions else None
        try:
            async with aclosing(self._answer(request, session)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        except SessionLost:
            logger.info("%s does not have its session any more: it is told the whole conversation", self.name)
        async with aclosing(self._answer(request, None)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _answer(self, request: ModelRequest, session: Session | None) -> AsyncGenerator[StreamChunk]:
        with tempfile.TemporaryDirectory(prefix="voxagent-") as folder:
            question = self._question(request, session, Path(folder))
            listening, command = self._listening(request, question), self._command(question)
            said: list[str] = []
            yield MessageStartChunk(self.name, request.model)
            async with aclosing(answered(command, listening)) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, Outcome):
                        for last in self._end(request, chunk, "".join(said)):
                            yield last
                        return
                    if isinstance(chunk, TextDeltaChunk):
                        said.append(chunk.delta)
                    yield chunk

    def _listening(self, request: ModelRequest, question: Question) -> Listening:
        dialect = self._dialect
        lost = dialect.lost if question.session is not None else ""
        pulse = min(PULSE_SECONDS, request.settings.get("idle_timeout", IDLE_SECONDS) / 2)
        return Listening(dialect.decoder(question), dialect.noise, lost, pulse, self._silence)

    def _question(self, request: ModelRequest, session: Session | None, folder: Path) -> Question:
        thinking = request.settings.get("thinking")
        return Question(
            model="" if request.model in ("", DEFAULT) else request.model,
            prompt=told(request.messages if session is None else session.news, self.name),
            system=request.system,
            replaces=self._system == "replace",
            session=session,
            keeps=self._sessions,
            thinking=self._level(thinking),
            args=self._args,
            folder=folder,
        )

    def _level(self, thinking: Thinking | None) -> Thinking | None:
        if thinking is None or thinking in self._dialect.levels:
            return thinking
        _warn_once(f"{self.name} takes no thinking={thinking!r}: it was left out")
        return None

    def _command(self, question: Question) -> Command:
        around = self._environment()
        argv = [self._found(around), *self._dialect.arguments(question)]
        return Command(argv, self._dialect.prompt(question), around, self._cwd, self._grace)

    def _around(self, request: ModelRequest) -> tuple[str, ...]:
        """What besides the messages a session depends on."""
        system = request.system if self._dialect.system == "prompt" else ""
        return (self._cwd or os.getcwd(), system)

    def _end(self, request: ModelRequest, outcome: Outcome, text: str) -> Sequence[StreamChunk]:
        """The last block, what is kept of the session, and the end mark."""
        blocks: list[ContentBlock] = [TextBlock(text), *([outcome.block] if outcome.block else [])]
        known = {"session": outcome.session, "cost_usd": outcome.cost}
        metadata = {name: value for name, value in known.items() if value not in (None, "")}
        chunks: list[StreamChunk] = [BlockChunk(outcome.block)] if outcome.block else []
        if outcome.session and self._sessions:
            history = [*request.messages, Message("assistant", blocks)]
            mark = digest(history, *self._around(request))
            kept = {**metadata, **outcome.kept, "digest": mark}
            chunks.append(BlockChunk(ProviderBlock(self.name, kept)))
        return [*chunks, MessageEndChunk(outcome.finish_reason, outcome.usage, metadata)]


_warned: set[str] = set()


def _warn_once(warning: str) -> None:
    if warning not in _warned:
        _warned.add(warning)
        logger.warning(warning)
