"""A stream cut anywhere is an error or the whole answer, never a part that is taken for it (faults 4-6)."""

import json
from typing import Any

import pytest

from tests.behaviour.asking import Tools
from tests.behaviour.dialects import every_dialect
from tests.behaviour.server import Answer, FaultServer, Step, close, reset, streamed, whole
from tests.behaviour.wire import ONCE, Call, Dialect, Thinking, framed, text
from tests.faults.script import bounded, in_loop
from voxagent.agent import Agent
from voxagent.errors import MalformedAnswerError, ProviderConnectionError, ProviderError
from voxagent.types import RunResult

WORDS = tuple(f"word{number} " for number in range(24))


def cuts(events: list[bytes]) -> list[bytes]:
    """The stream as far as it came: up to each event, and into each at its fields and at its line ends."""
    found: list[bytes] = []
    sent = b""
    for event in events:
        data = max(event.find(b"data: "), 0)  # lines begin with their data
        places = {
            0,
            data,
            data + 6,
            data + 7,
            len(event) // 2,
            len(event) - 3,
            len(event) - 2,
            len(event) - 1,
        }
        found += [sent + event[:place] for place in sorted(places)]
        sent += event
    return found


def broken(data: bytes) -> tuple[type[ProviderError], ...]:
    """What a cut is; nothing at all may be called malformed as well."""
    return (ProviderConnectionError,) if data else (ProviderConnectionError, MalformedAnswerError)


ENDS: dict[str, tuple[Step, ...]] = {"cleanly": (), "closed": (close,), "reset": (reset,)}

every_end = pytest.mark.parametrize("how", list(ENDS))


def answers_of(sent: list[bytes], how: str) -> list[Answer]:
    return [streamed(data, *ENDS[how]) for data in sent]


def asked(agent: Agent[Any, Any], times: int) -> list[RunResult[Any]]:
    async def main() -> list[RunResult[Any]]:
        return [await bounded(agent.run("go")) for _ in range(times)]

    return in_loop("run", main)


@every_dialect
@every_end
def test_a_text_that_is_cut_anywhere_is_never_taken_for_whole(dialect: Dialect, how: str) -> None:
    events = dialect.events(text(*WORDS)).all
    sent = cuts(events)
    with FaultServer(*answers_of(sent, how)) as server:
        results = asked(Agent(dialect.provider(server.url, ONCE)), len(sent))
    words = "".join(WORDS)
    for data, result in zip(sent, results, strict=True):
        if result.ok:
            assert result.output == words, data[-80:]
            continue
        failure = result.error
        assert isinstance(failure, broken(data)), (failure, data[-80:])
        assert words.startswith(failure.received)
        assert failure.received.startswith("".join(result.assistant_texts))
    assert not results[0].ok
    assert sum(result.ok for result in results) < len(sent) // 4


@every_dialect
@every_end
def test_a_call_that_is_cut_anywhere_is_executed_whole_or_not_at_all(dialect: Dialect, how: str) -> None:
    """The arguments are valid JSON at their last piece already, and after most of them."""
    pieces = ('{"text"', ': "', *WORDS, '"}')
    events = dialect.events(Thinking(("hm",)), text("so "), Call("echo", pieces)).all
    sent = cuts(events)
    tools = Tools()
    with FaultServer(*answers_of(sent, how)) as server:
        agent = Agent(dialect.provider(server.url, ONCE), tools=tools.all)

        async def main() -> list[RunResult[Any]]:
            return [await bounded(agent.run("go", routing_only=True)) for _ in sent]

        results = in_loop("run", main)
    for data, result in zip(sent, results, strict=True):
        if result.ok:
            assert [call.params for call in result.tool_calls] == [{"text": "".join(WORDS)}], data[-80:]
            continue
        assert isinstance(result.error, broken(data)), (result.error, data[-80:])
        assert result.tool_calls == []
        assert result.error.received in ("", "so ")
    assert tools.calls == []
    assert not results[0].ok


@every_dialect
def test_an_object_that_is_cut_anywhere_is_never_an_answer(dialect: Dialect) -> None:
    data = json.dumps(dialect.whole("one two")).encode()
    positions = range(0, len(data), 5)
    with FaultServer(*[whole(200, data[:position]) for position in positions]) as server:
        results = asked(Agent(dialect.provider(server.url, ONCE)), len(positions))
    for result in results:
        assert isinstance(result.error, ProviderError)
        assert result.error.kind in ("malformed", "truncated")


@every_dialect
def test_what_came_ahead_of_an_error_is_shown_even_if_the_network_brought_both_at_once(
    dialect: Dialect,
) -> None:
    open_ = b"".join(dialect.events(text("half ", "an answer")).open)
    misfit = framed(dialect, b"{nonsense}")
    for broken in (*dialect.inside.values(), misfit):
        with FaultServer(streamed(open_ + broken)) as server:
            [result] = asked(Agent(dialect.provider(server.url, ONCE)), 1)
        assert isinstance(result.error, ProviderError)
        assert result.error.received == "half an answer"
        assert [message.text for message in result.new_messages[1:]] == ["half an answer"]
