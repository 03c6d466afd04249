"""Tools that return anything (faults 46-50)."""

import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.script import asked, assert_told_and_done, both_modes, every_door, through
from voxagent.streaming import ToolEndEvent
from voxagent.testing import ScriptedProvider, text, tool_call


def returning(value: object) -> Any:
    async def gives() -> object:
        return value

    return gives


class Spiteful:
    """An object that has an exception for everybody who looks at it."""

    def __getattr__(self, name: str) -> Any:
        raise ValueError(name)

    def __iter__(self) -> Iterator[Any]:
        raise ValueError("no")

    def __repr__(self) -> str:
        raise ValueError("no")


@every_door
@pytest.mark.parametrize(
    "value",
    [object(), threading.Lock(), lambda: 1, Spiteful(), {"deep": [object()]}, {1: Spiteful()}, 1j],
    ids=["object", "lock", "function", "spiteful", "nested", "nested spiteful", "complex"],
)
def test_what_cannot_be_told_as_json_is_the_tools_error(door: str, value: object) -> None:
    """Fault 46."""
    ran = through(door, asked(returning(value)))
    assert ran.result.output == "done"
    if not isinstance(value, complex):
        assert "cannot be told as JSON" in ran.told[0]
        assert [meta.success for meta in ran.result.tool_metas] == [False]


@pytest.mark.parametrize("door", ["run", "run_stream on uvloop", "run_sync"])
def test_a_result_of_fifty_megabytes_is_cut_for_the_model_and_whole_in_event_and_history(door: str) -> None:
    """Fault 47."""
    whole = "x" * 50_000_000
    agent = asked(returning(whole))
    model = ScriptedProvider(tool_call("gives"), text("done"))
    with agent.override(model=model):
        ran = through(door, agent)
    assert ran.result.output == "done"
    assert ran.told == [whole]
    assert [event.result.content for event in ran.of(ToolEndEvent)] == [whole]
    shown = model.requests[1].messages[-1].tool_results[0].text
    assert shown.startswith("x" * 256_000 + "\n[cut: the first 256,000 of 50,000,000 characters are shown]")
    assert len(shown) < 257_000


@every_door
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a\ud800b", "a\ufffdb"),
        ({"k\udfff": ["v\ud83d"]}, '{"k\ufffd":["v\ufffd"]}'),
        ("\ud83d\ude00", "\U0001f600"),
    ],
    ids=["text", "nested", "a pair"],
)
def test_lone_surrogates_are_replaced(door: str, value: object, told: str) -> None:
    """Fault 48."""
    ran = through(door, asked(returning(value)))
    assert_told_and_done(ran, told)
    assert ran.result.model_dump_json().encode()


@every_door
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (math.nan, "NaN"),
        ([math.inf, -math.inf], '["Infinity","-Infinity"]'),
        (b"text", "text"),
        (b"\xff\xfe", "base64://4="),
        ({"raw": b"\xff"}, '{"raw":"_w=="}'),
        (None, "null"),
        (True, "true"),
        ((), "[]"),
    ],
    ids=repr,
)
def test_odd_values_have_one_defined_encoding(door: str, value: object, told: str) -> None:
    """Fault 49."""
    ran = through(door, asked(returning(value)))
    assert ran.result.output == "done"
    assert ran.told[0].strip('"') == told


@every_door
@both_modes
def test_circular_and_bottomless_values_are_the_tools_error(door: str, tool_errors: str) -> None:
    """Fault 50."""
    circle: dict[str, Any] = {"name": "\ud800"}
    circle["self"] = [circle]
    plain: dict[str, Any] = {}
    plain["self"] = plain
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]

    async def circular() -> object:
        return circle

    async def plainly_circular() -> object:
        return plain

    async def bottomless() -> object:
        return deep

    ran = through(door, asked(circular, plainly_circular, bottomless, tool_errors=tool_errors))
    assert ran.result.output == "done"
    assert ["cannot be told as JSON" in told for told in ran.told] == [True] * 3
