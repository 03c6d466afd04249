"""Results, streams, events and contexts are read as what they are."""

from __future__ import annotations

from dataclasses import dataclass

from voxagent import AbortController, Message, RunContext, RunResult, RunStream, ToolContext, Usage
from voxagent.providers import ModelRequest
from voxagent.streaming import StreamEventData, TextDeltaEvent
from voxagent.types import TextBlock


@dataclass
class Weather:
    celsius: float


@dataclass
class Deps:
    url: str


def read(result: RunResult[str]) -> None:
    number: RunResult[int] = result  # E: a result of text as one of numbers
    result.outputs  # E: an attribute that no result has
    result.output = "text"  # E: an output that is set
    result.output.celsius  # E: an attribute that no text has
    result.usage.tokens  # E: an attribute that no usage has
    result.usage + 1  # E: usage and a number
    result.messages.append("text")  # E: a text as a message
    Usage(input=1)  # E: usage of a wrong name
    result.raise_for_error().output  # E: an attribute of None


def read_message(message: Message) -> None:
    Message("robot", "hello")  # E: a role that there is not
    Message("user", 42)  # E: a content that is a number
    message.role = "user"  # E: a message that is changed
    TextBlock("a").text = "b"  # E: a block that is changed
    message.content.upper()  # E: a content that may be blocks


async def read_stream(stream: RunStream[Weather]) -> None:
    number: RunStream[int] = stream  # E: a stream as one of another output
    stream.result().output  # E: a stream's result that is not awaited
    stream.abort(after="later")  # E: a word that abort does not know
    for _ in stream:  # E: a stream in a plain loop
        pass
    async for piece in stream.text():
        piece.delta  # E: an attribute that no text piece has


def read_event(event: StreamEventData) -> None:
    event.delta  # E: an attribute of some events only
    TextDeltaEvent("run", 3)  # E: a delta that is a number
    TextDeltaEvent("run")  # E: an event without its delta


async def read_context(ctx: ToolContext[Deps], run: RunContext) -> None:
    ctx.deps.path  # E: an attribute that no deps have
    run.deps.url  # E: deps of a context without deps
    run.tool_name  # E: an attribute of a tool's context
    ctx.update(3)  # E: progress that is a number
    tool_context: ToolContext[Deps] = RunContext(deps=Deps(""))  # E: a run's context as a tool's
    wrong: RunContext[Weather] = ctx  # E: a context of other deps
    AbortController().abort(after=3)  # E: a number as the time to stop
    ModelRequest("m")  # E: a request without messages
