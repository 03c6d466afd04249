"""Execute the tool calls of one answer.

This is the tool boundary: whatever a tool raises, returns or refuses to do becomes a result that the model
reads, an event, and a line in the result's `tool_metas`. Only three things pass: the cancellation of
the run, Ctrl-C, and what is meant to end the run.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..abort import AbortSignal, stops_task
from ..errors import (
    AbortError,
    CallbackError,
    ModelRetry,
    RefusedError,
    ToolError,
    ToolFailedError,
    ToolRetryError,
    said_by,
)
from ..streaming.events import OrphanEvent, ToolEndEvent, ToolOutputEvent, ToolStartEvent, WarningEvent
from ..tools.content import Content, ToolReturn, as_content, clean
from ..tools.context import ToolContext
from ..tools.definition import ToolDefinition
from ..tools.running import Job, run_jobs
from ..tools.toolset import no_such_tool
from ..types.blocks import ToolCall, ToolResult, ToolResultBlock
from ..types.result import ToolMeta
from ..types.usage import Usage
from .approval import asked, needs_approval
from .hooks import called, is_answer
from .plan import CANCEL_GRACE
from .run import Run
from .watchdog import watched

logger: logging.Logger = logging.getLogger("voxagent")


@dataclass(slots=True)
class Outcome:
    """How one call went.

    Args:
        content: What the model reads.
        is_error: Whether that is an error.
        retry: Whether the model got the call wrong and shall try again.
        fatal: What ends the run.
        pending: Whether it waits for approval, and was not made.
        details: The traceback, for events and logs.
        metadata: What the tool returned for the program only.
    """

    content: Content
    is_error: bool = False
    retry: bool = False
    fatal: BaseException | None = None
    pending: bool = False
    details: str | None = None
    metadata: Any = None


class Execution:
    """One call on its way."""

    def __init__(self, run: Run, call: ToolCall) -> None:
        self.run = run
        self.call = call
        self.tool: ToolDefinition[Any] | None = run.toolbox.by_name.get(call.name)
        self.signal: AbortSignal = AbortSignal()
        self.begun: float = 0.0
        self.outcome: Outcome = Outcome("")
        self._gated = self.tool is not None and self.tool.requires_approval is not False

    def job(self) -> Job[Outcome]:
        """The call as something that can be run beside others."""
        tool = self.tool
        self._job = Job(
            start=self.do,
            timeout=tool.timeout if tool else None,
            alone=bool(tool and tool.sequential),
            on_cancel=self.signal.abort,
            on_end=self.over,
        )
        return self._job

    async def do(self) -> Outcome:
        """The whole call; nothing but a cancellation of ours leaves it."""
        if not self._gated:
            self._begin()
        try:
            if self.run.sink.blocked:
                await self.run.sink.settle()
            return await self._done()
        except ModelRetry as error:
            return Outcome(clean(error.message), is_error=True, retry=True)
        except (ToolError, AbortError) as error:
            return Outcome(clean(error.message), is_error=True)
        except (CallbackError, RefusedError, KeyboardInterrupt) as error:
            return Outcome(f"{type(error).__name__}", is_error=True, fatal=error)
        except BaseException as error:  # the one place: see the module's docstring
            if stops_task(error):
                raise
            return self._raised(error)

    def _begin(self) -> None:
        self.begun = time.perf_counter()
        self.run.sink.send(ToolStartEvent(self.run.run_id, self.call))

    async def _done(self) -> Outcome:
        tool = self.tool
        if tool is None:
            raise ModelRetry(_unknown(self.run, self.call.name))
        context = self._context()
        call = await self._before(context)
        if is_answer(call):
            return _returned(call.value)
        arguments = tool.arguments(call.params if call.arguments is None else call.arguments)
        if self._gated:
            if await self._waits(tool, context, call):
                return Outcome("", pending=True)
            arguments = tool.arguments(call.params)  # what was shown, and nothing else
        arguments = self.run.redactor.revealed(arguments, tool.name, tool.secrets)
        work = tool.call(arguments, context)
        limit = self.run.plan.options.get("watchdog")
        value = await (work if limit is None else watched(work, limit, self._blocked))
        return _returned(await self._after(context, value))

    async def _waits(self, tool: ToolDefinition[Any], context: ToolContext[Any], call: ToolCall) -> bool:
        """Have the call approved; True if nobody is there to do it now. The tool's clock stands still."""
        self._job.hold()
        if await needs_approval(self.run, tool, context, call.params):
            request = await asked(self.run, call, self.call)
            if request is not None:
                self.run.pending.append(request)
                return True
        if self.run.storing is not None:
            await self.run.storing.begun(call.id)
        self._job.begin()
        self._begin()
        return False

    def _context(self) -> ToolContext[Any]:
        run = self.run
        return ToolContext(
            self.signal,
            run.deps,
            run.session_key,
            run.run_id,
            run.failures.get(self.call.name, 0),
            tool_name=self.call.name,
            tool_call_id=self.call.id,
            depth=run.lineage.depth,
            metadata=run.metadata,
            view=run,
        )

    async def _before(self, context: ToolContext[Any]) -> Any:
        """The call to make, or an `Answer`."""
        call = self.call
        for hooks in self.run.plan.hooks:
            if hooks.before_tool is None:
                continue
            changed = await called("the hook before_tool", hooks.before_tool, context, call)
            if is_answer(changed):
                return changed
            if isinstance(changed, ToolCall):
                call = changed
            elif changed is not None:
                call = ToolCall(call.id, call.name, changed)
        return call

    async def _after(self, context: ToolContext[Any], value: Any) -> Any:
        for hooks in self.run.plan.hooks:
            if hooks.after_tool is None:
                continue
            changed = await called("the hook after_tool", hooks.after_tool, context, self.call, value)
            if is_answer(changed):
                value = changed.value
        return value

    def _raised(self, error: BaseException) -> Outcome:
        details = clean("".join(traceback.format_exception(error)))
        said = self.run.redactor.text(said_by(error))  # ahead of the cut, which may go through a secret
        text = clean(f"{type(error).__name__}: {next(iter(said.strip().splitlines()), '')}")
        fatal = None
        if self.run.plan.options.get("tool_errors") == "raise":
            fatal = ToolFailedError(self.run.redactor.text(f"tool {self.call.name!r} raised {text}"))
            fatal.__cause__ = error
        return Outcome(text, is_error=True, fatal=fatal, details=details)

    def _blocked(self, seconds: float) -> None:
        said = f"tool {self.call.name!r} blocked the event loop for {seconds:.2f} s; make it a plain function"
        self.run.sink.send(WarningEvent(self.run.run_id, said))
        logger.warning(said)

    def over(self, job: Job[Outcome]) -> None:
        """The call has ended in some way: tell the model, the events and the result."""
        run, call = self.run, self.call
        outcome = self.outcome = self._outcome(job)
        if outcome.pending:
            return
        if not self.begun:  # it was cancelled ahead of its first step, or denied
            self._begin()
        content = run.redactor.content(outcome.content)
        metadata = run.redactor.data(outcome.metadata)
        details = run.redactor.text(outcome.details) if outcome.details else None
        milliseconds = (time.perf_counter() - self.begun) * 1000
        result = run.results[call.id] = ToolResultBlock(call.id, call.name, content, outcome.is_error)
        if run.storing is not None and len(run.results) < run.calls_due:
            run.storing.add_early(result)
        told = content if isinstance(content, str) else "see the result"
        error = told if outcome.is_error else None
        run.metas.append(ToolMeta(call.name, call.id, milliseconds, error is None, error, metadata))
        if rest := run.redactor.rest(call.id):
            run.sink.send(ToolOutputEvent(run.run_id, call.id, rest))
        if details is not None:
            logger.warning("tool %r failed: %s", call.name, details)
        if run.sink.wanted:
            told_of = ToolResult(call.id, content, outcome.is_error)
            seconds = milliseconds / 1000
            run.sink.send(ToolEndEvent(run.run_id, call.id, told_of, call.name, seconds, details, metadata))

    def _outcome(self, job: Job[Outcome]) -> Outcome:
        if job.ended == "done" and job.value is not None:
            return job.value
        limit = f" within {job.timeout:g} s" if job.timeout else ""
        if job.ended == "orphaned":
            self.run.sink.send(OrphanEvent(self.run.run_id, self.call.id, self.call.name))
            logger.warning("tool %r did not stop when it was cancelled, and still runs", self.call.name)
        if job.expired:
            return self._timed_out(f"TimeoutError: the tool did not end{limit}")
        return Outcome("cancelled", is_error=True)

    def _timed_out(self, text: str) -> Outcome:
        fatal = None
        if self.run.plan.options.get("tool_errors") == "raise":
            fatal = ToolFailedError(f"tool {self.call.name!r}: {text}")
        return Outcome(text, is_error=True, fatal=fatal)


def _returned(value: Any) -> Outcome:
    metadata = cast("Any", value).metadata if isinstance(value, ToolReturn) else None
    return Outcome(as_content(cast("object", value)), metadata=metadata)


def _unknown(run: Run, name: str) -> str:
    if name in run.toolbox.hidden:
        return f"the tool {name!r} may not be used here"
    return no_such_tool(name, [spec.name for spec in run.specs])


async def run_calls(run: Run, calls: Sequence[ToolCall]) -> None:
    """Execute calls; their results are in `run.results`.

    Raises what ends the run: a tool that failed, if the agent wants that, or a tool whose arguments the
    model got wrong once too often.
    """
    run.budget.reserve_calls(len(calls))
    run.own_usage += Usage(tool_calls=len(calls))
    executions = [Execution(run, call) for call in calls]
    before = len(run.metas)
    try:
        await run_jobs(
            [execution.job() for execution in executions],
            run.plan.limit,
            # agents below have a little less, so that they can still tell what they left behind
            run.plan.options.get("cancel_grace", CANCEL_GRACE) * 0.9**run.lineage.depth,
            _is_fatal,
        )
    finally:
        order = {call.id: number for number, call in enumerate(calls)}
        run.metas[before:] = sorted(run.metas[before:], key=lambda meta: order[meta.tool_call_id])
    if run.sink.blocked:
        await run.sink.settle()
    for execution in executions:
        if execution.outcome.fatal is not None:
            raise execution.outcome.fatal
    _count(run, executions)


def _counted_as(execution: Execution) -> str:
    return execution.call.name if execution.tool is not None else ""


def _is_fatal(outcome: Outcome) -> bool:
    return outcome.fatal is not None


def _count(run: Run, executions: Sequence[Execution]) -> None:
    """Count how often in a row the model got a tool wrong; twice in one answer counts once.

    Tools that do not exist are counted together, under no name.
    """
    wrong = {_counted_as(each): each for each in executions if each.outcome.retry}
    for key in {"", *map(_counted_as, executions)} - set(wrong):
        run.failures.pop(key, None)
    for key, each in wrong.items():
        allowed = each.tool.retries if each.tool is not None else None
        if allowed is None:
            allowed = run.plan.options.get("retries", 1)
        run.failures[key] = run.failures.get(key, 0) + 1
        if run.failures[key] > allowed:
            raise ToolRetryError(
                run.redactor.text(
                    f"the model got tool {each.call.name!r} wrong {run.failures[key]} times in a row,"
                    f" {allowed} retries are allowed; the last time: {each.outcome.content}"
                )
            )
