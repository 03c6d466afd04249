"""A server asks the user."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.mcp.asking.places import WAIT, asker, everywhere
from tests.mcp.servers import results
from voxagent import Agent
from voxagent.abort import AbortController
from voxagent.errors import ToolError
from voxagent.mcp import Elicitation, MCPServer
from voxagent.mcp.eliciting import completed, misfits
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call
from voxagent.tools import ToolContext

HERE = ("here", "auto")
OLD = ("here", "legacy")
URL = "https://example.test/in"


async def registered(server: MCPServer, tool: str = "register") -> str:
    """What a tool says that asks the user."""
    async with asyncio.timeout(WAIT):
        return str((await server.call_tool(tool, {}, ToolContext())).value)


@everywhere
async def test_a_user_is_asked_and_defaults_are_filled_in(place: tuple[str, str]) -> None:
    """R-A17"""
    asked: list[Elicitation] = []

    async def elicit(question: Elicitation) -> dict[str, Any]:
        asked.append(question)
        return {"name": "Ann", "tier": "paid"}

    with asker(place, elicit=elicit) as server:
        agent = Agent(ScriptedProvider(tool_call("register"), text("done")), toolsets=[server])
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert results(result) == [('{"name":"Ann","age":7,"tier":"paid"}', False)]
    (question,) = asked
    assert (question.server, question.message, question.url) == ("asker", "Who are you?", None)
    assert question.schema is not None
    assert set(question.schema["properties"]) == {"name", "age", "tier"}
    assert question.run is not None
    assert question.run.run_id == result.run_id
    assert repr(question) == "Elicitation(server='asker', message='Who are you?')"


@pytest.mark.parametrize(
    ("place", "tool"), [(("stdio", "auto"), "go"), (("stdio", "legacy"), "visit")], ids=["2026", "2025"]
)
@pytest.mark.parametrize(("answer", "said"), [({}, "accept"), (None, "decline"), ("cancel", "cancel")])
async def test_a_user_is_sent_to_an_address(
    place: tuple[str, str], tool: str, answer: Any, said: str
) -> None:
    asked: list[Elicitation] = []

    def elicit(question: Elicitation) -> Any:
        asked.append(question)
        return answer

    with asker(place, elicit=elicit) as server:
        assert await registered(server, tool) == said
    assert [(each.schema, each.url) for each in asked] == [(None, URL)]


@pytest.mark.parametrize("place", [HERE, OLD], ids=["2026", "2025"])
@pytest.mark.parametrize(
    ("answer", "said"), [(None, "decline"), ("decline", "decline"), ("cancel", "cancel")], ids=str
)
async def test_a_user_may_say_no(place: tuple[str, str], answer: Any, said: str) -> None:
    with asker(place, elicit=lambda question: answer) as server:
        assert await registered(server) == said


@pytest.mark.parametrize(
    "place", [HERE, OLD, ("stdio", "auto"), ("stdio", "legacy")], ids=["2026", "2025", "2026-s", "2025-s"]
)
async def test_nobody_is_asked_where_nobody_can_be(place: tuple[str, str]) -> None:
    with asker(place) as server, pytest.raises(ToolError, match=r"(?i)elicitation"):
        await registered(server)


def raises(question: Elicitation) -> Any:
    raise RuntimeError("the window is closed")


class Answers:
    """An object whose call is a coroutine."""

    async def __call__(self, question: Elicitation) -> Any:
        return {"name": "Bo"}


async def later(question: Elicitation) -> Any:
    return {"name": "Bo"}


@pytest.mark.parametrize(
    ("elicit", "told", "logged"),
    [
        (raises, "the user could not be asked", "the window is closed"),
        (lambda question: 5, "the user could not be asked", "it gave a int"),
        (lambda question: {"name": "x"}, "the answer does not fit the schema", "$.name breaks 'minLength'"),
        (lambda question: {}, "the answer does not fit the schema", "$ breaks 'required'"),
        (
            lambda question: {"name": "Bob", "tier": "swordfish"},
            "the answer does not fit the schema",
            "$.tier breaks 'enum'",
        ),
        (
            lambda question: {"name": "Bob", "more": {"swordfish": 1}},
            "the answer does not fit the schema",
            "more than texts",
        ),
    ],
    ids=["raises", "number", "short", "empty", "enum", "object"],
)
@pytest.mark.parametrize("place", [HERE, OLD], ids=["2026", "2025"])
async def test_an_answer_that_is_none_never_reaches_the_server(
    place: tuple[str, str],
    elicit: Callable[[Elicitation], Any],
    told: str,
    logged: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        asker(place, elicit=elicit) as server,
        caplog.at_level(logging.WARNING, "voxagent.mcp"),
        pytest.raises(ToolError, match=told),
    ):
        await registered(server)
    assert logged in caplog.text
    assert "swordfish" not in caplog.text


@pytest.mark.parametrize(
    "elicit", [later, Answers(), lambda question: later(question)], ids=["async", "object", "gives awaitable"]
)
async def test_any_kind_of_function_may_answer(elicit: Any) -> None:
    with asker(HERE, elicit=elicit) as server:
        assert '"name":"Bo"' in await registered(server)


async def test_a_plain_function_may_block_without_holding_up_others() -> None:
    free = threading.Event()

    def elicit(question: Elicitation) -> Any:
        assert free.wait(WAIT)
        return {"name": "Cy"}

    with asker(HERE, elicit=elicit) as server:
        async with server:
            waiting = asyncio.create_task(registered(server))
            async with asyncio.timeout(WAIT):
                assert (await server.call_tool("wait", {"seconds": 0}, ToolContext())).value == "waited"
            free.set()
            assert '"name":"Cy"' in await waiting


@pytest.mark.parametrize("place", [HERE, OLD, ("stdio", "legacy")], ids=["2026", "2025", "2025-stdio"])
@pytest.mark.parametrize("seconds", [0.5, None])
async def test_a_user_who_thinks_is_not_a_silent_server(
    place: tuple[str, str], seconds: float | None
) -> None:
    async def elicit(question: Elicitation) -> Any:
        await asyncio.sleep(1.0)
        return {"name": "Di"}

    with asker(place, elicit=elicit, idle_timeout=seconds) as server:
        assert '"name":"Di"' in await registered(server)


async def test_a_server_that_has_its_answer_must_go_on() -> None:
    """The clock of the call begins anew."""
    with asker(HERE, elicit=later, idle_timeout=0.3) as server:
        assert '"name":"Bo"' in await registered(server)
        with pytest.raises(ToolError, match=r"did not answer 'wait' within 0.3 s"):
            await asyncio.wait_for(server.call_tool("wait", {"seconds": 20}, ToolContext()), WAIT)


@pytest.mark.parametrize("place", [HERE, OLD, ("stdio", "legacy")], ids=["2026", "2025", "2025-stdio"])
async def test_a_question_ends_with_the_run_that_it_was_asked_for(place: tuple[str, str]) -> None:
    stop = AbortController()
    asked = threading.Event()
    ended = threading.Event()

    async def elicit(question: Elicitation) -> Any:
        asked.set()
        try:
            await asyncio.sleep(WAIT)
        finally:
            ended.set()

    with asker(place, elicit=elicit) as server:
        agent = Agent(ScriptedProvider(tool_call("register")), toolsets=[server])
        running = asyncio.create_task(agent.run("go", abort_signal=stop.signal))
        assert await asyncio.to_thread(asked.wait, WAIT)
        stop.abort()
        result = await asyncio.wait_for(running, WAIT)
        assert await asyncio.to_thread(ended.wait, WAIT)
    assert result.aborted


async def test_a_function_that_does_not_return_is_left_behind_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, free = threading.Event(), threading.Event()

    def elicit(question: Elicitation) -> Any:
        asked.set()
        free.wait(WAIT)

    class Stubborn:
        async def __call__(self, question: Elicitation) -> Any:
            asked.set()
            while not free.is_set():
                try:  # noqa: SIM105  # it is the point that it does not stop
                    await asyncio.sleep(0.05)
                except asyncio.CancelledError:
                    pass

    with caplog.at_level(logging.WARNING, "voxagent.mcp"):
        for each in (elicit, Stubborn()):
            asked.clear()
            with asker(OLD, elicit=each) as server:
                calling = asyncio.create_task(registered(server))
                assert await asyncio.to_thread(asked.wait, WAIT)
                calling.cancel()
                begun = time.monotonic()
                await asyncio.wait([calling], timeout=WAIT)
                assert calling.cancelled()
                assert time.monotonic() - begun < 10
    free.set()
    assert "did not stop and was left" in caplog.text


async def test_nobody_in_particular_is_asked_where_a_server_does_not_say_for_whom() -> None:
    """Two calls wait for a server of the older era, over the streams of a process."""
    asked: list[Elicitation] = []

    async def elicit(question: Elicitation) -> Any:
        asked.append(question)
        return {"name": "Ed"}

    with asker(("stdio", "legacy"), elicit=elicit) as server:
        async with server, asyncio.timeout(WAIT):
            other = asyncio.create_task(server.call_tool("wait", {"seconds": 1}, ToolContext(run_id="other")))
            await asyncio.sleep(0.2)
            told = await server.call_tool("register", {}, ToolContext(run_id="mine"))
            await other
    assert '"name":"Ed"' in str(told.value)
    assert [question.run for question in asked] == [None]


async def test_a_question_for_nobody_ends_with_the_last_that_waits() -> None:
    asked, ended = threading.Event(), threading.Event()

    async def elicit(question: Elicitation) -> Any:
        asked.set()
        try:
            await asyncio.sleep(WAIT)
        finally:
            ended.set()

    with asker(("stdio", "legacy"), elicit=elicit) as server:
        async with server, asyncio.timeout(WAIT):
            calls = [
                asyncio.create_task(server.call_tool(name, given, ToolContext()))
                for name, given in (("wait", {"seconds": 60}), ("register", {}))
            ]
            assert await asyncio.to_thread(asked.wait, WAIT)
            for call in calls:
                assert not ended.is_set()
                call.cancel()
                await asyncio.wait([call])
            assert await asyncio.to_thread(ended.wait, WAIT)


async def test_a_model_is_asked_for_the_run_that_waits_longest_if_the_server_does_not_say() -> None:
    asked: list[str] = []

    def model(name: str) -> FunctionProvider:
        def reply(messages: Any, request: Any) -> Any:
            if request.system == "Be brief.":
                asked.append(name)
                return text("because")
            if messages[-1].tool_results:
                return text("done")
            return tool_call("wait", seconds=1.5) if name == "first" else tool_call("think", question="?")

        return FunctionProvider(reply)

    with asker(("stdio", "legacy"), sampling=True) as server:
        async with server, asyncio.timeout(WAIT):
            first = asyncio.create_task(Agent(model("first"), toolsets=[server]).run("go"))
            await asyncio.sleep(0.5)
            second = await Agent(model("second"), toolsets=[server]).run("go")
            assert (await first).output == "done"
    assert results(second) == [("because|function|endTurn", False)]
    assert asked == ["first"]


# --- the answer -----------------------------------------------------------------------------------


def test_only_what_is_missing_gets_its_default() -> None:
    schema = {"properties": {"a": {"default": 1}, "b": {"default": 2}, "c": {}, "d": True}}
    assert completed({"a": None}, schema) == {"a": None, "b": 2}
    assert completed({}, {"properties": 5}) == {}


def test_a_schema_that_cannot_be_used_fits_nothing() -> None:
    assert misfits({}, {"$ref": "https://example.test/schema"}) == [
        "the schema cannot be used (_WrappedReferencingError)"
    ]
    assert misfits({"a": "x"}, {"properties": {"a": {"format": "email", "type": "string"}}}) == [
        "$.a breaks 'format'"
    ]
    assert misfits({"a": "x@y.test"}, {"properties": {"a": {"format": "email"}}}) == []
