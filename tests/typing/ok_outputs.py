"""Types of outputs: one, several, and those that pydantic describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, assert_type

from pydantic import BaseModel

from voxagent import Agent, one_of
from voxagent.agent import OneOf


class Forecast(BaseModel):
    city: str
    celsius: float


@dataclass
class Failure:
    reason: str


class Place(TypedDict):
    name: str


class Stop(BaseModel):
    why: Literal["done", "lost"]


assert_type(one_of(Forecast, Failure), OneOf[Forecast | Failure])
assert_type(one_of(str, Failure), OneOf[str | Failure])
assert_type(one_of(Forecast, Failure, Stop), OneOf[Forecast | Failure | Stop])
assert_type(one_of(Forecast, Failure, Stop, Place), OneOf[Forecast | Failure | Stop | Place])
assert_type(Agent("offline:demo", output_type=Forecast), Agent[None, Forecast])
assert_type(Agent("offline:demo", output_type=Place), Agent[None, Place])
assert_type(Agent("offline:demo", output_type=dict[str, Place]), Agent[None, dict[str, Place]])
assert_type(
    Agent("offline:demo", output_type=one_of(Forecast, Failure, Stop)), Agent[None, Forecast | Failure | Stop]
)

# A list of one type is that type.
assert_type(Agent("offline:demo", output_type=[Forecast]), Agent[None, Forecast])

wider: OneOf[Forecast | Failure | None] = one_of(Forecast, Failure)


async def narrowed() -> None:
    result = await Agent("offline:demo", output_type=one_of(Forecast, Failure)).run("hello")
    match result.output:
        case Forecast() as forecast:
            assert_type(forecast, Forecast)
        case Failure(reason=reason):
            assert_type(reason, str)
