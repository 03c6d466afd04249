"""A run that is watched gives typed events, text, and outputs that fill up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never, assert_type

from voxagent import Agent, Message, RunResult, RunStream, ToolCall, ToolResult
from voxagent.streaming import (
    ApprovalRequestEvent,
    EventEmitter,
    RunEndEvent,
    RunErrorEvent,
    StreamEvent,
    StreamEventData,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ToolEndEvent,
    ToolStartEvent,
    UserMessageEvent,
)


@dataclass
class Deps:
    url: str


@dataclass
class Weather:
    celsius: float


agent = Agent("offline:demo", deps_type=Deps, output_type=Weather)


async def entered() -> None:
    async with agent.run_stream("hello", deps=Deps("")) as stream:
        assert_type(stream, RunStream[Weather])
        async for event in stream:
            match event:
                case TextDeltaEvent(delta=delta) | ThinkingDeltaEvent(delta=delta):
                    assert_type(delta, str)
                case ToolStartEvent(tool_call=call):
                    assert_type(call, ToolCall)
                case ToolEndEvent():
                    assert_type(event.result, ToolResult)
                    assert_type(event.duration, float)
                case RunEndEvent():
                    assert_type(event.result, RunResult[Any] | None)
                case _:
                    assert_type(event.run_id, str)
        assert_type(await stream.result(), RunResult[Weather])


async def iterated() -> None:
    async for event in agent.run_stream("hello", deps=Deps("")):
        assert_type(event.event_type, StreamEvent)


async def pieces() -> None:
    stream = agent.run_stream("hello", deps=Deps(""))
    async for text in stream.text():
        assert_type(text, str)
    async for weather in agent.run_stream("hello", deps=Deps("")).output():
        assert_type(weather, Weather)
    async for number in agent.run_stream("hello", deps=Deps(""), output_type=int).output():
        assert_type(number, int)
    stream.abort("enough", after="turn")


def wider(stream: RunStream[Weather]) -> RunStream[Weather | None]:
    return stream


def text_by_default(stream: RunStream) -> None:
    assert_type(stream, RunStream[str])


def one_of_three(event: ToolStartEvent | ApprovalRequestEvent | UserMessageEvent) -> ToolCall | Message:
    match event:
        case ToolStartEvent() | ApprovalRequestEvent():
            return event.tool_call
        case UserMessageEvent():
            return event.message
        case _:
            assert_never(event)


def by_class(event: StreamEventData) -> str:
    if isinstance(event, RunErrorEvent):
        return str(event.error)
    return event.run_id


def by_tag(event: StreamEventData) -> None:
    if event.event_type == StreamEvent.TEXT_DELTA:
        assert_type(event, TextDeltaEvent)


def emitted() -> None:
    emitter = EventEmitter()
    unsubscribe = emitter.on(StreamEvent.TEXT_DELTA, lambda event: None)
    assert_type(unsubscribe(), None)
    assert_type(emitter.listener_count(), int)
