"""How a run begins: instructions, checks of the prompt, and the prompt in the history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ..errors import RefusedError
from ..tools.content import clean
from ..types.blocks import ContentBlock, TextBlock
from ..types.message import Message
from .following import finish
from .hooks import BeforeRun, Prompt, called, is_answer
from .run import Run


async def begin_with_prompt(run: Run) -> bool:
    """Check the prompt and put it into the history; False if the run is over with that."""
    told = [await _told(run, function) for function in run.plan.instructions]
    if run.mode == "prompted":
        told.append(run.output.prompt)
    run.system = run.redactor.text("\n\n".join(filter(None, [run.system, *told])))
    prompt = run.prompt
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
            await checked_beside(run)
            return False
        prompt = changed if changed is not None else prompt
    if prompt is not None:
        await run.add(_prompted(run, prompt))
    return True


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
    blocks: list[ContentBlock] = [
        TextBlock(clean(part)) if isinstance(part, str) else part for part in prompt
    ]
    return Message("user", [run.redactor.value(block) for block in blocks])


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
