"""Services that are down for a while: how often they are asked, and how soon they are used again (R-A12)."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, overload

import pytest

from tests.behaviour.asking import said
from tests.behaviour.dialects import DIALECTS, every_door
from tests.behaviour.server import Answer, FaultServer, close, reset, whole
from tests.behaviour.wire import KEY, Dialect
from tests.failover.shared import PIECES, WHOLE, Clock, Pair, cut, other_than, policy, three_dialects
from tests.faults.script import bounded, in_loop, other_tasks, settled, through
from voxagent.agent import Agent
from voxagent.errors import NoProfilesAvailableError
from voxagent.providers import AuthProfile, Health


class Answers(Sequence[Answer]):
    """What a server answers, which changes while it runs."""

    def __init__(self, *answers: Answer) -> None:
        self.now: Sequence[Answer] = answers

    def __len__(self) -> int:
        return 1_000_000

    @overload
    def __getitem__(self, number: int) -> Answer: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Answer]: ...
    def __getitem__(self, number: Any) -> Any:
        return self.now[number % len(self.now)]


def changing(*answers: Answer) -> tuple[FaultServer, Answers]:
    given = Answers(*answers)
    server = FaultServer()
    server.answers = given  # type: ignore[assignment]  # a sequence of another kind
    return server, given


@three_dialects
@pytest.mark.parametrize("answer", [whole(503, b"down", "text/plain"), [close]], ids=["503", "no answer"])
def test_of_twenty_requests_in_an_outage_of_a_minute_four_reach_the_primary(
    dialect: Dialect, answer: Answer
) -> None:
    clock = Clock()
    health = Health(clock=clock)
    primary, answers = changing(answer)
    with primary, FaultServer(said(other_than(dialect), WHOLE)) as fallback:
        pair = Pair(dialect, primary, fallback)

        async def main() -> list[str]:
            asked: list[str] = []
            for _ in range(20):
                result = await bounded(pair.agent(policy(health=health)).run("go"))
                asked.append(result.output)
                clock.now += 3
            return asked

        assert in_loop("run", main) == [WHOLE] * 20
        assert 1 <= len(primary.asked) <= 4
        answers.now = [said(dialect, "I am back.")]

        async def later() -> list[str]:
            outputs: list[str] = []
            for _ in range(5):
                outputs.append((await bounded(pair.agent(policy(health=health)).run("go"))).output)
                clock.now += 2.5
            return outputs

        outputs = in_loop("run", later)
    assert outputs[-1] == "I am back."
    assert outputs == sorted(outputs)  # once it is back, it stays


@three_dialects
def test_a_process_knows_what_one_agent_has_seen(dialect: Dialect) -> None:
    """All agents share the state of a service, whatever model they ask, from whatever loop."""
    with (
        FaultServer(whole(503, b"down")) as primary,
        FaultServer(said(other_than(dialect), WHOLE)) as fallback,
    ):
        first = Agent([dialect.provider(primary.url), other_than(dialect).provider(fallback.url)])
        assert in_loop("run", lambda: bounded(first.run("go"))).output == WHOLE
        for _ in range(3):
            second = Agent([dialect.provider(primary.url), other_than(dialect).provider(fallback.url)])
            result = second.run_sync("go")
            assert result.output == WHOLE
            assert [attempt.reason for attempt in result.attempts] == [None]
        assert len(primary.asked) == 1


@three_dialects
def test_a_key_that_is_limited_says_nothing_of_another(dialect: Dialect) -> None:
    limited = whole(*dialect.errors["rate_limit"])
    health = Health()
    with (
        FaultServer(limited, said(dialect, WHOLE)) as primary,
        FaultServer(said(other_than(dialect), "?")) as other,
    ):
        for key, expected in ("first-key-1234", "?"), ("second-key-1234", WHOLE):
            models = [dialect.provider(primary.url, key=key), other_than(dialect).provider(other.url)]
            assert Agent(models, failover=policy(health=health)).run_sync("go").output == expected


@every_door
def test_the_keys_of_a_service_are_sent_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """Over HTTP, from the registry: the first is limited, the second refused, the third works."""
    dialect = DIALECTS[2]
    limited = whole(*dialect.errors["rate_limit"], retry_after="600")
    refused = whole(*dialect.errors["authentication"])
    profiles = [AuthProfile(id=id, api_key=f"{KEY}-{id}", provider="anthropic") for id in "abc"]
    with FaultServer(limited, refused, said(dialect, WHOLE)) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        agent = Agent("anthropic:m", failover=policy(profiles=profiles))
        first, second = through(door, agent), through(door, agent)
        sent = [asked.headers["authorization"].removeprefix(f"Bearer {KEY}-") for asked in server.asked]
    assert sent == ["a", "b", "c", "b"]
    assert [first.result.output, second.result.output] == [WHOLE, WHOLE]
    assert [each.profile for each in first.result.attempts] == ["a", "b", "c"]
    assert [each.profile for each in second.result.attempts] == ["b"]
    assert KEY not in repr((first, second, agent, profiles))


@three_dialects
def test_when_all_are_known_to_be_down_nobody_is_asked(dialect: Dialect) -> None:
    busy = whole(503, b"down", "text/plain", retry_after="120")
    with FaultServer(busy) as primary, FaultServer(busy) as fallback:
        pair, rules = Pair(dialect, primary, fallback), policy()
        in_loop("run", lambda: bounded(pair.agent(rules).run("go")))
        result = in_loop("run", lambda: bounded(pair.agent(rules).run("go")))
        assert (len(primary.asked), len(fallback.asked)) == (1, 1)
    error = result.error
    assert isinstance(error, NoProfilesAvailableError)
    assert error.retry_after is not None
    assert 60 < error.retry_after <= 120
    assert "(overloaded)" in str(error)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_while_the_primary_flaps_no_failure_reaches_any_of_a_thousand_runs() -> None:
    """And nothing is left behind: no task, no connection that is busy."""
    dialect = DIALECTS[2]
    good = said(dialect, WHOLE)
    bad: list[Answer] = [[reset], whole(503, b"down"), cut(dialect, PIECES, 9, close), whole(500, b"?")]
    primary, answers = changing(good)
    health = Health(probe_after=[0.02])
    with primary, FaultServer(said(other_than(dialect), WHOLE)) as fallback:
        agent = Pair(dialect, primary, fallback).agent(policy(health=health))

        def flap() -> Iterator[None]:
            while True:
                for each in bad:
                    answers.now = [good]
                    yield
                    answers.now = [each]
                    yield

        async def main() -> Counter[tuple[bool, str, str]]:
            flapping = flap()

            async def one(number: int) -> tuple[bool, str, str]:
                if number % 20 == 0:
                    next(flapping)
                result = await agent.run("go")
                return result.ok, result.value or repr(result.error), result.provider

            counted: Counter[tuple[bool, str, str]] = Counter()
            async with asyncio.timeout(150):
                counted.update(await asyncio.gather(*[one(number) for number in range(1000)]))
            await settled(lambda: other_tasks() == set())
            return counted

        with asyncio.Runner() as runner:
            counted = runner.run(main())
        assert {(ok, output) for ok, output, _ in counted} == {(True, WHOLE)}
        assert sum(counted.values()) == 1000
        assert len(primary.asked) > 50
        assert len(fallback.asked) > 50
        assert primary.is_left(5.0)
        assert fallback.is_left(5.0)
