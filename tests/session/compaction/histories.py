"""Histories as agents leave them behind, and what any provider refuses in one.

Every message carries its number in its metadata, so that it is known again after a compaction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from voxagent.types import (
    ContentBlock,
    ImageBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    Usage,
)

PICTURE = ImageBlock("image/png", "iVBORw0KGgo=")

texts = st.sampled_from(["", "Yes.", "What is the weather like? ", "word " * 60, "1234567890" * 30])
CHART: list[ContentBlock] = [TextBlock("a chart"), PICTURE]


def in_blocks(text: str) -> list[ContentBlock]:
    return [TextBlock(text)]


contents: st.SearchStrategy[str | list[ContentBlock]] = st.one_of(texts, st.just(CHART), texts.map(in_blocks))


def prompt(text: str) -> Message:
    return Message("user", text)


def answer(text: str, *ids: str, **given: Any) -> Message:
    """An answer, with calls of these ids."""
    calls = [ToolUseBlock(id, "look", {"at": "x"}) for id in ids]
    return Message("assistant", [TextBlock(text), *calls] if calls else text, **given)


def results(content: str, *ids: str) -> Message:
    """The results of these calls."""
    return Message("user", [ToolResultBlock(id, "look", content) for id in ids])


def pinned(message: Message) -> Message:
    return replace(message, metadata={"pinned": True})


def agent_run(turns: int, size: int = 100) -> list[Message]:
    """One task and many turns with a call each, then the answer."""
    steps = [
        message
        for number in range(turns)
        for message in (answer(f"step {number}", f"c{number}"), results("data " * size, f"c{number}"))
    ]
    return [prompt("do the task"), *steps, answer("done")]


def chat(length: int, size: int = 20) -> list[Message]:
    """A conversation of so many prompts and answers, in turn."""
    kinds = (prompt, answer)
    return [kinds[number % 2](f"{number}: " + "word " * size) for number in range(length)]


@st.composite
def turns(draw: st.DrawFn, number: int) -> list[Message]:
    """An answer and the results of its calls, in one message or in several, perhaps paused before."""
    ids = [f"t{number}c{call}" for call in range(draw(st.integers(0, 3)))]
    blocks: list[ContentBlock] = [TextBlock(draw(texts))]
    if draw(st.booleans()):
        blocks.insert(0, ThinkingBlock("hm", "seal", provider="anthropic"))
    blocks += [ToolUseBlock(id, "look", {"at": draw(texts)}) for id in ids]
    usage = draw(st.sampled_from([None, Usage(50_000, 10)]))
    found = [Message("assistant", blocks, finish_reason="tool_use" if ids else "stop", usage=usage)]
    if draw(st.integers(0, 5)) == 0:
        found.insert(0, Message("assistant", "searching", finish_reason="pause"))
    blocks = [ToolResultBlock(id, "look", draw(contents), draw(st.booleans())) for id in ids]
    cut = draw(st.integers(0, len(blocks)))
    return [*found, *(Message("user", part) for part in (blocks[:cut], blocks[cut:]) if part)]


@st.composite
def histories(draw: st.DrawFn) -> list[Message]:
    """A valid history: prompts and turns, some pinned, perhaps with open calls at its end."""
    found: list[Message] = []
    if draw(st.integers(0, 4)) == 0:
        found.append(Message("system", "You are brief."))
    if draw(st.integers(0, 6)) == 0:
        found.append(Message("assistant", "Hello, how can I help?"))
    for number in range(draw(st.integers(0, 5))):
        found += [Message("user", draw(contents)) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
        for turn in range(draw(st.integers(0, 3))):
            found += draw(turns(number * 10 + turn))
    if found and draw(st.booleans()):
        found.append(answer("now", "open"))
    marked = draw(st.sets(st.integers(0, 30), max_size=3)) if draw(st.booleans()) else set[int]()
    return [
        replace(message, metadata={"number": number, **({"pinned": True} if number in marked else {})})
        for number, message in enumerate(found)
    ]


def problems(after: Sequence[Message], before: Sequence[Message]) -> Iterator[str]:
    """What a provider would refuse in what is left of a history, or what it must not have lost."""
    yield from _answered(after)
    spoken = [message for message in after if message.role != "system"]
    first = next((message for message in before if message.role != "system"), None)
    if first is not None and not spoken:
        yield "nothing is left to be asked about"
    if spoken and spoken[0].role == "assistant" and first is not None and first.role != "assistant":
        yield "it begins with an answer"
    follow = {(_number(one), _number(two)) for one, two in pairwise(before)}
    answers = [pair for pair in pairwise(before) if pair[0].role == pair[1].role == "assistant"]
    in_a_row = {_number(each) for pair in answers for each in pair}
    for one, two in pairwise(after):
        if one.finish_reason == "pause" and (_number(one), _number(two)) not in follow:
            yield "a paused answer without what it went on with"
        if one.role == two.role == "assistant" and not {_number(one), _number(two)} & in_a_row:
            yield f"two answers in a row that were none: {_number(one)} and {_number(two)}"
    if after and after[-1].finish_reason == "pause":
        yield "a paused answer at the end"
    yield from _kept(after, before)


def _answered(after: Sequence[Message]) -> Iterator[str]:
    due: list[str] = []
    for message in after:
        for result in message.tool_results:
            if result.tool_use_id not in due:
                yield f"the result {result.tool_use_id} answers no call right ahead of it"
            else:
                due.remove(result.tool_use_id)
        if due and not message.tool_results:
            yield f"calls without a result: {due}"
        due += [call.id for call in message.tool_calls]
    if due and due != ["open"]:
        yield f"calls without a result: {due}"


def _kept(after: Sequence[Message], before: Sequence[Message]) -> Iterator[str]:
    known = [message for message in after if _number(message) is not None]
    numbers = [_number(message) for message in known]
    if numbers != sorted({*numbers}):
        yield "another order"
    must = {_number(m) for m in before if m.role == "system" or (m.metadata or {}).get("pinned")}
    if must - {*numbers}:
        yield f"pinned messages are gone: {must - {*numbers}}"
    by_number = {_number(message): message for message in before}
    for message in known:
        old = by_number[_number(message)]
        same = replace(message, usage=None) == replace(old, usage=None)
        if not same and (_number(message) in must or message.role == "assistant" or not old.tool_results):
            yield f"message {_number(message)} was changed"
    asked = None
    for message in before:
        if message.role == "user" and not message.tool_results:
            asked = _number(message)
        if message.role == "assistant" and _number(message) in numbers and asked not in (None, *numbers):
            yield f"answer {_number(message)} is there and its prompt {asked} is not"
    if before and before[-1].role != "system" and _number(before[-1]) not in numbers:
        yield "the end is gone"


def _number(message: Message) -> Any:
    return (message.metadata or {}).get("number")


def numbered(messages: Sequence[Message]) -> list[Message]:
    """The messages with their numbers in their metadata."""
    return [replace(message, metadata={"number": number}) for number, message in enumerate(messages)]
