"""Every wire through a proxy in a process of its own: the client sees what the server saw (C05)."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.behaviour.asking import Tools, called, failed, said
from tests.behaviour.dialects import DIALECTS
from tests.behaviour.server import Answer, Connection, FaultServer, Over, forever, pause, streamed, whole
from tests.behaviour.wire import KEY, Call, Dialect, Thinking, text
from tests.faults.script import bounded, in_loop, other_tasks, settled, through
from tests.proxy.serving import TOKEN, WAIT, in_a_process, through_proxy
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import ProviderError, ProviderTimeoutError, StreamTruncatedError
from voxagent.providers import MessageStartChunk, ModelRequest, Provider, RetryChunk
from voxagent.streaming import RetryEvent, TextDeltaEvent
from voxagent.types import Message

RELAYED = [dialect for dialect in DIALECTS if dialect.name != "proxy"]
every_relayed = pytest.mark.parametrize("dialect", RELAYED, ids=lambda dialect: dialect.name)
two_relayed = pytest.mark.parametrize(
    "dialect",
    [dialect for dialect in RELAYED if dialect.name in ("responses", "anthropic")],
    ids=lambda dialect: dialect.name,
)
every_door = pytest.mark.parametrize("door", ["run", "run_stream on uvloop", "run_sync"])


class Upstreams:
    """A model server for each dialect, and a proxy ahead of them."""

    def __init__(self, servers: dict[str, FaultServer], url: str) -> None:
        self._servers = servers
        self.url = url

    def answering(self, dialect: Dialect, *answers: Answer) -> FaultServer:
        """The dialect's server, which from now on gives these answers."""
        server = self._servers[dialect.name]
        server.asked.clear()
        server.answers = answers
        return server


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    servers = {dialect.name: FaultServer() for dialect in RELAYED}
    for server in servers.values():
        server.__enter__()
    try:
        with in_a_process({name: server.url for name, server in servers.items()}) as url:
            yield Upstreams(servers, url)
    finally:
        for server in servers.values():
            server.__exit__(None, None, None)


class Left:
    """Sends nothing more, and tells when the client has left."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._left = threading.Event()

    async def __call__(self, connection: Connection) -> None:
        self._reached.set()
        await connection.reader.read()
        self._left.set()
        raise Over

    def is_reached(self) -> bool:
        return self._reached.wait(WAIT)

    def within(self, seconds: float) -> bool:
        return self._left.wait(seconds)


async def read(provider: Provider, model: str = "m") -> tuple[list[Any], Exception | None]:
    """The chunks of an answer, and what ended it."""
    chunks: list[Any] = []
    request = ModelRequest(model, [Message("user", "go")])
    try:
        async with asyncio.timeout(10), provider.open(request) as answer:
            async for chunk in answer:
                chunks.append(chunk)
    except ProviderError as error:
        return chunks, error
    return chunks, None


def both(
    dialect: Dialect, upstreams: Upstreams, *answers: Answer, **options: Any
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Chunks and error as they come directly, and as they come through the proxy."""

    async def main() -> Any:
        server = upstreams.answering(dialect, *answers)
        direct = await read(dialect.provider(server.url, **options))
        upstreams.answering(dialect, *answers)
        relayed = await read(through_proxy(upstreams.url, dialect.name), dialect.name)
        await settled(lambda: other_tasks() == set())
        return direct, relayed

    return in_loop("run", main)


def answers_of(dialect: Dialect) -> list[Answer]:
    parts = [
        [text("one ", "two ", "é 漢字 😀 \u2028 end")],
        [Thinking(("let me ", "see")), text("four")],
        [text("I will "), Call("add", ('{"a', '": 1, ', '"b": null}'), "c_1"), Call("ping", ("{}",), "c_2")],
        [Call("add", ('{"a":',), "c_1")],
        [],
    ]
    reasons = [
        streamed(*dialect.events(text("so"), reason=reason).all)
        for reason in dialect.reasons
        if reason != "tool_use"
    ]
    return [*[streamed(*dialect.events(*each).all, x_request_id="req_7") for each in parts], *reasons]


@every_relayed
def test_the_chunks_are_those_of_the_direct_stream(dialect: Dialect, upstreams: Upstreams) -> None:
    for answer in answers_of(dialect):
        (direct, direct_error), (relayed, relayed_error) = both(dialect, upstreams, answer)
        assert (direct_error, relayed_error) == (None, None)
        assert relayed == [MessageStartChunk(), MessageStartChunk(dialect.provider_name, "m"), *direct]


@every_relayed
def test_an_error_keeps_its_kind_and_what_follows_from_it(dialect: Dialect, upstreams: Upstreams) -> None:
    cut = dialect.events(text("half ", "an answer"))
    answers = {
        kind: whole(status, body, x_request_id="req_7", retry_after="3600")
        for kind, (status, body) in dialect.errors.items()
    }
    answers |= {f"{kind} inside": streamed(*cut.open, event) for kind, event in dialect.inside.items()}
    answers |= {"truncated": streamed(*cut.open), "malformed": whole(200, b"<p>nonsense at 10.1.2.3</p>")}
    for kind, answer in answers.items():
        (direct, expected), (relayed, error) = both(dialect, upstreams, answer)
        assert isinstance(expected, ProviderError), kind
        assert isinstance(error, ProviderError), kind
        assert type(error) is type(expected)
        names = ("kind", "retryable", "retry_after", "status", "request_id", "received")
        facts = [(getattr(error, name), getattr(expected, name)) for name in names]
        assert [told for told, _ in facts] == [wanted for _, wanted in facts], kind
        relayed = [chunk for chunk in relayed[2:] if not isinstance(chunk, RetryChunk)]
        assert relayed == [chunk for chunk in direct if not isinstance(chunk, RetryChunk)]
        shown = f"{error} {error!r} {error.__dict__} {relayed}"
        server = upstreams.answering(dialect, answer)
        secrets = [KEY, TOKEN, server.url, server.url.removeprefix("http://"), "10.1.2.3", "127.0.0.1"]
        assert [secret for secret in secrets if secret in shown] == []


@two_relayed
def test_a_retry_of_the_server_is_told_and_not_repeated_by_the_client(
    dialect: Dialect, upstreams: Upstreams
) -> None:
    server = upstreams.answering(dialect, whole(*dialect.errors["server"]), said(dialect, "well"))
    provider = through_proxy(upstreams.url, dialect.name, retries=None)
    ran = through("run", Agent(provider))
    assert ran.result.output == "well"
    told = "the model's service failed, and is asked again"
    assert [(event.attempt, event.reason) for event in ran.of(RetryEvent)] == [(1, told)]
    server = upstreams.answering(dialect, whole(*dialect.errors["server"]))
    assert failed(Agent(provider)).kind == "server"
    assert len(server.asked) == 3


@every_relayed
@every_door
def test_a_tool_loop_runs_through_the_proxy(dialect: Dialect, door: str, upstreams: Upstreams) -> None:
    tools = Tools()
    first = streamed(
        *dialect.events(
            Thinking(("hm",)),
            Call("add", ('{"a":1,', '"b":2}'), "c_1"),
            Call("echo", ('{"text":"é"}',), "c_2"),
        ).all
    )
    server = upstreams.answering(dialect, first, said(dialect, "three"))
    provider = through_proxy(upstreams.url, dialect.name)
    ran = through(door, Agent(provider, tools=tools.all, system_prompt="You add."))
    relayed = [asked.body for asked in server.asked]
    assert ran.result.output == "three"
    assert tools.calls == [(1, 2), "é"]
    assert dialect.results_in(relayed[1]) == [("c_1", "3"), ("c_2", "é")]
    tools = Tools()
    server = upstreams.answering(dialect, first, said(dialect, "three"))
    through(door, Agent(dialect.provider(server.url), tools=tools.all, system_prompt="You add."))
    assert relayed == [asked.body for asked in server.asked]


@two_relayed
@pytest.mark.parametrize("when", ["before the head", "in the middle"])
def test_a_client_that_leaves_closes_the_upstream_at_once(
    dialect: Dialect, when: str, upstreams: Upstreams
) -> None:
    events = dialect.events(text("one", "two"))
    left = Left()
    upstreams.answering(dialect, [left] if when == "before the head" else streamed(*events.open, left))
    controller = AbortController()

    async def main() -> Any:
        agent = Agent(through_proxy(upstreams.url, dialect.name))
        run = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
        assert await asyncio.to_thread(left.is_reached)
        begun = time.monotonic()
        controller.abort()
        result = await bounded(run)
        assert await asyncio.to_thread(left.within, 1.0)
        assert time.monotonic() - begun < 1.0
        return result

    assert in_loop("run", main).aborted


@two_relayed
def test_silence_is_bridged_by_signs_of_life_and_still_is_a_stall(
    dialect: Dialect, upstreams: Upstreams
) -> None:
    events = dialect.events(text("one", "two"))
    upstreams.answering(dialect, streamed(pause(0.4), *events.all))
    agent = Agent(through_proxy(upstreams.url, dialect.name))
    assert through("run", agent, settings={"idle_timeout": 0.2}).result.output == "onetwo"
    left = Left()
    upstreams.answering(dialect, streamed(*events.open, left))
    ran = through("run", agent, settings={"idle_timeout": 0.2})
    assert isinstance(ran.result.error, ProviderTimeoutError)
    assert ran.result.error.received == "onetwo"
    assert left.within(1.0)


@two_relayed
def test_each_piece_is_relayed_before_the_next_one_is_sent(dialect: Dialect, upstreams: Upstreams) -> None:
    events = dialect.events(text("one", "two"))
    left = Left()
    upstreams.answering(dialect, streamed(*events.open[:-1], left))

    async def main() -> None:
        async with Agent(through_proxy(upstreams.url, dialect.name)).run_stream("go") as stream:
            async for event in stream:
                if isinstance(event, TextDeltaEvent):
                    assert event.delta == "one"
                    assert await asyncio.to_thread(left.is_reached)
                    return

    in_loop("run_stream", main)
    assert left.within(1.0)


def test_a_client_that_reads_slowly_slows_the_upstream_down(upstreams: Upstreams) -> None:
    dialect = RELAYED[0]
    events = dialect.events(text("x" * 20_000))
    server = upstreams.answering(dialect, streamed(*events.open, forever(_chunked(events.open[-2]))))

    async def main() -> int:
        provider = through_proxy(upstreams.url, dialect.name)
        async with provider.open(ModelRequest(dialect.name, [Message("user", "go")])) as answer:
            async for _ in answer:
                break
            return await asyncio.to_thread(server.is_still, 0.3)

    before = server.sent
    assert in_loop("run", main) - before < 30_000_000


def _chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def test_a_hundred_streams_at_once_are_all_whole(upstreams: Upstreams) -> None:
    """R-C05."""
    dialect = RELAYED[-1]
    pieces = [f"{number} " for number in range(50)]
    upstreams.answering(dialect, said(dialect, *pieces))

    async def main() -> list[Any]:
        provider = through_proxy(upstreams.url, dialect.name)
        return await asyncio.gather(*[Agent(provider).run("go") for _ in range(100)])

    results = in_loop("run", main)
    assert {result.output for result in results} == {"".join(pieces)}


def test_a_call_of_a_stream_that_was_cut_is_not_executed(upstreams: Upstreams) -> None:
    tools = Tools()
    dialect = RELAYED[0]
    events = dialect.events(text("so: "), Call("add", ('{"a":1,"b":2}',)))
    upstreams.answering(dialect, streamed(*events.open))
    error = failed(Agent(through_proxy(upstreams.url, dialect.name), tools=tools.all))
    assert isinstance(error, StreamTruncatedError)
    assert tools.calls == []
    upstreams.answering(dialect, called(dialect, Call("add", ('{"a":1,"b":2}',))), said(dialect, "three"))
    assert through("run", Agent(through_proxy(upstreams.url, dialect.name), tools=tools.all)).result.ok
