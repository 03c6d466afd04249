"""What models do wrong (faults 26-30, 33-36)."""

import asyncio

import pytest

from tests.behaviour.asking import Tools, ask, called, failed_as, said
from tests.behaviour.dialects import every_dialect, every_door
from tests.behaviour.server import (
    FaultServer,
    streamed,
    whole,
)
from tests.behaviour.wire import ONCE, Call, Dialect, text
from tests.faults.script import through
from voxagent.agent import Agent
from voxagent.errors import (
    AnswerCutError,
    ContentFilterError,
    MalformedAnswerError,
    ServerError,
    ToolRetryError,
    UsageLimitError,
)
from voxagent.streaming import ToolStartEvent
from voxagent.tools import tool


@every_dialect
@every_door
def test_a_text_that_was_cut_at_its_limit_is_marked_as_cut(dialect: Dialect, door: str) -> None:
    """Fault 26."""
    with FaultServer(said(dialect, "half a sen", reason="length")) as server:
        ran = ask(dialect, server, door)
    assert (ran.result.output, ran.result.truncated) == ("half a sen", True)


@every_dialect
@every_door
@pytest.mark.parametrize("written", ['{"a": 1, "b": 2}', '{"a": 1, "b'], ids=["valid", "cut"])
def test_a_call_that_was_cut_at_the_limit_is_not_executed(dialect: Dialect, door: str, written: str) -> None:
    """Fault 27."""
    tools = Tools()
    with FaultServer(called(dialect, Call("add", (written,)), reason="length")) as server:
        ran = ask(dialect, server, door, tools=tools.all)
    assert isinstance(ran.result.error, AnswerCutError)
    assert tools.calls == []
    assert len(server.asked) == 1


@every_dialect
@every_door
def test_an_answer_that_the_filter_stopped_is_an_error_with_its_text(dialect: Dialect, door: str) -> None:
    """Fault 28: not tried elsewhere either."""
    if "content_filter" in dialect.reasons:
        answer = said(dialect, "one", "two", reason="content_filter")
    else:
        answer = streamed(*dialect.events(text("one", "two")).open, dialect.inside["content_filter"])
    with FaultServer(answer) as server, FaultServer(said(dialect, "never")) as other:
        models = [dialect.provider(server.url), dialect.provider(other.url)]
        ran = through(door, Agent(models))
    assert failed_as(ran.result.error, ContentFilterError, dialect).received == "onetwo"
    assert ran.result.messages[-1].text == "onetwo"
    assert other.asked == []


@every_dialect
@every_door
@pytest.mark.parametrize("ids", [("c_1", "c_1", "c_1"), ("", "", ""), ("c_1", "", "c_1")])
def test_calls_with_doubled_or_missing_ids_are_told_apart(
    dialect: Dialect, door: str, ids: tuple[str, ...]
) -> None:
    """Faults 29 and 30."""
    tools = Tools()
    calls = [Call("echo", (f'{{"text": "{number}"}}',), id) for number, id in enumerate(ids)]
    with FaultServer(called(dialect, *calls), said(dialect, "done")) as server:
        ran = ask(dialect, server, door, tools=tools.all)
    assert ran.result.output == "done"
    assert ran.told == ["0", "1", "2"]
    sent = [id for id, _, _ in dialect.calls_in(server.asked[1].body)]
    assert dialect.results_in(server.asked[1].body) == list(zip(sent, "012", strict=True))
    assert len(set(sent)) == 3
    assert all(sent)


@every_dialect
@pytest.mark.parametrize("name", ["subtract", "", "add ", "ADD!", "函数", "a" * 300])
def test_a_tool_that_is_not_there_is_told_to_the_model_but_not_for_ever(dialect: Dialect, name: str) -> None:
    """Fault 33."""
    tools = Tools()
    wrong = called(dialect, Call(name, ('{"a":1,"b":2}',)))
    with FaultServer(wrong, said(dialect, "done")) as server:
        ran = ask(dialect, server, tools=tools.all)
    assert ran.result.output == "done"
    assert "add" in dialect.results_in(server.asked[1].body)[0][1]
    with FaultServer(wrong) as server:
        ran = ask(dialect, server, tools=tools.all)
    assert isinstance(ran.result.error, ToolRetryError)
    assert len(server.asked) == 2
    assert tools.calls == []


DEEP = 100_000


@every_dialect
@pytest.mark.parametrize(
    "written",
    ["[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, '{"a":' * DEEP],
    ids=["lists", "objects", "unclosed"],
)
def test_arguments_that_are_nested_too_deep_are_broken_arguments(dialect: Dialect, written: str) -> None:
    """Fault 34."""
    tools = Tools()
    deep = called(dialect, Call("echo", (f'{{"text": {written}}}',)))
    with FaultServer(deep, said(dialect, "done")) as server:
        ran = ask(dialect, server, tools=tools.all)
    assert ran.result.output == "done"
    assert tools.calls == []


@every_dialect
def test_an_answer_that_is_nested_too_deep_is_malformed(dialect: Dialect) -> None:
    """Fault 34."""
    deep = b"[" * DEEP + b"]" * DEEP
    events = dialect.events(text("one"))
    for answer in (
        whole(200, b'{"x": ' + deep + b"}"),
        streamed(*events.open, b"data: " + deep + b"\n\n", *events.end),
        streamed(*events.open, b'data: {"type": ' + deep + b"}\n\n", *events.end),
    ):
        with FaultServer(answer) as server:
            ran = ask(dialect, server, model={"retries": ONCE})
        failed_as(ran.result.error, MalformedAnswerError, dialect)
    with FaultServer(whole(500, b'{"error": ' + deep[:30_000] + b"}")) as server:
        failed_as(ask(dialect, server).result.error, ServerError, dialect)


@every_dialect
@every_door
def test_of_five_hundred_calls_sixteen_run_at_a_time(dialect: Dialect, door: str) -> None:
    """Fault 35."""
    running = most = 0

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    calls = [Call("work", (f'{{"number": {number}}}',), f"c_{number}") for number in range(500)]
    with FaultServer(called(dialect, *calls), said(dialect, "done")) as server:
        ran = ask(dialect, server, door, tools=[tool(work)])
    assert ran.result.output == "done"
    assert ran.told == [str(number) for number in range(500)]
    assert most == 16


@every_dialect
@every_door
def test_a_model_that_calls_tools_for_ever_is_stopped(dialect: Dialect, door: str) -> None:
    """Fault 36."""
    with FaultServer(called(dialect, Call("echo", ('{"text":"x"}',)))) as server:
        ran = ask(dialect, server, door, tools=Tools().all)
    assert isinstance(ran.result.error, UsageLimitError)
    assert len(server.asked) == 50
    assert len(ran.of(ToolStartEvent)) == 50
    assert server.connections == 1
