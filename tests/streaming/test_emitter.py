"""An emitter calls whoever listens, in order, and no listener harms another."""

import asyncio
import logging

import pytest

from voxagent.streaming import EventEmitter, StreamEvent, TextDeltaEvent

HELLO = TextDeltaEvent("r", "hello")


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.ERROR, "voxagent")
    return caplog


def messages(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records]


def test_listeners_of_an_event_are_called_in_the_order_they_came_and_wildcards_last() -> None:
    emitter, heard = EventEmitter(), []
    emitter.on_any(lambda event, data: heard.append(("any", event, data)))
    emitter.on(StreamEvent.TEXT_DELTA, lambda data: heard.append(("first", data)))
    emitter.on("text_delta", lambda data: heard.append(("second", data)))
    emitter.on(StreamEvent.RUN_END, lambda data: heard.append(("other", data)))
    emitter.emit(StreamEvent.TEXT_DELTA, HELLO)
    assert heard == [("first", HELLO), ("second", HELLO), ("any", "text_delta", HELLO)]


def test_an_event_may_come_without_data_and_without_listeners() -> None:
    emitter, heard = EventEmitter(), []
    emitter.emit("nobody")
    emitter.on("ping", heard.append)
    emitter.emit("ping")
    assert heard == [None]


def test_once_hears_the_next_event_only() -> None:
    emitter, heard = EventEmitter(), []
    emitter.once("ping", heard.append)
    emitter.emit("ping", 1)
    emitter.emit("ping", 2)
    assert heard == [1]


def test_whoever_unsubscribes_hears_no_more() -> None:
    emitter, heard = EventEmitter(), []
    subscriptions = [
        emitter.on("ping", heard.append),
        emitter.once("ping", heard.append),
        emitter.on_any(lambda event, data: heard.append(data)),
    ]
    for unsubscribe in subscriptions:
        unsubscribe()
        unsubscribe()
    emitter.emit("ping", 1)
    assert heard == []


def test_off_takes_away_one_listener_and_forgives_strangers() -> None:
    emitter, heard = EventEmitter(), []
    emitter.on("ping", heard.append)
    emitter.off("ping", print)
    emitter.off("pong", print)
    emitter.emit("ping", 1)
    emitter.off("ping", heard.append)
    emitter.emit("ping", 2)
    assert heard == [1]


def test_a_listener_may_unsubscribe_another_while_an_event_is_told() -> None:
    emitter, heard = EventEmitter(), []
    emitter.on("ping", lambda data: unsubscribe())
    unsubscribe = emitter.on("ping", heard.append)
    emitter.emit("ping", 1)
    emitter.emit("ping", 2)
    assert heard == [1]


def test_clear_forgets_one_event_or_all() -> None:
    emitter, heard = EventEmitter(), []
    emitter.on("ping", heard.append)
    emitter.on("pong", heard.append)
    emitter.on_any(lambda event, data: heard.append(event))
    emitter.clear("ping")
    emitter.clear("never heard of")
    emitter.emit("ping", 1)
    emitter.emit("pong", 2)
    emitter.clear()
    emitter.emit("pong", 3)
    assert heard == ["ping", 2, "pong"]


def test_listeners_are_counted_by_event_and_altogether() -> None:
    emitter = EventEmitter()
    assert (emitter.listener_count(), emitter.has_listeners(), emitter.has_listeners("ping")) == (
        0,
        False,
        False,
    )
    emitter.on(StreamEvent.RUN_END, print)
    assert (emitter.listener_count("run_end"), emitter.has_listeners("ping")) == (1, False)
    emitter.on_any(print)
    assert (emitter.listener_count("run_end"), emitter.listener_count()) == (1, 2)
    assert (emitter.has_listeners("ping"), emitter.has_listeners()) == (True, True)


def test_a_listener_that_fails_harms_neither_emitter_nor_others(errors: pytest.LogCaptureFixture) -> None:
    emitter, heard = EventEmitter(), []

    def fails(data: object) -> None:
        raise RuntimeError("no")

    emitter.on("ping", fails)
    emitter.on("ping", heard.append)
    emitter.emit("ping", 1)
    assert (heard, messages(errors)) == ([1], ["a listener of ping failed"])


async def test_emit_does_not_run_coroutine_functions_and_says_so(errors: pytest.LogCaptureFixture) -> None:
    emitter, heard = EventEmitter(), []
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listener(data: object) -> None:
        heard.append(data)

    emitter.on("ping", listener)
    emitter.on("ping", lambda data: future)
    emitter.emit("ping", 1)
    told = "an async listener of ping is not run by emit(): use emit_async()"
    assert (heard, messages(errors)) == ([], [told, told])


async def test_emit_async_awaits_one_listener_after_the_other() -> None:
    emitter, heard = EventEmitter(), []
    gate = asyncio.Event()

    async def slow(data: object) -> None:
        await gate.wait()
        heard.append(("slow", data))

    emitter.on("ping", slow)
    emitter.on("ping", lambda data: heard.append(("plain", data)))
    emitting = asyncio.create_task(emitter.emit_async("ping", 1))
    await asyncio.sleep(0)
    assert heard == []
    gate.set()
    await asyncio.wait_for(emitting, 10)
    assert heard == [("slow", 1), ("plain", 1)]


async def test_emit_async_survives_listeners_that_fail(errors: pytest.LogCaptureFixture) -> None:
    emitter, heard = EventEmitter(), []

    async def fails(data: object) -> None:
        raise RuntimeError("no")

    emitter.on("ping", fails)
    emitter.on_any(lambda event, data: 1 / 0)
    emitter.on("ping", heard.append)
    await emitter.emit_async("ping", 1)
    assert (heard, messages(errors)) == ([1], ["a listener of ping failed"] * 2)


async def test_a_cancellation_goes_through_a_listener_that_is_awaited() -> None:
    emitter = EventEmitter()

    async def waits(data: object) -> None:
        await asyncio.Event().wait()

    emitter.on("ping", waits)
    emitting = asyncio.create_task(emitter.emit_async("ping"))
    await asyncio.sleep(0)
    emitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await emitting
