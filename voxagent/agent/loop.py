"""The one loop. Every door runs it; it never yields, it emits.

    load the session -> open the toolsets -> RunStart
      -> check the prompt
      -> ask the model -> execute its calls, or take its output -> again, until there is an output
    -> close the history -> store -> RunEnd

What goes wrong before RunStart is raised. Afterwards a run always gives a result, with a history that
any provider accepts. A cancellation from outside and Ctrl-C go through, once history and events are closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from ..abort import Scope
from ..errors import ConfigError, EmptyAnswerError, ProviderError, RunAbortedError
from ..providers.base import ModelRequest
from ..session.lock import DEFAULT_TIMEOUT
from ..session.marks import begun_calls, effective, ids_left_out
from ..streaming.events import (
    AssistantEndEvent,
    AssistantStartEvent,
    RetryEvent,
    TurnEndEvent,
    TurnStartEvent,
)
from ..tools.toolset import Toolset
from ..types.blocks import ThinkingBlock, ToolCall
from ..types.message import Message
from ..types.policy import ToolPolicy
from ..types.result import RunResult
from .answer import Collector
from .approval import check_approvals
from .asking import asked, moved, reserved
from .compacting import fitted, refitted
from .following import followed, resumed
from .history import open_calls_of
from .hooks import called, is_answer
from .plan import CANCEL_GRACE
from .prompting import begin_with_prompt, cancelled, checked_beside, followed_up, steered
from .run import Run
from .sessions import SessionHouse
from .storing import Storing
from .toolbox import Toolbox, is_plain, opened

logger: logging.Logger = logging.getLogger("voxagent")


async def run_loop(run: Run, sessions: SessionHouse) -> RunResult[Any]:
    """Run to the end and tell what became of it."""
    try:
        return await _whole(run, sessions)
    except Exception as error:  # raised again, or what is shown of it
        shown = run.redactor.error(error)
        if shown is error:
            raise
    raise shown  # here, where what it stands for is not its context


async def _whole(run: Run, sessions: SessionHouse) -> RunResult[Any]:
    run.connect(asyncio.get_running_loop())
    unlink = [signal.on_abort(run.signal.abort) for signal in run.signals]
    try:
        if run.session_key is None or run.lineage.depth:
            history = run.options.get("message_history") or ()
            _take(run, run.redactor.messages(history))
            result = await _ended(run)
        else:
            async with _session(run, sessions, run.session_key):
                result = await _ended(run)
    finally:
        for undo in unlink:
            undo()
        if run.inbox is not None:
            run.inbox.close()
        await run.sink.finish()
    return result


async def _ended(run: Run) -> RunResult[Any]:
    stopped: BaseException | None = None
    try:
        await _worked(run)
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        if not run.began:
            raise
        stopped = error
        run.ended = run.ended or "aborted"
        run.error = run.error or RunAbortedError(f"the run was ended by {type(error).__name__}")
    try:
        await _closed(run)
    except asyncio.CancelledError as error:
        stopped = error
    result = run.result()
    run.send_end(result)
    if stopped is not None:
        raise stopped
    return result


async def _worked(run: Run) -> None:
    """Everything that an abort and the clock may end."""
    scope = run.scope = Scope(run.signal, run.deadline)
    try:
        async with scope:
            scope.checkpoint()
            toolsets, policies = _sources(run)
            if not toolsets and not policies and is_plain(run.plan.tools):
                await _worked_with(run, run.plan.box())
            else:
                async with opened(run.plan.tools, toolsets, policies, run.context) as toolbox:
                    await _worked_with(run, toolbox)
    except Exception as error:  # a run that has begun gives a result
        if not run.began:
            raise
        logger.warning("closing the toolsets failed: %s", run.redactor.text(str(error)))
    if scope.ended is not None:
        if not run.began:
            await run.begin()
        run.interrupted(scope.ended)


async def _worked_with(run: Run, toolbox: Toolbox) -> None:
    run.toolbox = toolbox
    for name, secrets in toolbox.revealing.items():
        run.redactor.check_names(name, secrets)
    run.specs = _specs(run, toolbox)
    await run.begin()
    await _turned(run)


async def _turned(run: Run) -> None:
    try:
        if not await resumed(run) and await begin_with_prompt(run):
            while await steered(run) and (not await _turn(run) or await followed_up(run)):
                run.scope.checkpoint()
                _check_stopping(run)
    except Exception as error:  # becomes the result's error
        run.fail(error)
    finally:
        await cancelled(run.checks, run.plan.options.get("cancel_grace", CANCEL_GRACE))


def _check_stopping(run: Run) -> None:
    signal = run.stopping
    if signal is not None:
        run.ended = "aborted"
        raise RunAbortedError(f"the run was stopped after a turn: {signal.reason or 'no reason given'}")


async def _closed(run: Run) -> None:
    """Close the history and the events of a run that did not come to its end by itself."""
    for event in run.close_history():
        run.sink.send(event)
    try:
        await run.store_last()
    except Exception as error:  # becomes the result's error
        run.fail(error)


# --- before the first turn ---------------------------------------------------------------------


@asynccontextmanager
async def _session(run: Run, sessions: SessionHouse, key: str) -> AsyncGenerator[None]:
    """The history of a session, which is locked until the run is over."""
    if run.options.get("message_history") is not None:
        raise ConfigError("message_history and session_key exclude each other: the session has the history")
    wait = DEFAULT_TIMEOUT
    if run.deadline is not None:
        wait = min(wait, max(0.0, run.deadline - time.monotonic()))
    async with sessions.held(key, wait, run.signal) as held:
        stored = await sessions.loaded(key, run.signal, run.deadline) if held else None
        messages = stored or ()
        run.storing = None if stored is None else Storing(sessions.storage, key, len(stored))
        run.begun_before = begun_calls(messages)
        run.taken.update(ids_left_out(messages))
        _take(run, run.redactor.messages(effective(messages)), complete=stored is not None)
        yield


def _take(run: Run, history: Sequence[Message], *, complete: bool = True) -> None:
    """Begin with a history. One may end with calls that nobody answered; no provider takes that."""
    run.begin_with(history)
    run.resumed = open_calls_of(run.history)
    if complete:
        check_approvals(run.approvals, run.resumed)
    if run.prompt is None and not run.history and complete:
        where = f" in session {run.session_key!r}" if run.session_key is not None else ""
        raise ConfigError(f"prompt=None continues a history, but there is none{where}")


def _sources(run: Run) -> tuple[list[Toolset[Any]], list[ToolPolicy]]:
    """Where tools come from, and what forbids them."""
    plan, options = run.plan, run.options
    policies = [*plan.options.get("policies", ()), *options.get("policies", ())]
    return [*plan.toolsets, *options.get("toolsets", ())], policies


def _specs(run: Run, toolbox: Toolbox) -> Any:
    if run.mode != "tool":
        return toolbox.specs
    for spec in run.output.tools:
        if spec.name in toolbox.by_name:
            raise ConfigError(f"the name {spec.name!r} is taken by the output: rename that tool")
    return (*toolbox.specs, *run.output.tools)


# --- one turn ------------------------------------------------------------------------------------


async def _turn(run: Run) -> bool:
    """One answer of the model and what follows from it; True if the run is over."""
    renewed = await run.toolbox.renew() if run.toolbox.renew is not None else None
    if renewed is not None:
        run.toolbox, run.specs = renewed, _specs(run, renewed)
    run.iterations += 1
    run.turn = run.iterations
    await run.sink.emit(TurnStartEvent(run.run_id, run.turn))
    message, calls = await _answer(run)
    done = await checked_beside(run) or await followed(run, message, calls)
    turn, run.turn = run.turn, 0
    await run.sink.emit(TurnEndEvent(run.run_id, turn))
    return done


async def _answer(run: Run) -> tuple[Message, list[ToolCall]]:
    message, calls = await _ask(run)
    if _is_empty(run, message):
        run.collector = None
        await run.sink.emit(AssistantEndEvent(run.run_id, message))
        await run.sink.emit(RetryEvent(run.run_id, "the model gave an empty answer"))
        message, calls = await _ask(run)
        if _is_empty(run, message):
            raise EmptyAnswerError(
                "the model gave an empty answer twice", provider=run.provider.name, model=run.model
            )
    run.collector = None
    run.append(message)
    run.sink.send(AssistantEndEvent(run.run_id, message))
    await run.sink.settle()
    await run.store()
    return message, calls


def _is_empty(run: Run, message: Message) -> bool:
    """Whether there is nothing to go on with; after tool results, an empty text is an answer."""
    if message.text or message.finish_reason in ("content_filter", "pause", "length"):
        return False
    if any(not isinstance(block, ThinkingBlock) for block in message.blocks):
        return False
    return not (run.history and run.history[-1].tool_results)


async def _ask(run: Run) -> tuple[Message, list[ToolCall]]:
    """Ask the model; once more, with less, if that was too long for it."""
    await fitted(run)
    try:
        return await _requested(run)
    except ProviderError as error:
        await refitted(run, error)
    return await _requested(run)


async def _requested(run: Run) -> tuple[Message, list[ToolCall]]:
    request = ModelRequest(
        model=run.model,
        messages=tuple(run.for_model),
        system=run.system,
        tools=run.specs,
        output=run.output.spec if run.mode == "native" else None,
        settings=run.settings,
        abort_signal=run.signal,
        run_id=run.run_id,
        deadline=run.deadline,
        native_tools=run.native_tools,
        hide=run.redactor.learn,
    )
    for hooks in run.plan.hooks:
        if hooks.before_model is None:
            continue
        changed = await called("the hook before_model", hooks.before_model, run.context, request)
        if is_answer(changed):
            return await _given(run, changed.value)
        request = changed or request
    return await _asked(run, request)


async def _given(run: Run, value: Any) -> tuple[Message, list[ToolCall]]:
    """What a hook answered in the model's place."""
    await run.sink.emit(AssistantStartEvent(run.run_id))
    message = value if isinstance(value, Message) else Message("assistant", str(value), finish_reason="stop")
    message = run.redactor.message(message)
    return message, message.tool_calls


async def _asked(run: Run, request: ModelRequest) -> tuple[Message, list[ToolCall]]:
    number = reserved(run, request)
    told = Collector(run.sink, run.run_id, run.taken, run.redactor, partial(moved, run))
    run.collector = told
    return await asked(run, request, told, number), told.calls
