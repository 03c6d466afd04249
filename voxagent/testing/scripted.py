"""A provider that answers what a test wrote down, and fails the test if the script does not fit."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..providers.base import ModelFacts, ModelRequest
from ..providers.chunks import StreamChunk
from ..providers.offline.conversation import call_ids
from ..types.native import ProviderTool
from .steps import Failure, ScriptedAnswer, Step, as_answer, delivered


class ScriptedProvider:
    """Answers one request after the other from a script, whatever is asked.

    As a context manager (`agent.override(model=provider)` enters it) it fails with an `AssertionError`
    when the block is left with answers that nobody asked for, or after a request without an answer.

    Args:
        *answers: One for each request: `answer(...)`, a bare part such as `text(...)`, or a `Message`.
        name: Name of the provider.
        model: Name of the model.
        facts: What is said of the model.

    Attributes:
        requests: Every request so far, as it was when it was made.
    """

    def __init__(
        self, *answers: Step, name: str = "scripted", model: str = "scripted", facts: ModelFacts | None = None
    ) -> None:
        self.name = name
        self.model = model
        self.requests: list[ModelRequest] = []
        self._answers = [as_answer(step) for step in answers]
        self._facts = facts or ModelFacts()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ScriptedProvider({self.name}:{self.model}, {len(self._answers)} answers)"

    def facts(self, model: str) -> ModelFacts:
        """What the test says of the model."""
        return self._facts

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Tools that a provider runs itself are taken, all of them, and stand in the request."""
        return ""

    @property
    def unused(self) -> int:
        """How many answers nobody has asked for yet."""
        return max(0, len(self._answers) - len(self.requests))

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Give the next answer; raises `AssertionError` if there is none."""
        given = self._next(replace(request, messages=tuple(request.messages)))
        first = given.parts[0] if given.parts else None
        if isinstance(first, Failure):
            raise first.error
        chunks = delivered(given, call_ids(request.messages), self.name, self.model)
        try:
            yield chunks
        finally:
            await chunks.aclose()

    def _next(self, request: ModelRequest) -> ScriptedAnswer:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        if number > len(self._answers):
            raise AssertionError(self._missing(number))
        return self._answers[number - 1]

    def _missing(self, number: int) -> str:
        messages = self.requests[number - 1].messages
        last = messages[-1] if messages else None
        results = [f"{each.tool_name} gave {each.text!r}" for each in last.tool_results] if last else []
        asked = "; ".join(results) or repr(last.text if last else "")
        return f"{self!r} was asked a {number}. time, for: {asked}"

    def check(self) -> None:
        """Raise `AssertionError` unless every answer was asked for, and every request answered."""
        asked = len(self.requests)
        if asked > len(self._answers):
            raise AssertionError(self._missing(len(self._answers) + 1))
        if self.unused:
            left = self._answers[asked].parts
            raise AssertionError(f"{self!r} was asked {asked} times; the next answer would have been: {left}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.check()
