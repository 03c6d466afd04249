"""Ask the model of a run, and book what that took: in its budget, its usage and its attempts."""

from __future__ import annotations

import time

from ..errors import ConfigError, ProviderError, UsageLimitError
from ..providers.base import ModelRequest, facts_of, model_of
from ..providers.chunks import FailoverChunk
from ..types.message import Message
from ..types.result import Attempt
from ..types.tokens import request_tokens
from .answer import Collector, ask, usage_of
from .run import Run
from .watch import FIRST_CONTENT, FIRST_CONTENT_THINKING, IDLE, NO_END, Patience

NOT_ASKED = "not asked"


def reserved(run: Run, request: ModelRequest) -> int:
    """Reserve a request in the run's budget, and give its number; raises `UsageLimitError`."""
    return run.budget.begin_request(_estimate(run, request), run.facts)


async def asked(run: Run, request: ModelRequest, collector: Collector, number: int) -> Message:
    """The answer to a request that was reserved; raises a `ProviderError` if there is none."""
    begun, told = time.monotonic(), None
    reason: str | None = "aborted"
    try:
        message = await ask(run.provider, request, collector, _patience(run, request))
        reason = None
        return message
    except ProviderError as error:
        reason, told = error.kind, run.redactor.text(str(error))
        raise
    except (ConfigError, UsageLimitError):
        reason = NOT_ASKED
        raise
    finally:
        usage = usage_of(collector.end)
        run.budget.end_request(number, usage, run.facts)
        run.attempts += collector.failed
        took = time.monotonic() - begun - sum(attempt.duration for attempt in collector.failed)
        if reason != NOT_ASKED:
            facts = (collector.provider, collector.model, reason, told, took, usage)
            run.attempts.append(Attempt(*facts, collector.profile or None))
        if reason is None:
            run.own_usage += usage


def moved(run: Run, chunk: FailoverChunk) -> None:
    """Another target is asked: a request of its own, at a price of its own."""
    if chunk.attempt is not None:
        run.budget.replace_request(chunk.attempt.usage, run.facts)
    run.model = model_of(run.provider)
    run.facts = facts_of(run.provider, run.model)
    run.budget.check_price(run.facts, chunk.target)


def _estimate(run: Run, request: ModelRequest) -> int:
    """About how many tokens a request will read; only asked for where a limit counts them."""
    limits = run.budget.limits
    if limits.input_tokens is None and limits.total_tokens is None and limits.cost is None:
        return 0
    return request_tokens(request.messages, request.system, request.tools, model=run.model)


def _patience(run: Run, request: ModelRequest) -> Patience:
    settings = request.settings
    if getattr(run.provider, "watches_itself", False):
        return Patience(NO_END, NO_END, settings.get("timeout"))  # it watches each of its targets itself
    thinks = settings.get("thinking", run.facts.thinks_unasked) not in ("off", False)
    idle = settings.get("idle_timeout", IDLE)
    first = FIRST_CONTENT_THINKING if thinks else max(FIRST_CONTENT, idle)
    return Patience(first, idle, settings.get("timeout"))
