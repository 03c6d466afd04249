"""Events are data: each has one type, travels as JSON and is told apart when it is read."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.types import values
from voxagent import streaming
from voxagent.errors import RateLimitError
from voxagent.streaming import (
    BaseEvent,
    CustomEvent,
    RunEndEvent,
    RunErrorEvent,
    RunStartEvent,
    StreamEvent,
    StreamEventData,
    TextDeltaEvent,
)
from voxagent.types import ErrorInfo, Message, RunResult

CLASSES: list[type[Any]] = sorted(
    (
        kind
        for kind in vars(streaming).values()
        if isinstance(kind, type) and issubclass(kind, BaseEvent) and kind is not BaseEvent
    ),
    key=lambda kind: kind.__name__,
)
ANY_EVENT: TypeAdapter[Any] = TypeAdapter(StreamEventData)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "path": st.lists(values.text, max_size=2).map(tuple),
    "session_key": values.maybe_text,
    "timestamp": values.numbers,
    "duration": values.numbers,
    "delay": values.numbers,
    "turn": values.counts,
    "attempt": values.counts,
    "message_count": values.counts,
    "token_count": values.counts,
    "messages_removed": values.counts,
    "tokens_saved": values.counts,
    "tool_call": values.calls,
    "messages": st.lists(values.messages, max_size=1),
    "aborted": st.booleans(),
    "timed_out": st.booleans(),
    "data": values.anything,
}
OF_CLASS: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("UserMessageEvent", "message"): values.messages,
    ("AssistantEndEvent", "message"): values.messages,
    ("ToolEndEvent", "result"): values.results,
    ("ToolEndEvent", "error"): values.maybe_text,
    ("RunEndEvent", "result"): st.none() | values.run_results,
    ("RunErrorEvent", "error"): values.error_infos,
    ("ToolsetErrorEvent", "error"): values.error_infos,
}


def events(kind: type[Any]) -> st.SearchStrategy[Any]:
    names = [spec.name for spec in dataclasses.fields(kind) if spec.name != "event_type"]
    known = {**dict.fromkeys(names, values.text), **FIELDS}
    known |= {name: strategy for (owner, name), strategy in OF_CLASS.items() if owner == kind.__name__}
    return st.builds(kind, **{name: known[name] for name in names})


@pytest.mark.parametrize("kind", CLASSES)
@settings(max_examples=15)
@given(data=st.data())
def test_every_event_is_equal_after_json_and_is_told_apart(kind: type[Any], data: st.DataObject) -> None:
    event = data.draw(events(kind))
    text = event.model_dump_json()
    assert json.loads(text) == event.model_dump()
    assert kind.model_validate_json(text) == event
    assert ANY_EVENT.validate_json(text) == event
    assert ANY_EVENT.validate_python(event) == event
    assert ANY_EVENT.validate_python({**event.model_dump(), "field_of_a_newer_version": 1}) == event


def test_every_event_type_has_exactly_one_class() -> None:
    types = {kind.__dataclass_fields__["event_type"].default for kind in CLASSES}
    assert types == set(StreamEvent)
    assert len(CLASSES) == len(StreamEvent)


def test_the_type_of_an_event_is_in_its_json() -> None:
    event = TextDeltaEvent("r", "hello", path=("researcher",))
    assert event.model_dump() == {
        "run_id": "r",
        "path": ["researcher"],
        "delta": "hello",
        "event_type": "text_delta",
    }
    assert event.event_type is StreamEvent.TEXT_DELTA


def test_an_event_of_a_type_that_is_not_known_yet_loads_as_a_plain_event() -> None:
    assert ANY_EVENT.validate_python({"event_type": "hologram", "run_id": "r", "x": 1}) == BaseEvent("r")
    with pytest.raises(ValueError, match="tag"):
        ANY_EVENT.validate_python({"run_id": "r"})


def test_an_event_is_not_read_as_one_of_another_type() -> None:
    with pytest.raises(ValueError, match="event_type"):
        RunStartEvent.model_validate(TextDeltaEvent("r", "hello").model_dump())


def test_the_error_of_a_run_leaves_as_its_facts() -> None:
    event = RunErrorEvent("r", RateLimitError("slow down", provider="openai"))
    info = ErrorInfo("RateLimitError", "slow down", "rate_limit", True, "openai")
    assert RunErrorEvent.model_validate_json(event.model_dump_json()) == RunErrorEvent("r", info)


def test_the_last_event_carries_the_result() -> None:
    result = RunResult[str]([Message("user", "hi")], value="hello", has_output=True)
    event = RunEndEvent("r", result.messages, result=result)
    assert RunEndEvent.model_validate_json(event.model_dump_json()) == event


def test_an_event_of_the_programs_own_carries_its_data() -> None:
    event = CustomEvent("r", "progress", {"done": 3, "of": None})
    assert CustomEvent.model_validate_json(event.model_dump_json()) == event
