"""Make a run's history shorter, ahead of a request that comes near the window or after one was refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from ..errors import ContextLengthError, ProviderError
from ..session import compaction
from ..streaming.events import AssistantEndEvent, CompactionEndEvent, CompactionStartEvent
from ..types.message import Message
from ..types.tokens import quick_bound, request_tokens
from .hooks import called
from .run import Run

if TYPE_CHECKING:
    from ..session.compaction import Compaction, CompactionPolicy, Strategy

GROWN = 1.1
"""How much longer a history must be than what was left of it the last time."""


@cache
def _default() -> CompactionPolicy:
    return compaction.CompactionPolicy()


def _policy(run: Run) -> CompactionPolicy | None:
    options = run.plan.options
    return options["compaction"] if "compaction" in options else _default()


async def fitted(run: Run) -> None:
    """Make the history shorter if the next request comes near the model's window."""
    if run.facts.context_window is None and "compaction" not in run.plan.options:
        return
    policy = _policy(run)
    if policy is None or (window := policy.window or run.facts.context_window) is None:
        return
    room = max(window - run.settings.get("max_tokens", 0), window / 2)
    start = min(policy.start_at * window, room)
    least = max(start, run.compact_from)
    if quick_bound(run.for_model, run.system, len(run.specs)) <= least:
        return
    tokens = _tokens(run)
    if tokens > least:
        await _shortened(run, policy, start * policy.shrink_to / policy.start_at, tokens)
        run.compact_from = GROWN * _tokens(run)


async def refitted(run: Run, error: ProviderError) -> None:
    """Make a history shorter that was refused as too long; raises `error` if it is about something else."""
    policy = _policy(run)
    if policy is None or not isinstance(error, ContextLengthError):
        raise error
    if run.collector is not None:
        run.sink.send(AssistantEndEvent(run.run_id, run.collector.message("aborted")))
        run.collector = None
    tokens = _tokens(run)
    window = policy.window or run.facts.context_window or tokens
    if not await _shortened(run, policy, min(tokens, window) / 2, tokens, refused=True):
        raise error


def _tokens(run: Run) -> int:
    output = run.output.spec if run.mode == "native" else None
    return request_tokens(run.for_model, run.system, run.specs, output, run.model)


async def _shortened(
    run: Run, policy: CompactionPolicy, target: float, tokens: int, *, refused: bool = False
) -> bool:
    await run.sink.emit(CompactionStartEvent(run.run_id, len(run.for_model), tokens))
    output = run.output.spec if run.mode == "native" else None
    given = tuple(run.for_model)
    budget = compaction.budget_for(given, int(target), run.system, run.model, tools=run.specs, output=output)
    strategy = _strategy(run, policy)
    name = getattr(strategy, "__name__", type(strategy).__name__)
    if refused:
        strategy = compaction.in_turn(strategy, compaction.at_any_cost)

    async def compacted() -> Compaction:
        return await compaction.compact(given, budget, strategy)

    compacted.__name__ = name
    done = _redacted(run, await called("the compaction strategy", compacted))
    if done.marker is not None:
        run.shorten(done.marker, done.messages)
        await run.store()
    await run.sink.emit(CompactionEndEvent(run.run_id, done.removed, done.saved))
    return done.marker is not None


def _redacted(run: Run, done: Compaction) -> Compaction:
    """What a strategy has written is text that enters the history."""
    hide = run.redactor.message
    parts = [hide(part) if isinstance(part, Message) else part for part in done.parts]
    return replace(done, messages=list(run.redactor.messages(done.messages)), parts=parts)


def _strategy(run: Run, policy: CompactionPolicy) -> Strategy:
    async def ask(question: str) -> str:
        return (await run.ask([Message("user", question)])).text

    if isinstance(policy.strategy, str):
        return compaction.strategy_of(policy.strategy, ask)
    return policy.strategy or compaction.in_turn(
        compaction.clear_tool_results(), compaction.summarise(ask), compaction.drop_oldest_turns(keep=1)
    )
