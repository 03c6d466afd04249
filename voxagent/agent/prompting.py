"""How a run begins: instructions, checks of the prompt, and the prompt in the history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ..errors import RefusedError
from ..tools.content import clean
from ..types.blocks import TextBlock
from ..types.message import Message
from ..types.record import adapter
from .following import finish
from .hooks import BeforeRun, Prompt, called, is_answer
from .run import Run


async def begin_with_prompt(run: Run) -> bool:
    """Check the prompt and put it into the history; False if the run is over with that."""
    told = [await _told(run, function) for function in run.plan.instructions]
    if run.mode == "prompted":
        told.append(run.output.prompt)
    run.system = run.redactor.text("\n\n".join(filter(None, [run.system, *told])))
    return await _taken(run, run.prompt)


async def steered(run: Run) -> bool:
    """Put what was said meanwhile into the history; False if the run is over with that."""
    while run.inbox is not None and (prompt := run.inbox.steering()) is not None:
        if not await _taken(run, prompt):
            return False
    return True


async def followed_up(run: Run) -> bool:
    """Whether a message waits for a run that would stop, and lets it go on."""
    if run.inbox is None or run.pending or run.routing or run.stopping is not None:
        return False
    prompt = run.inbox.next()
    if prompt is None:
        return False
    run.has_output, run.value = False, None
    return await _taken(run, prompt)


async def _taken(run: Run, prompt: Prompt | None) -> bool:
    """Check a prompt and put it into the history; False if the run is over with that."""
    for check, beside in _prompt_checks(run):
        if prompt is None:
            break
        if beside:
            checking = called("the guardrail", check, run.context, prompt)
            run.checks.append(asyncio.create_task(checking))
            continue
        try:
            changed = await called("the hook before_run", check, run.context, prompt)
        except RefusedError:
            await run.add(_prompted(run, prompt))
            raise
        if is_answer(changed):
            await run.add(_prompted(run, prompt))
            finish(run, changed.value)
            await _answered(run)
            await checked_beside(run)
            return False
        prompt = changed if changed is not None else prompt
    if prompt is not None:
        await run.add(_prompted(run, prompt))
    return True


async def _answered(run: Run) -> None:
    """Put what a hook answered into the history, so that the next prompt does not follow this one."""
    value = run.value
    told = value if isinstance(value, str) else adapter(object).dump_json(value, fallback=repr).decode()
    run.append(Message("assistant", told, finish_reason="stop"))
    await run.store()


def _prompt_checks(run: Run) -> list[tuple[BeforeRun[Any], bool]]:
    hooks = [(each.before_run, False) for each in run.plan.hooks if each.before_run is not None]
    rails = [(each.on_prompt, each.beside) for each in run.plan.guardrails if each.on_prompt is not None]
    return [*hooks, *rails]


async def _told(run: Run, function: Any) -> str:
    told = await called("the instructions", function, run.context)
    return str(told) if told is not None else ""


def _prompted(run: Run, prompt: Prompt) -> Message:
    if isinstance(prompt, str):
        return Message("user", clean(run.redactor.text(prompt)))
    blocks = [TextBlock(clean(part)) if isinstance(part, str) else part for part in prompt]
    return Message("user", [run.redactor.block(block) for block in blocks])


async def cancelled(checks: Sequence[asyncio.Task[Any]], grace: float) -> None:
    """End checks that nobody waits for any more."""
    for check in checks:
        if not check.cancelling():
            check.cancel()
    if checks:
        done, _ = await asyncio.wait(checks, timeout=grace)
        for check in done:
            if not check.cancelled():
                check.exception()


async def checked_beside(run: Run) -> bool:
    """The checks that ran beside the first answer, all of them; True if one of them gave the output."""
    answers: list[Any] = []
    while run.checks:
        changed = await run.checks[0]
        del run.checks[0]
        if is_answer(changed):
            answers.append(changed.value)
    return bool(answers) and finish(run, answers[0])
