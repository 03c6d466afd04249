"""An output fills up while it is written: what is there stays, and the last is the validated one."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import TypedDict

from tests.agent.seen import Slowly
from voxagent import Agent, ModelRetry, one_of
from voxagent.errors import OutputError
from voxagent.providers import ModelFacts
from voxagent.testing import ScriptedProvider, Step, answer, raw_call, text, tool_call


class Place(BaseModel):
    name: str
    people: int


class Trip(BaseModel):
    title: str
    days: Annotated[int, Field(gt=0)] = 1
    places: list[Place]
    by: str | None = Field(default=None, alias="transport")


@dataclass
class Stop:
    name: str
    tags: list[str] = field(default_factory=list)
    minutes: int = 5


@dataclass
class Route:
    first: Stop
    then: str


class Movie(TypedDict):
    title: str
    cast: list[str]


PLACES = [{"name": "Oslo", "people": 700}, {"name": "Bergen", "people": 280}]
TRIP = {"title": "Fjords", "days": 3, "places": PLACES, "transport": "train"}
ROUTE = {"first": {"name": "Oslo", "tags": ["big", "cold"], "minutes": 9}, "then": "north"}


def plain(value: Any) -> Any:
    """What is there of a partial value, without what is not there yet."""
    match value:
        case BaseModel():
            return plain({name: getattr(value, name) for name in value.model_fields_set})
        case dict():
            return {key: plain(each) for key, each in value.items() if each is not None}
        case list():
            return [plain(each) for each in value]
        case _ if hasattr(value, "__dataclass_fields__"):
            return plain(vars(value))
        case _:
            return value


def grows(earlier: Any, later: Any) -> bool:
    """Whether all that was there earlier is still there, perhaps longer."""
    match earlier:
        case str():
            return isinstance(later, str) and later.startswith(earlier)
        case dict():
            return all(key in later and grows(each, later[key]) for key, each in earlier.items())
        case list():
            return len(later) >= len(earlier) and all(map(grows, earlier, later))
        case _:
            return bool(earlier == later)


async def partials(kind: Any, *script: Step, **options: Any) -> list[Any]:
    facts = options.pop("facts", None)
    provider = Slowly(ScriptedProvider(*script, facts=facts))
    agent: Agent[None, Any] = Agent(provider, output_type=kind, **options)
    return [partial async for partial in agent.run_stream("?").output()]


CASES: list[tuple[Any, Any, Any]] = [
    (Trip, TRIP, Trip(title="Fjords", days=3, places=[Place(**each) for each in PLACES], transport="train")),
    (Route, ROUTE, Route(Stop("Oslo", ["big", "cold"], 9), "north")),
    (list[Place], {"result": PLACES}, [Place(**each) for each in PLACES]),
    (list[str], {"result": ["a", "bcd"]}, ["a", "bcd"]),
    (Movie, {"title": "Alien", "cast": ["Weaver", "Hurt"]}, {"title": "Alien", "cast": ["Weaver", "Hurt"]}),
    (one_of(Place, Stop), None, Stop("Oslo")),
]


@pytest.mark.parametrize("size", [1, 3, 7, None])
@pytest.mark.parametrize(("kind", "written", "output"), CASES, ids=lambda value: str(value)[:20])
async def test_an_output_from_a_tool_call_fills_up_and_ends_validated(
    kind: Any, written: Any, output: Any, size: int | None
) -> None:
    given = tool_call("final_result", **written) if written else tool_call("final_result_Stop", name="Oslo")
    shown = await partials(kind, answer(text("Let me think."), given, chunk_size=size))
    assert shown[-1] == output
    assert shown == [each for number, each in enumerate(shown) if each not in shown[:number]]
    seen = [plain(each) for each in shown]
    assert len(seen) >= (3 if size == 1 else 1)
    if kind is not Route:  # a dataclass shows its defaults, which go once there is more
        assert all(map(grows, seen, seen[1:]))


@pytest.mark.parametrize("before", ["", "Here it is:\n```json\n"])
async def test_json_text_fills_up_as_a_tool_call_does(before: str) -> None:
    written = before + TypeAdapter(Any).dump_json(TRIP).decode() + ("\n```" if before else "")
    shown = await partials(Trip, answer(text(written), chunk_size=5), facts=ModelFacts(tools=False))
    seen = [plain(each) for each in shown]
    assert len(seen) > 5
    assert all(map(grows, seen, seen[1:]))
    assert shown[-1] == CASES[0][2]


async def test_text_grows_and_an_alternative_in_a_union_of_text_is_a_model() -> None:
    assert await partials(str, answer(text("abcdef"), chunk_size=2)) == ["ab", "abcd", "abcdef"]
    either = await partials([str, Place], answer(tool_call("final_result", **PLACES[0]), chunk_size=8))
    assert either[-1] == Place(name="Oslo", people=700)


async def test_an_answer_that_did_not_validate_is_begun_anew() -> None:
    wrong = answer(tool_call("final_result", name="Atlantis", people="none"), chunk_size=6)
    shown = await partials(Place, wrong, answer(tool_call("final_result", **PLACES[0]), chunk_size=6))
    names = [each.name for each in shown]
    assert "Atlantis" in names
    assert names[-1] == "Oslo"
    assert all(name is None or "Oslo".startswith(name) for name in names[names.index("Atlantis") + 1 :])


async def test_what_is_no_json_shows_nothing() -> None:
    for wrong in (answer(raw_call("final_result", "{nothing}")), answer(raw_call("final_result", "[1]"))):
        shown = await partials(Place, wrong, tool_call("final_result", **PLACES[0]))
        assert shown == [Place(**PLACES[0])]


async def test_of_two_outputs_in_one_answer_the_first_is_shown() -> None:
    both = answer(
        tool_call("final_result", **PLACES[0]), tool_call("final_result", **PLACES[1]), chunk_size=4
    )
    shown = await partials(Place, both)
    assert shown[-1] == Place(**PLACES[0])
    assert all(each.name is None or "Oslo".startswith(each.name) for each in shown)


async def test_what_a_validator_makes_of_it_comes_last() -> None:
    agent = Agent(
        ScriptedProvider(answer(tool_call("final_result", **PLACES[0]), chunk_size=9)), output_type=Place
    )

    @agent.output_validator
    def louder(place: Place) -> Place:
        return Place(name=place.name.upper(), people=place.people)

    shown = [each async for each in agent.run_stream("?").output()]
    assert shown[-1] == Place(name="OSLO", people=700)


async def test_an_output_that_never_validates_raises_at_the_end() -> None:
    agent = Agent(ScriptedProvider(*[tool_call("final_result", **PLACES[0])] * 2), output_type=Place)

    @agent.output_validator
    def never(place: Place) -> Place:
        raise ModelRetry("no")

    shown: list[Place] = []

    async def read() -> None:
        async for each in agent.run_stream("?").output():
            shown.append(each)

    with pytest.raises(OutputError, match="did not validate, 2 times; the last time: no"):
        await read()
    assert shown[-1].name == "Oslo"


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(':,[{"1-.e '), max_size=8)
leaves = texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
items = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(items, max_size=4), st.integers(1, 9))
async def test_whatever_is_written_in_whatever_pieces_only_grows(written: list[Any], size: int) -> None:
    shown = await partials(list[Any], answer(tool_call("final_result", result=written), chunk_size=size))
    assert all(map(grows, shown, shown[1:]))
    assert shown[-1:] == [written]
