"""What follows from a model's answer: execute its calls, take its output, or ask again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AnswerCutError, CallbackError, ContentFilterError, ModelRetry, OutputError, RefusedError
from ..streaming.events import RetryEvent
from ..types.blocks import RefusalBlock, ToolCall, ToolResultBlock
from ..types.message import Message
from .calls import run_calls
from .history import INTERRUPTED, answered_calls
from .hooks import called, is_answer
from .output import Alternative
from .run import Run

GO_ON = "Your last answer was interrupted. Go on."
"""What the model is told if its last answer broke off."""


async def followed(run: Run, message: Message, calls: Sequence[ToolCall]) -> bool:
    """Do what an answer asks for; True if the run is over."""
    reason = message.finish_reason
    if reason == "content_filter":
        said, name = "the provider's filter stopped the answer", run.provider.name
        raise ContentFilterError(said, provider=name, model=run.model, received=message.text)
    if reason == "length" and (calls or not (run.output.takes_text or run.routing)):
        raise AnswerCutError(
            "the model's answer was cut at its output limit before it was complete;"
            " raise it with settings={'max_tokens': ...}"
        )
    if reason == "pause":
        return False
    run.truncated = reason == "length"
    if run.routing:
        return _routed(run, message, calls)
    if not calls:
        return await _taken_as_text(run, message)
    return await _executed(run, calls, calls, "not executed")


def _routed(run: Run, message: Message, calls: Sequence[ToolCall]) -> bool:
    if calls:
        run.append(answered_calls(calls, {}, "not executed: the tool was only to be picked"))
        return True
    return finish(run, message.text)


async def _executed(run: Run, calls: Sequence[ToolCall], safe: Sequence[ToolCall], otherwise: str) -> bool:
    """Execute the calls of an answer that may be made, and take its output; True if the run is over."""
    by_output = _by_output(run)
    run.results = {}
    own = [call for call in safe if call.name not in by_output]
    run.calls_due = len(calls)
    if own:
        await run_calls(run, own)
    done = False
    failure: OutputError | None = None
    for call in calls:
        if call.name not in by_output:
            continue
        if run.pending:
            run.results[call.id] = _result(call, "not used: other calls wait for approval", True)
            continue
        if done or failure:
            run.results[call.id] = _result(call, "not used: there is an output already", True)
            continue
        try:
            done = await _output(run, by_output[call.name].read(call.arguments or call.params))
            run.results[call.id] = _result(call, "taken as the output", False)
        except ModelRetry as error:
            run.results[call.id] = _result(call, run.redactor.text(error.message), True)
            failure = _again(run, error)
    if await _answered(run, calls, otherwise):
        return True
    if failure is not None and run.output_failures > run.plan.options.get("result_retries", 1):
        raise failure
    return done


def _by_output(run: Run) -> Mapping[str, Alternative]:
    return run.output.by_tool if run.mode == "tool" else {}


async def resumed(run: Run) -> bool:
    """Take up what the run before left; True if the run is over.

    Where it shall go on, those of the calls that it left open are made which had not begun, because they
    waited for approval, and those of idempotent tools. Of any other nobody knows how far it came: the model
    is told.
    """
    calls, run.resumed = run.resumed, []
    resume = run.options.get("resume", False)
    if not calls:
        return resume and await _taken_up(run)
    waiting = [call for call in calls if _has_waited(run, call)]
    if resume or run.options.get("approvals") is not None:
        again = [call for call in calls if call in waiting or _is_idempotent(run, call)]
        return await _executed(run, calls, again, INTERRUPTED)
    not_made = {call.id: _result(call, "not executed: nobody approved it", True) for call in waiting}
    await run.add(answered_calls(calls, not_made, INTERRUPTED))
    return False


def _has_waited(run: Run, call: ToolCall) -> bool:
    tool = run.toolbox.by_name.get(call.name)
    gated = call.id in run.approvals or (tool is not None and tool.requires_approval is not False)
    return gated and call.id not in run.begun_before


def _is_idempotent(run: Run, call: ToolCall) -> bool:
    tool = run.toolbox.by_name.get(call.name)
    return tool is not None and tool.idempotent


async def _taken_up(run: Run) -> bool:
    """Go on behind the last message: take an answer that is there; True if the run is over."""
    taken: set[str] = set()
    for message in reversed(run.history):
        if message.role == "assistant":
            break
        taken.update(result.tool_use_id for result in message.tool_results if not result.is_error)
    else:
        return False
    if message is not run.history[-1]:
        return await _output_of(run, [call for call in message.tool_calls if call.id in taken])
    if message.finish_reason != "aborted":
        return await followed(run, message, [])
    await run.add(Message("user", GO_ON))
    return False


async def _output_of(run: Run, calls: Sequence[ToolCall]) -> bool:
    """Take the output that one of these calls was; True if one was."""
    for call in calls:
        output = _by_output(run).get(call.name)
        if output is not None:
            return await _output(run, output.read(call.arguments or call.params))
    return False


async def _answered(run: Run, calls: Sequence[ToolCall], otherwise: str) -> bool:
    """Put the results of calls into the history, those that wait left out; True if any waits."""
    open_ids = {request.call.id for request in run.pending}
    results, run.results = run.results, {}
    done = [call for call in calls if call.id not in open_ids]
    if done:
        await run.add(answered_calls(done, results, otherwise))
    return bool(open_ids)


def _result(call: ToolCall, text: str, is_error: bool) -> ToolResultBlock:
    return ToolResultBlock(call.id, call.name, text, is_error)


async def _taken_as_text(run: Run, message: Message) -> bool:
    text = message.text
    refusals = message.of(RefusalBlock)
    if message.finish_reason == "refusal" or refusals:
        text = text or "".join(block.text for block in refusals)
        if not run.output.takes_text:
            raise RefusedError(f"the model refused: {text}")
    try:
        return await _output(run, _text_value(run, text))
    except ModelRetry as error:
        failure = _again(run, error)
        if run.output_failures > run.plan.options.get("result_retries", 1):
            raise failure from error
        said = run.redactor.text(error.message)
        await run.sink.emit(RetryEvent(run.run_id, said, run.output_failures))
        await run.add(Message("user", said))
        return False


def _text_value(run: Run, text: str) -> Any:
    if run.mode == "text":
        return text
    if run.mode == "tool":
        if run.output.takes_text:
            return text
        names = " or ".join(spec.name for spec in run.output.tools)
        raise ModelRetry(f"Give the answer by calling the tool {names}.")
    try:
        return run.output.from_text(text)
    except ModelRetry:
        if run.output.takes_text:
            return text
        raise


def _again(run: Run, error: ModelRetry) -> OutputError:
    run.output_failures += 1
    return OutputError(
        f"the model's output did not validate, {run.output_failures} times; the last time: {error.message}"
    )


async def _output(run: Run, value: Any) -> bool:
    """Validate an output in the program's own ways; raises `ModelRetry` if the model shall try again."""
    for validate in run.plan.validators:
        changed = await called("the output validator", validate, run.context, value)
        if changed is None and value is not None:
            raise CallbackError(
                f"the output validator {validate.__name__}() gave nothing back; return the output"
            )
        value = changed
    checks = [hooks.after_output for hooks in run.plan.hooks]
    checks += [rail.on_output for rail in run.plan.guardrails]
    for check in checks:
        if check is None:
            continue
        changed = await called("the hook after_output", check, run.context, value)
        if is_answer(changed):
            value = changed.value
    return finish(run, value)


def finish(run: Run, value: Any) -> bool:
    """Take this as the output; always True."""
    run.value, run.has_output = run.redactor.value(value), True
    return True
