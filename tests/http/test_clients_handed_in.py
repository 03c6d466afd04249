"""A client that is handed in is used, with whatever it was made with; it may be httpx2's or httpx's."""

import asyncio
import gc
import warnings
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import httpx2
import pytest
import respx
from respx.mocks import HTTPCoreMocker

from tests.http.server import Server, stall
from tests.http.wires import OK, WAIT, asked, provider_at, text
from voxagent import Agent
from voxagent.errors import (
    ConfigError,
    ProviderConnectionError,
    ProviderError,
    ProviderTimeoutError,
    StreamTruncatedError,
)
from voxagent.providers.http.library import library_of, told_error
from voxagent.providers.http.retries import Retries

URL = "http://model.test/lines"
ONCE = Retries(attempts=1)


class Mocker(HTTPCoreMocker):
    """respx for httpx2, which stands on httpcore2."""

    name = "httpcore2"
    targets = [  # noqa: RUF012  # respx's own way
        "httpcore2._sync.connection.HTTPConnection",
        "httpcore2._sync.connection_pool.ConnectionPool",
        "httpcore2._sync.http_proxy.HTTPProxy",
        "httpcore2._async.connection.AsyncHTTPConnection",
        "httpcore2._async.connection_pool.AsyncConnectionPool",
        "httpcore2._async.http_proxy.AsyncHTTPProxy",
    ]


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces and may break."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self.pieces, self.error, self.closed = pieces, error, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


class Pieces2(Pieces, httpx2.AsyncByteStream):
    """The same, for httpx2."""


def told(request: httpx2.Request) -> httpx2.Response:
    assert (request.method, str(request.url)) == ("POST", URL)
    return httpx2.Response(200, stream=Pieces2(b"hel", b"lo\n", b".\n"))


async def test_an_httpx2_client_is_used_and_left_open() -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(told)) as client:
        provider = provider_at(URL, client=client)
        assert [await text(provider) for _ in range(2)] == ["hello"] * 2
        assert not client.is_closed


async def test_an_httpx_client_works_as_well() -> None:
    body = Pieces(b"hel", b"lo\n", b".\n")
    with respx.mock() as mock:
        route = mock.post(URL).mock(side_effect=lambda request: httpx.Response(200, stream=body))
        async with httpx.AsyncClient() as client:
            assert await text(provider_at(URL, client=client, key="k")) == "hello"
    assert body.closed
    assert route.calls.last.request.headers["authorization"] == "Bearer k"


async def test_the_shared_pool_can_be_mocked_by_respx_on_httpcore2() -> None:
    assert Mocker.name == "httpcore2"
    with respx.mock(using="httpcore2") as mock:
        mock.post(URL).mock(side_effect=[httpx.Response(503), httpx.Response(200, stream=Pieces(b"hi\n.\n"))])
        assert await text(provider_at(URL)) == "hi"


HTTPX = {
    httpx.ConnectError("refused"): ProviderConnectionError,
    httpx.ReadError("reset"): ProviderConnectionError,
    httpx.RemoteProtocolError("rubbish"): ProviderConnectionError,
    httpx.UnsupportedProtocol("odd"): ProviderConnectionError,
    httpx.ConnectTimeout("slow"): ProviderTimeoutError,
    httpx.ReadTimeout("slow"): ProviderTimeoutError,
    httpx.PoolTimeout("slow"): ProviderTimeoutError,
}


@pytest.mark.parametrize(("error", "kind"), HTTPX.items(), ids=repr)
async def test_errors_of_httpx_are_told_in_our_words(error: Exception, kind: type[ProviderError]) -> None:
    with respx.mock() as mock:
        mock.post(URL).mock(side_effect=error)
        async with httpx.AsyncClient() as client:
            with pytest.raises(kind, match=f"{type(error).__name__}: {error}") as caught:
                await asked(provider_at(URL, client=client, retries=ONCE))
    assert type(caught.value) is kind
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
async def test_a_body_that_breaks_is_a_connection_error_and_is_closed(library: Any) -> None:
    body = (Pieces2 if library is httpx2 else Pieces)(b"hel", error=library.ReadError("cut"))
    transport = library.MockTransport(lambda request: library.Response(200, stream=body))
    async with library.AsyncClient(transport=transport) as client:
        with pytest.raises(ProviderConnectionError, match="ReadError: cut"):
            await asked(provider_at(URL, client=client, retries=ONCE))
    assert body.closed


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
async def test_a_client_with_a_short_timeout_of_its_own_keeps_it(library: Any) -> None:
    async with Server([stall]) as server, library.AsyncClient(timeout=0.05) as client:
        with pytest.raises(ProviderTimeoutError, match="the connection timed out: ReadTimeout"):
            await asked(provider_at(server.url, client=client, retries=ONCE))


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_errors_are_told_from_each_other_by_the_library_that_they_come_from(library: Any) -> None:
    said = told_error(library, library.ReadTimeout(""))
    assert (type(said), str(said)) == (ProviderTimeoutError, "the connection timed out: ReadTimeout")
    assert type(told_error(library, library.InvalidURL("odd"))) is ProviderConnectionError
    assert type(told_error(library, ConnectionResetError("gone"))) is ProviderConnectionError
    assert told_error(library, KeyError("x")) is None


async def test_an_exception_that_is_not_of_the_network_is_left_as_it_is() -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise KeyError("a bug in a transport")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(broken)) as client:
        with pytest.raises(KeyError, match="a bug in a transport"):
            await asked(provider_at(URL, client=client))


class OurClient(httpx2.AsyncClient):
    """One that somebody has made a kind of their own of."""


async def test_a_kind_of_client_of_ones_own_is_a_client() -> None:
    async with OurClient() as client:
        assert library_of(client) is httpx2
    async with httpx.AsyncClient() as other:
        assert library_of(other) is httpx


class AsyncClient:
    """Called so, and of neither library."""


def sync_client() -> httpx2.Client:
    with httpx2.Client() as client:
        return client


@pytest.mark.parametrize(
    "wrong", ["a client", 7, AsyncClient(), sync_client()], ids=["text", "number", "namesake", "sync"]
)
def test_anything_else_is_an_error_of_the_program_at_once(wrong: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"is not an httpx2.AsyncClient \(or httpx's\), nor a function for one"
    ):
        provider_at(URL, client=wrong)


@pytest.mark.parametrize("make", [lambda: None, lambda: "x", httpx2.Client], ids=["nothing", "text", "sync"])
async def test_a_function_that_makes_anything_else_is_one_too(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError, match=r"is not an httpx2\.AsyncClient"):
        await asked(provider_at(URL, client=make))


async def test_a_client_handed_in_belongs_to_the_first_loop_that_uses_it() -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(told)) as client:
        provider = provider_at(URL, client=client)
        assert await text(provider) == "hello"
        with pytest.raises(ConfigError, match=r"client=lambda: httpx2.AsyncClient\(\.\.\.\)"):
            await asyncio.to_thread(asyncio.run, text(provider))
        assert await text(provider) == "hello"


def test_the_wrong_loop_is_told_by_every_door_of_an_agent() -> None:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(told))
    agent = Agent(provider_at(URL, client=client))
    assert asyncio.run(agent.run("?")).output == "hello"
    wrong = "belongs to the event loop that used it first"
    with pytest.raises(ConfigError, match=wrong):
        asyncio.run(agent.run("?")).output  # noqa: B018  # reading it raises, if `run` has not
    with pytest.raises(ConfigError, match=wrong):
        agent.run_sync("?").output  # noqa: B018
    asyncio.run(client.aclose())


async def test_a_function_makes_one_client_for_each_loop_and_it_closes_with_the_loop() -> None:
    made: list[httpx2.AsyncClient] = []
    loops: list[weakref.ref[Any]] = []

    def make() -> httpx2.AsyncClient:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        made.append(httpx2.AsyncClient())
        return made[-1]

    async with Server(OK) as server:
        provider = provider_at(server.url, client=make)

        async def main() -> list[str]:
            return [await text(provider) for _ in range(2)]

        for count in (1, 2, 3):
            assert await asyncio.to_thread(asyncio.run, main()) == ["hello"] * 2
            assert [client.is_closed for client in made] == [True] * count
        await server.all_closed()
        made.clear()
        async with asyncio.timeout(WAIT):
            while any(loop() for loop in loops):  # the thread that ran the last one lets go of it in its time
                gc.collect()
                await asyncio.sleep(0.01)


async def test_a_client_made_for_a_loop_that_nobody_shut_down_is_forgotten_with_it() -> None:
    async with Server(OK) as server:
        provider = provider_at(server.url, client=httpx2.AsyncClient)

        def carelessly() -> weakref.ref[Any]:
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(text(provider)) == "hello"
            loop.close()
            return weakref.ref(loop)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # that is the fault of who wrote `carelessly`
            careless = await asyncio.to_thread(carelessly)
            assert await asyncio.to_thread(asyncio.run, text(provider)) == "hello"
            gc.collect()
            assert careless() is None


async def test_a_function_may_make_clients_of_httpx() -> None:
    async with Server(OK) as server:
        assert await text(provider_at(server.url, client=httpx.AsyncClient)) == "hello"
        assert server.connections == 1


async def test_a_cut_answer_over_a_client_handed_in_is_truncated() -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, stream=Pieces2(b"half\n")))
    async with httpx2.AsyncClient(transport=transport) as client:
        with pytest.raises(StreamTruncatedError):
            await asked(provider_at(URL, client=client, retries=ONCE))
