"""The state of one run. Only the loop and its parts change it; functions of the program look at it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from ..abort import AbortSignal, Scope
from ..errors import ConfigError, RunAbortedError, RunError, RunTimeoutError
from ..providers.base import ModelFacts, Provider, check_native_tools, check_provider, facts_of, secrets_of
from ..security.telling import Telling
from ..session.marks import add_joined, beside_system, effective
from ..streaming.events import (
    AssistantEndEvent,
    BaseEvent,
    RunEndEvent,
    RunErrorEvent,
    RunStartEvent,
    ToolOutputEvent,
    TurnEndEvent,
    UserMessageEvent,
)
from ..tools.context import TOLD, RunContext
from ..types.approval import Approval, ApprovalRequest
from ..types.blocks import ToolCall, ToolResultBlock
from ..types.config import ModelSettings, ToolSpec
from ..types.message import Message
from ..types.native import ProviderTool
from ..types.result import Attempt, RunResult, ToolMeta
from ..types.usage import Usage
from .answer import Collector
from .budget import Budget
from .history import INTERRUPTED, answered_calls, limited, open_calls_of
from .hooks import Approver, Prompt
from .inbox import Inbox
from .output import OutputPlan
from .plan import Model, Plan, RunOptions, model_name, native_tools_of, resolved
from .redaction import Redactor
from .sink import Sink
from .storing import Storing
from .toolbox import Toolbox


@dataclass(slots=True, frozen=True)
class Lineage:
    """What a run has from the run above it; a run of its own has the defaults."""

    depth: int = 0
    max_depth: int = 5
    deadline: float | None = None
    approve: Approver | None = None
    path: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True, eq=False)
class Around:
    """What a run is put into: where its events go, what it may use, what it hides, what may stop it."""

    sink: Sink
    budget: Budget
    redactor: Redactor
    signals: tuple[AbortSignal, ...] = ()
    lineage: Lineage = Lineage()
    inbox: Inbox | None = None


class _Settling:
    """Waiting for slow readers, for whoever wants to."""

    def __init__(self, settle: Callable[[], Awaitable[None]]) -> None:
        self._settle = settle

    def __await__(self) -> Generator[Any, None, None]:
        return self._settle().__await__()


class Run:
    """One run of an agent, from its prompt to its result.

    Args:
        plan: The agent's configuration.
        prompt: What the user says; None continues the history as it is.
        deps: What the tools are given.
        output: How the output is asked for and read.
        options: What this run was told.
        models: The targets, in order.
        around: What it has from around it.
    """

    def __init__(
        self,
        plan: Plan,
        prompt: Prompt | None,
        deps: Any,
        output: OutputPlan,
        options: RunOptions,
        models: Sequence[Model],
        around: Around,
    ) -> None:
        self.plan: Plan = plan
        self.prompt: Prompt | None = prompt
        self.deps: Any = deps
        self.output: OutputPlan = output
        self.options: RunOptions = options
        self.sink: Sink = around.sink
        self.budget: Budget = around.budget
        self.redactor: Redactor = around.redactor
        self.signals: tuple[AbortSignal, ...] = around.signals
        self.lineage: Lineage = around.lineage
        self.inbox: Inbox | None = around.inbox
        self.approve: Approver | None = plan.options.get("approve") or around.lineage.approve
        self.approvals: Mapping[str, Approval] = options.get("approvals") or {}
        self.routing: bool = options.get("routing_only", False)
        self.run_id: str = f"run_{uuid4().hex[:20]}"
        self.session_key: str | None = options.get("session_key")
        self.signal: AbortSignal = AbortSignal()
        self.scope: Scope
        self.deadline: float | None = _deadline(options.get("timeout_ms"), around.lineage.deadline)
        self.settings: ModelSettings = {**plan.options.get("settings", {}), **options.get("settings", {})}
        self.native_tools: tuple[ProviderTool, ...] = native_tools_of(plan, options)
        self.targets = models
        self.aside: Callable[[Run, Sequence[Message], str, ModelSettings | None], Awaitable[Message]]
        self._thread = threading.get_ident()
        self._start_state()

    def _start_state(self) -> None:
        self.history: list[Message] = []
        self.compact_from: float = 0.0
        self.new: list[Message] = []
        self.for_model: list[Message] = []
        self.own_usage: Usage = Usage()
        self.metas: list[ToolMeta] = []
        self.attempts: list[Attempt] = []
        self.iterations = 0
        self.turn = 0
        self.failures: dict[str, int] = {}
        self.output_failures = 0
        self.taken: set[str] = set()
        self.system: str = ""
        self.system_places: Sequence[int] = ()
        self.specs: tuple[ToolSpec, ...] = ()
        self.toolbox: Toolbox = Toolbox(())
        self.collector: Collector | None = None
        self.results: dict[str, ToolResultBlock] = {}
        self.calls_due: int = 0
        self.resumed: list[ToolCall] = []
        self.begun_before: frozenset[str] = frozenset()
        self.pending: list[ApprovalRequest] = []
        self.checks: list[asyncio.Task[Any]] = []
        self.began: bool = False
        self._early: list[BaseEvent] = []
        self.truncated: bool = False
        self.has_output: bool = False
        self.ended: Literal["aborted", "timed out"] | None = None
        self.error: BaseException | None = None
        self.value: Any = None
        self.metadata: dict[str, Any] = dict(self.options.get("metadata") or {})
        self.storing: Storing | None = None

    def connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Find the provider; raises `ConfigError` if there is none or the budget cannot be kept."""
        self.loop = loop
        self._thread = threading.get_ident()
        self.provider: Provider
        self.model: str
        self.provider, self.model = resolved(self.targets, self.plan)
        check_provider(self.provider)
        self.redactor.learn(secrets_of(self.provider))
        check_native_tools(self.provider, self.model, self.native_tools)
        self.facts: ModelFacts = facts_of(self.provider, self.model)
        self.budget.check_price(self.facts, model_name(self.targets[0]))
        plan, more = self.plan, self.options.get("toolsets", ())
        sources = (*plan.tools, *plan.toolsets, *more, *self.native_tools)
        several = len(self.targets) > 1
        self.mode = self.output.mode(self.facts, beside_tools=bool(sources), may_move_on=several)
        self.context: RunContext[Any] = RunContext(
            self.signal,
            self.deps,
            self.session_key,
            self.run_id,
            depth=self.lineage.depth,
            metadata=self.metadata,
            view=self,
        )

    # --- what functions of the program see ---------------------------------------------------

    @property
    def usage(self) -> Usage:
        """What the run has used so far, its sub-agents included."""
        return self.own_usage

    @property
    def messages(self) -> Sequence[Message]:
        """The conversation so far."""
        return tuple(self.history)

    async def ask(
        self, messages: Sequence[Message], system: str = "", settings: ModelSettings | None = None
    ) -> Message:
        """Ask the run's model something aside; from any event loop."""
        return await self.aside(self, messages, system, settings)

    def tell(self, event: BaseEvent) -> Awaitable[None]:
        """Emit an event, from any thread; awaiting it waits for slow readers."""
        if not isinstance(event, ToolOutputEvent):
            event = self.redactor.value(event)
        if not self.began:
            self._early.append(event)
            return TOLD
        if threading.get_ident() != self._thread:
            if not self.loop.is_closed():
                self.loop.call_soon_threadsafe(self._send, event)
            return TOLD
        self._send(event)
        return _Settling(self.sink.settle) if self.sink.blocked else TOLD

    def _send(self, event: BaseEvent) -> None:
        if isinstance(event, ToolOutputEvent):  # a secret may be told in pieces
            delta = self.redactor.delta(event.tool_call_id, event.delta, Telling)
            if event.delta and not delta:
                return
            event = ToolOutputEvent(event.run_id, event.tool_call_id, delta)
        self.sink.send(event)

    # --- the history -------------------------------------------------------------------------

    def begin_with(self, history: Sequence[Message]) -> None:
        """Take what was said before this run; system messages move into the system prompt."""
        self.system_places = [place for place, message in enumerate(history) if message.role == "system"]
        hoisted = [history[place].text for place in self.system_places]
        self.system = "\n\n".join(filter(None, [self.plan.options.get("system_prompt"), *hoisted]))
        for message in history:
            if message.role == "system":
                continue
            if type(message.content) is str:
                self.history.append(message)
                self.for_model.append(message)
            else:
                self._take(message)
                self.taken.update(call.id for call in message.tool_calls)

    async def add(self, message: Message) -> None:
        """Append a user's message to the history, and to the stored session."""
        self.append(message)
        await self.sink.emit(UserMessageEvent(self.run_id, message))
        await self.store()

    def append(self, message: Message) -> None:
        """Append a message to the history."""
        self._take(message)
        self.new.append(message)
        if self.storing is not None:
            self.storing.add(message)

    def _take(self, message: Message) -> None:
        add_joined(self.history, message)
        del self.for_model[len(self.history) - 1 :]
        self.for_model.append(limited(self.history[-1]))

    def shorten(self, mark: Message, messages: Sequence[Message]) -> None:
        """Go on with these messages, as a mark of the session tells."""
        self.history, self.for_model = effective([*self.history, mark]), list(messages)
        if self.storing is not None:
            self.storing.add(beside_system(mark, self.system_places))
            self.system_places = range(len(self.system_places))

    async def store(self) -> None:
        """Wait until the session has all of the history."""
        if self.storing is not None:
            await self.storing.written()

    def close_history(self) -> list[BaseEvent]:
        """Leave a history that any provider accepts: the partial answer kept, open calls answered.

        Returns the events that are still to be told.
        """
        events: list[BaseEvent] = []
        if self.collector is not None:
            partial = self.collector.message("aborted")
            self.collector = None
            if partial.text:
                self.append(partial)
            events.append(AssistantEndEvent(self.run_id, partial))
        open_calls = [] if self.pending else open_calls_of(self.history)
        if open_calls:
            why = f"not executed: the run {f'was {self.ended}' if self.ended else 'has failed'}"
            self.append(answered_calls(open_calls, self.results, INTERRUPTED if self.resumed else why))
            events.append(UserMessageEvent(self.run_id, self.history[-1]))
        if self.turn:
            events.append(TurnEndEvent(self.run_id, self.turn))
        return events

    async def store_last(self) -> None:
        """The last write of a run: shielded from what stops it, for a short time."""
        if self.storing is not None:
            await self.storing.written(hurry=True)

    # --- beginning and end -------------------------------------------------------------------

    async def begin(self) -> None:
        """From here on whatever goes wrong is in the result."""
        self.began = True
        key = None if self.session_key is None else self.redactor.text(self.session_key)
        await self.sink.emit(RunStartEvent(self.run_id, key, time.time()))
        for event in self._early:
            self._send(event)

    def fail(self, error: Exception) -> None:
        """What ended the run; the first counts."""
        if self.error is None:
            self.error = RunError(f"{type(error).__name__}, which cannot be told of")  # should the next fail
            self.error = self.redactor.error(error)

    @property
    def stopping(self) -> AbortSignal | None:
        """The signal that asks for a graceful stop, if one does."""
        return next((signal for signal in self.signals if signal.stopping), None)

    def interrupted(self, why: Literal["aborted", "timed out"]) -> None:
        """The run was stopped from outside or by its clock; an output or failure before that stays."""
        if self.error is not None or self.has_output:
            return
        self.ended = why
        if why == "aborted":
            reason = self.redactor.text(self.signal.reason or "no reason given")
            self.error = RunAbortedError(f"the run was aborted: {reason}")
        else:
            self.error = RunTimeoutError(f"the run did not end in the time it had{self._limit()}")

    def _limit(self) -> str:
        given = self.options.get("timeout_ms")
        return f" (timeout_ms={given:g})" if given is not None else ""

    def result(self) -> RunResult[Any]:
        """Everything the run did."""
        answers = [message for message in self.new if message.role == "assistant"]
        return RunResult(
            messages=list(self.history),
            assistant_texts=[message.text for message in answers if message.text],
            tool_metas=list(self.metas),
            aborted=self.ended == "aborted",
            timed_out=self.ended == "timed out",
            error=self.error if isinstance(self.error, Exception) else None,
            new_messages=list(self.new),
            usage=self.own_usage,
            run_id=self.run_id,
            provider=(answers[-1].provider if answers else None) or self.provider.name,
            model=(answers[-1].model if answers else None) or self.model,
            iterations=self.iterations,
            attempts=list(self.attempts),
            finish_reason=answers[-1].finish_reason if answers else None,
            truncated=self.truncated,
            pending=list(self.pending),
            metadata=self.redactor.data(self.metadata),
            has_output=self.has_output and self.error is None,
            value=self.value if self.error is None else None,
        )

    def send_end(self, result: RunResult[Any]) -> None:
        """Tell that the run is over."""
        now = time.time()
        if result.error is not None:
            self.sink.send(RunErrorEvent(self.run_id, result.error, now))
        end = RunEndEvent(self.run_id, result.messages, result.aborted, result.timed_out, now, result)
        self.sink.send(end)


def _deadline(timeout_ms: float | None, inherited: float | None) -> float | None:
    if timeout_ms is None:
        return inherited
    if timeout_ms <= 0:
        raise ConfigError(f"timeout_ms={timeout_ms!r} is not a positive number of milliseconds")
    own = time.monotonic() + timeout_ms / 1000
    return own if inherited is None else min(own, inherited)
