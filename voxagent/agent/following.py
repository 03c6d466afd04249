"""What follows from a model's answer: execute its calls, take its output, or ask again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import AnswerCutError, CallbackError, ContentFilterError, ModelRetry, OutputError, RefusedError
from ..streaming.events import RetryEvent
from ..types.blocks import RefusalBlock, ToolCall, ToolResultBlock
from ..types.message import Message
from .calls import run_calls
from .history import answered_calls
from .hooks import called, is_answer
from .run import Run


async def followed(run: Run, message: Message, calls: Sequence[ToolCall]) -> bool:
    """Do what an answer asks for; True if the run is over."""
    reason = message.finish_reason
    if reason == "content_filter":
        raise ContentFilterError(
            "the provider's filter stopped the answer",
            provider=run.provider.name,
            model=run.model,
            received=message.text,
        )
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
    return await _executed(run, calls)


def _routed(run: Run, message: Message, calls: Sequence[ToolCall]) -> bool:
    if calls:
        run.append(answered_calls(calls, {}, "not executed: the tool was only to be picked"))
        return True
    return finish(run, message.text)


async def _executed(run: Run, calls: Sequence[ToolCall]) -> bool:
    by_output = run.output.by_tool if run.mode == "tool" else {}
    run.results = {}
    own = [call for call in calls if call.name not in by_output]
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
    if await _answered(run, calls, "not executed"):
        return True
    if failure is not None and run.output_failures > run.plan.options.get("result_retries", 1):
        raise failure
    return done


async def resumed(run: Run) -> bool:
    """Take up the calls that the run before left open; True if the run is over.

    Those that need approval are executed or denied. Any other had begun, and nobody knows how far it came.
    """
    calls, run.resumed = run.resumed, []
    waiting = [call for call in calls if call.id in run.approvals or _may_wait(run, call)]
    if waiting:
        await run_calls(run, waiting)
    return bool(calls) and await _answered(run, calls, "not executed: the run before was interrupted")


def _may_wait(run: Run, call: ToolCall) -> bool:
    tool = run.toolbox.by_name.get(call.name)
    return tool is not None and tool.requires_approval is not False


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
