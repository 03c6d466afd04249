"""The law of the built-in model: whatever type is asked for, what it gives validates."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, Json, conlist, create_model
from typing_extensions import TypedDict

from voxagent.agent.output import OutputPlan
from voxagent.providers import ModelRequest, ToolUseChunk
from voxagent.providers.offline import OfflineProvider
from voxagent.tools import ToolDefinition
from voxagent.types import Message, ToolCall, ToolResultBlock


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 10


class Point(TypedDict):
    x: float
    y: float


class Node(BaseModel):
    value: str
    children: list[Node] = []
    parent: Optional[Node] = None  # noqa: UP045  # both spellings are to be read


class Number(BaseModel):
    kind: Literal["number"] = "number"
    number: int


class Sum(BaseModel):
    kind: Literal["sum"] = "sum"
    left: Term
    right: Term


Term = Annotated[Union[Sum, Number], Field(discriminator="kind")]  # noqa: UP007
Sum.model_rebuild()

LEAVES: list[Any] = [
    str,
    int,
    float,
    bool,
    bytes,
    None,
    Any,
    Decimal,
    Path,
    uuid.UUID,
    AnyUrl,
    dt.date,
    dt.time,
    dt.datetime,
    dt.timedelta,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    Colour,
    Level,
    Point,
    Node,
    Term,
    Json[list[int]],
    Fraction,
    ZoneInfo,
    Literal["one"],
    Literal["left", "right", 3],
    Annotated[str, Field(min_length=5, max_length=7)],
    Annotated[str, Field(max_length=3)],
    Annotated[str, Field(pattern=r"^[A-Z]{3}-\d{4}$")],
    Annotated[str, Field(pattern=r"^(?:v|version )\d+(\.\d+)*[^a-z]?$")],
    Annotated[int, Field(ge=3, le=4)],
    Annotated[int, Field(gt=-10, lt=-7)],
    Annotated[int, Field(ge=7, multiple_of=5)],
    Annotated[float, Field(gt=0, lt=1)],
    Annotated[float, Field(ge=100.5)],
    Annotated[float, Field(multiple_of=0.25, gt=1)],
    Annotated[Decimal, Field(gt=0, le=1000)],
]


NAMES = [
    "answer",
    "sources",
    "city",
    "celsius",
    "path",
    "url",
    "email",
    "date",
    "count",
    "id",
    "items",
    "done",
]


def _spare(kind: Any) -> Any:
    return Optional[kind]  # noqa: UP045  # a type known at run time only


def _wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    few = st.integers(0, 3)
    return st.one_of(
        inner.map(lambda t: list[t]),
        inner.map(lambda t: dict[str, t]),
        inner.map(lambda t: tuple[t, int]),
        inner.map(lambda t: tuple[t, ...]),
        inner.map(_spare),
        st.tuples(inner, inner).map(lambda pair: Union[pair]),  # noqa: UP007  # types known at run time only
        st.tuples(inner, few).map(lambda pair: conlist(pair[0], min_length=pair[1], max_length=3)),
        st.tuples(inner, few).map(lambda pair: Annotated[dict[str, pair[0]], Field(min_length=pair[1])]),
        st.sampled_from([str, int, Colour, dt.date, uuid.UUID]).map(
            lambda t: Annotated[set[t], Field(min_length=2)]
        ),
        st.sampled_from([Colour, Level, Literal["a", "b"]]).map(
            lambda t: Annotated[dict[t, int], Field(min_length=1)]
        ),
        _models(inner),
    )


def _models(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(NAMES)
    needed = st.tuples(inner, st.just(...))
    spare = inner.map(lambda kind: (_spare(kind), None))
    return st.dictionaries(names, st.one_of(needed, spare), max_size=4).map(
        lambda fields: create_model("Made", **fields)
    )


TYPES = st.recursive(st.sampled_from(LEAVES), _wider, max_leaves=5)
PROMPTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            'Send "two words" to ada@example.com by 2025-03-01, ORD-1234, 42 and -0.5 please',
            "How warm is New York? See https://example.com/a and docs/README.md, red or LEFT",
            "not done, never high: 127.0.0.1 2 + 3 * 4",
        ]
    ),
)
RESULTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            '{"city": "Oslo", "celsius": "4.0", "items": [{"id": 1}, {"id": "x", "total": 9.5}]}',
            "[1, 2.5, null, [], {}]",
            '["red", "blue", "red"]',
            "docs/README.md:12: Failover moves on.\nnone",
            "12.5",
            "true",
            '{"answer": {"answer": 5}, "done": true, "count": "inf"}',
        ]
    ),
)


LAW = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)


async def _calls(request: ModelRequest) -> list[ToolCall]:
    async with OfflineProvider().open(request) as chunks:
        return [chunk.tool_call async for chunk in chunks if isinstance(chunk, ToolUseChunk)]


@pytest.mark.slow
@given(kind=TYPES, prompt=PROMPTS, result=RESULTS, refused=st.booleans())
@LAW
async def test_an_output_always_fits_the_type_that_is_asked_for(
    kind: Any, prompt: str, result: str, refused: bool
) -> None:
    plan = OutputPlan(kind)
    assume(plan.alternatives)
    called, answered = ToolCall("1", "look", {"name": "x"}), ToolResultBlock("1", "look", result)
    messages = [Message("user", prompt), Message("assistant", "", [called]), Message("user", [answered])]
    if refused:
        messages.append(Message("assistant", "", [ToolCall("2", "final_result", {})]))
        messages.append(Message("user", [ToolResultBlock("2", "final_result", "no", is_error=True)]))
    (call,) = await _calls(ModelRequest("demo", messages, tools=plan.tools))
    plan.by_tool[call.name].read(call.params)


@pytest.mark.slow
@given(kind=TYPES, prompt=PROMPTS)
@LAW
async def test_arguments_always_fit_the_type_of_their_parameter(kind: Any, prompt: str) -> None:
    def look(name: Any) -> None: ...

    look.__annotations__["name"] = kind
    tool = ToolDefinition("look", "Look.", look, parameters=None)
    request = ModelRequest(
        "demo", [Message("user", prompt)], tools=[tool.spec], settings={"tool_choice": "look"}
    )
    (call,) = await _calls(request)
    tool.arguments(call.params)
