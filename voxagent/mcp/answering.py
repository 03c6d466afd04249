"""Answer the call of a client by a run of an agent.

What a client may read is decided here: the output, progress, and of a failure what the client can do
something about, in words that carry no secret. All else about a failure is the program's own: it is logged,
under an id that the client is told.
"""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ..errors import ModelRetry, said_by
from ..security.filters import RedactionFilter
from ..security.registry import SecretRegistry
from ..types.result import ErrorInfo, RunResult
from .exchange import Asked, Input, Output
from .names import sanitize_tool_name
from .progress import Progress, Report
from .served import ServedAgent, ServedCall

logger: logging.Logger = logging.getLogger("voxagent")

KEY_ENDINGS = ("_API_KEY", "_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
TOLD = ("aborted", "timed_out", "usage_limit", "refused", "max_depth", "no_output", "lock_timeout")
"""Kinds of errors whose words are for the client."""
LONGEST = 1_000


@dataclass(slots=True, frozen=True)
class Answer:
    """What a client is answered.

    Args:
        text: The answer, or what went wrong.
        structured: The answer as an object, where it is one.
        is_error: Whether something went wrong.
    """

    text: str
    structured: dict[str, Any] | None = None
    is_error: bool = False


class AgentTool:
    """A served agent as a tool.

    Args:
        served: The agent, and how it is served.
        secrets: What clients must not be told.

    Raises:
        ConfigError: Its `input_type` cannot be.
    """

    def __init__(self, served: ServedAgent, secrets: RedactionFilter) -> None:
        agent = served.agent
        self.name: str = sanitize_tool_name(served.name or agent.name or "")
        self.description: str = served.description or agent.description or f"Ask the agent {self.name!r}."
        self.input: Input = Input(self.name, served.input_type, sessions=served.sessions)
        self.output: Output = Output(agent.output_type)
        self._served = served
        self._secrets = secrets

    async def answer(
        self, given: dict[str, Any], told: Callable[[Asked], ServedCall], report: Report
    ) -> Answer:
        """Run the agent; the run ends with the task that awaits this."""
        try:
            asked = self.input.read(given)
        except ModelRetry as error:
            return self._failed(error.message)
        try:
            call = told(asked)
            deps, key = await self._prepared(call)
            result = await self._run(asked.prompt, deps, key, report)
            if result.error is not None or not result.has_output:
                return self._ended(result)
            text, structured = self.output.told(result.output)
        except Exception as error:  # of the program's own making, so nothing that a client may read
            return self._unexpected(error)
        return Answer(text, structured)

    async def _prepared(self, call: ServedCall) -> tuple[Any, str | None]:
        """The deps and the session of a run."""
        served = self._served
        deps = None if served.deps is None else served.deps(call)
        if inspect.isawaitable(deps):
            deps = await deps
        if served.session_key is None:
            return deps, None if call.session is None else f"mcp:{self.name}:{call.session}"
        key = served.session_key(call)
        return deps, await key if inspect.isawaitable(key) else key

    async def _run(self, prompt: str, deps: Any, key: str | None, report: Report) -> RunResult[Any]:
        running = self._served.agent.run_stream(prompt, deps=deps, session_key=key)
        async with Progress(report) as progress, running as stream:
            async for event in stream:
                await progress.take(event)
            return await stream.result()

    def _ended(self, result: RunResult[Any]) -> Answer:
        """A run that has no output says why."""
        error = result.error
        if error is None:
            return self._failed(f"{self.name} has no answer: {_why_none(result)} (run {result.run_id})")
        known = error if isinstance(error, ErrorInfo) else ErrorInfo.of(error)
        if known.kind in TOLD:
            return self._failed(f"{self.name} has no answer: {known.message} (run {result.run_id})")
        logger.warning(
            "run %s of %r for an MCP client failed: %s: %s",
            result.run_id,
            self.name,
            known.type,
            self._secrets.redact(known.message),
        )
        return self._failed(f"{self.name} failed ({known.kind}, run {result.run_id})")

    def _unexpected(self, error: Exception) -> Answer:
        if getattr(error, "kind", "") in TOLD:
            return self._failed(f"{self.name} has no answer: {said_by(error)}")
        id = uuid4().hex[:12]
        logger.error(
            "call %s of %r by an MCP client failed: %s: %s",
            id,
            self.name,
            type(error).__name__,
            self._secrets.redact(said_by(error)),
        )
        return self._failed(f"{self.name} failed; the server's log says why (call {id})")

    def _failed(self, text: str) -> Answer:
        return Answer(self._secrets.redact(text)[:LONGEST], is_error=True)


def _why_none(result: RunResult[Any]) -> str:
    if result.pending:
        names = ", ".join(sorted({request.call.name for request in result.pending}))
        return f"calls of {names} wait for approval, which no client can give"
    return "it gave none"


def known_secrets() -> SecretRegistry:
    """What no client is told: keys in the environment, and what looks like the key of a service."""
    registry = SecretRegistry()
    registry.register_defaults()
    for name, value in os.environ.items():
        if name.endswith(KEY_ENDINGS):
            registry.register_value(name, value, found=True)
    return registry
