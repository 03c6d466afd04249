"""Makes the runs of one agent."""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ..abort import AbortController, AbortSignal
from ..errors import ConfigError, MaxDepthExceededError
from ..security.registry import SecretRegistry
from ..security.values import found_secrets
from ..session.memory import InMemorySessionStorage
from ..session.registry import storage_from
from ..session.storage import SessionStorage
from ..streaming.events import BaseEvent
from ..tools.context import ToolContext, deps_are_optional
from ..types.message import Message
from ..types.policy import ToolPolicy
from ..types.result import RunResult
from ..types.usage import UsageLimits
from .aside import asked_aside
from .budget import Budget
from .checks import (
    Kind,
    check_each,
    check_kinds,
    check_prompt,
    check_settings,
    is_approval,
    is_native_tool,
    is_toolset,
)
from .hooks import Prompt
from .inbox import Inbox
from .loop import run_loop
from .output import OutputPlan
from .overrides import UNSET, overrides_of
from .plan import Plan, RunOptions, checked_models
from .redaction import Redactor, registry_of
from .run import Around, Lineage, Run
from .sessions import SessionHouse
from .sink import Buffer, Sink

KNOWN_OPTIONS = frozenset(RunOptions.__annotations__)
RUN_KINDS: dict[str, Kind] = {
    "limits": UsageLimits,
    "session_key": str,
    "timeout_ms": (int, float),
    "abort_signal": AbortSignal,
    "metadata": Mapping,
    "approvals": Mapping,
    "resume": bool,
}


class Runs:
    """An agent's configuration, ready for any number of runs.

    Args:
        plan: The configuration.
        owner: The agent, by which overrides are found.
    """

    def __init__(self, plan: Plan, owner: object) -> None:
        self.plan = plan
        self._owner = owner
        options = plan.options
        self.output: OutputPlan = OutputPlan(plan.output_type, options.get("output_mode", "auto"))
        self.secrets: SecretRegistry = registry_of(
            options.get("secret_patterns", ()), options.get("secrets_to_redact", {})
        )
        if "secrets_to_redact" in options:
            options["secrets_to_redact"] = self.secrets.masked()  # the registry alone has the values
        storage = options.get("session_storage")
        if storage is None:
            storage = InMemorySessionStorage()
        elif not isinstance(storage, SessionStorage):  # only the store keeps a password that is in its URL
            storage = options["session_storage"] = storage_from(storage)
        for name, secret in getattr(storage, "known_secrets", tuple)():
            self.secrets.register_value(name, secret, found=True)
        self.sessions: SessionHouse = SessionHouse(storage, reject=options.get("session_lock") == "reject")

    def output_plan(self, output_type: Any) -> OutputPlan:
        """How an output is asked for and read."""
        if output_type is None:
            return self.output
        return OutputPlan(output_type, self.plan.options.get("output_mode", "auto"))

    def start(
        self,
        prompt: Prompt | None,
        deps: Any,
        output: OutputPlan,
        options: RunOptions,
        controller: AbortController,
        buffer: Buffer | None = None,
        inbox: Inbox | None = None,
    ) -> Coroutine[Any, Any, RunResult[Any]]:
        """A run of its own."""
        if options:
            _check_options(options)
        if prompt is not None and options.get("approvals") is not None:
            raise ConfigError("approvals continue a history: the prompt must be None with them")
        if options.get("resume") and (prompt is not None or options.get("session_key") is None):
            raise ConfigError("resume=True takes up a session: it needs session_key=, and prompt=None")
        deps = self._deps(deps)
        signal = options.get("abort_signal")
        redactor = self._redactor(deps)
        around = Around(
            Sink(self._observers(), buffer, redactor.text),
            Budget(options.get("limits") or self.plan.options.get("limits") or UsageLimits()),
            redactor,
            (controller.signal, *([signal] if signal else [])),
            Lineage(max_depth=self.plan.max_depth),
            inbox,
        )
        return run_loop(self._run(prompt, deps, output, options, around), self.sessions)

    async def start_nested(
        self, prompt: str, deps: Any, context: ToolContext[Any], name: str
    ) -> RunResult[Any]:
        """A run below the run of a tool call: with its deadline, budget, events and abort."""
        parent = context.view
        if not isinstance(parent, Run):
            return await self.start(prompt, deps, self.output, {}, AbortController())
        above = parent.lineage
        depth = above.depth + 1
        if depth > above.max_depth:
            raise MaxDepthExceededError(depth, above.max_depth)
        deepest = min(above.max_depth, depth + self.plan.max_depth)
        lineage = Lineage(depth, deepest, parent.deadline, parent.approve, (*above.path, name))
        options: RunOptions = {"session_key": parent.session_key, "metadata": parent.metadata}
        redactor = self._redactor(deps, parent.redactor.registry)
        around = Around(
            _Forwarding(self._observers(), parent.sink, name, redactor.text),
            parent.budget,
            redactor,
            (context.abort_signal,),
            lineage,
        )
        run = self._run(prompt, self._deps(deps), self.output, options, around)
        try:
            return await run_loop(run, self.sessions)
        finally:
            parent.own_usage += run.own_usage

    def _run(
        self, prompt: Prompt | None, deps: Any, output: OutputPlan, options: RunOptions, around: Around
    ) -> Run:
        check_prompt(prompt)
        models = overrides_of(self._owner).models
        if models is None:
            models = checked_models(options["model"]) if "model" in options else self.plan.models
        run = Run(self.plan, prompt, deps, output, options, models, around)
        run.aside = asked_aside
        return run

    def _observers(self) -> list[Any]:
        return [*self.plan.options.get("observers", ()), *self.plan.observers]

    def _deps(self, deps: Any) -> Any:
        other = overrides_of(self._owner).deps
        deps = deps if other is UNSET else other
        if deps is None and not deps_are_optional(self.plan.deps_type):
            raise ConfigError(f"deps is missing: this agent has deps_type={self.plan.deps_type!r}")
        return deps

    def _redactor(self, deps: Any, inherited: SecretRegistry | None = None) -> Redactor:
        registry = self.secrets if inherited is None else self.secrets.joined(inherited)
        found = list(found_secrets(deps)) if deps is not None else []
        if found:
            registry = registry.extended(found)
        return Redactor(registry)


class _Forwarding(Sink):
    """Sends events also to the run above, with the path they came by."""

    __slots__ = ("_above", "_name")

    def __init__(self, observers: Any, above: Sink, name: str, hide: Callable[[str], str]) -> None:
        super().__init__(observers, None, hide)
        self._above = above
        self._name = name
        self.wanted = self.wanted or above.wanted

    @property
    def blocked(self) -> bool:
        return super().blocked or self._above.blocked

    def send(self, event: BaseEvent) -> None:
        super().send(event)
        if self._above.wanted:
            forwarded = copy.copy(event)
            forwarded.path = (self._name, *event.path)
            self._above.send(forwarded)

    async def settle(self) -> None:
        await super().settle()
        await self._above.settle()


def _check_options(options: Mapping[str, Any]) -> None:
    unknown = [name for name in options if name not in KNOWN_OPTIONS]
    if unknown:
        raise ConfigError(f"a run takes no {unknown[0]!r}; it takes {', '.join(sorted(KNOWN_OPTIONS))}")
    check_kinds(options, RUN_KINDS)
    check_settings(options.get("settings", {}))
    check_each("toolsets", options.get("toolsets", ()), is_toolset, "toolset")
    check_each("policies", options.get("policies", ()), ToolPolicy, "ToolPolicy")
    check_each("native_tools", options.get("native_tools", ()), is_native_tool, "tool of a provider")
    approvals: Mapping[str, Any] = options.get("approvals") or {}
    check_each("approvals", list(approvals.values()), is_approval, "approval")
    check_each("message_history", options.get("message_history") or (), Message, "Message")
