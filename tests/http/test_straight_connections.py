"""The shared clients' own connections: what a server may do to one, and what becomes of it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpcore2
import httpx2
import pytest
import uvloop

from tests.http.server import END, Connection, Server, Step, chunked, close, flood, head, stall, waits
from tests.http.wires import OK, WAIT, asked, provider_at, text
from voxagent.errors import ProviderConnectionError, ProviderError, ProviderTimeoutError
from voxagent.providers.http import addresses, pool
from voxagent.providers.http.addresses import ordered, reached
from voxagent.providers.http.connection import Connection as Straight
from voxagent.providers.http.pipe import WAITING
from voxagent.providers.http.pool import new_client
from voxagent.providers.http.retries import Retries
from voxagent.providers.http.transport import SharedClient, Transport

PEM = Path(__file__).parent / "localhost.pem"
"""A certificate for "localhost" that nobody trusts but these tests, and its key."""
ONCE = Retries(attempts=1)


def plain() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@asynccontextmanager
async def client(keep: float = 60.0, connect: float | None = WAIT) -> AsyncGenerator[SharedClient]:
    async with SharedClient(plain(), httpx2.Timeout(None, connect=connect), keep) as made:
        yield made


async def posted(made: SharedClient, url: str, **headers: str) -> bytes:
    async with asyncio.timeout(WAIT):
        response = await made.posted(httpx2.URL(url), b"{}", headers)
        return await response.aread()


async def failure(url: str, kind: type[ProviderError] = ProviderConnectionError) -> ProviderError:
    with pytest.raises(kind) as raised:
        await asyncio.wait_for(asked(provider_at(url, retries=ONCE)), WAIT)
    return raised.value


async def test_the_shared_clients_have_connections_of_their_own_unless_there_is_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    own = new_client("http")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    proxied = new_client("http")
    assert (isinstance(own, SharedClient), isinstance(proxied, SharedClient)) == (True, False)
    await own.aclose()
    await proxied.aclose()


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await text(provider_at("http://model.test/lines")) == "hello"
        assert proxy.paths == ["http://model.test/lines"]


# --- what one network read brings


async def test_pieces_that_came_together_are_handed_over_together() -> None:
    sent = b"".join(chunked(b"one\n") for _ in range(100))
    async with Server([head() + sent + END]) as server, client() as made:
        response = await made.posted(httpx2.URL(server.url), b"{}", {})
        assert [piece async for piece in response.aiter_raw()] == [b"one\n" * 100]


async def test_what_came_ahead_of_rubbish_is_handed_over_first() -> None:
    async with Server([head() + chunked(b"one\n") + b"rubbish\r\n"]) as server, client() as made:
        response = await made.posted(httpx2.URL(server.url), b"{}", {})
        seen: list[bytes] = []

        async def read() -> None:
            async for piece in response.aiter_raw():
                seen.append(piece)

        with pytest.raises(httpx2.RemoteProtocolError):
            await read()
        assert seen == [b"one\n"]
        await response.aclose()
        await server.all_closed()


async def test_rubbish_alone_is_an_error_of_the_server() -> None:
    async with Server([head(), b"rubbish\r\n"]) as server:
        assert "RemoteProtocolError" in str(await failure(server.url))


async def test_a_server_whose_answer_nobody_reads_has_to_wait() -> None:
    async with Server([head(), flood]) as server, client() as made:
        response = await made.posted(httpx2.URL(server.url), b"{}", {})
        size = 0
        async for piece in response.aiter_raw():
            size += len(piece)
            await asyncio.sleep(0)
            assert len(piece) < WAITING + 262_144
            if size > 20 * WAITING:
                break
        await response.aclose()
        await server.all_closed()


# --- answers


async def test_what_a_server_says_ahead_of_its_answer_is_passed_over() -> None:
    async with Server([b"HTTP/1.1 103 Early Hints\r\nlink: </style>\r\n\r\n", *OK]) as server:
        assert await text(provider_at(server.url)) == "hello"


async def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    old = b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nhello\n.\n"
    async with Server([old, close]) as server, client() as made:
        assert await posted(made, server.url) == b"hello\n.\n"
        assert await posted(made, server.url) == b"hello\n.\n"
        assert server.connections == 2


async def test_a_server_that_closes_without_an_answer_is_a_connection_error() -> None:
    async with Server([close]) as server:
        assert "without an answer" in str(await failure(server.url))


async def resets(connection: Connection) -> None:
    """Close as a machine does that knows nothing of the connection."""
    sock = connection.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.writer.transport.abort()
    await close(connection)


@pytest.mark.parametrize("ahead", [[], [head(), chunked(b"one\n")]], ids=["the head", "the end"])
async def test_a_reset_is_a_connection_error(ahead: list[Step]) -> None:
    async with Server([*ahead, resets]) as server:
        assert "ReadError" in str(await failure(server.url))


async def test_a_header_that_http_does_not_allow_is_not_sent() -> None:
    async with Server(OK) as server, client() as made:
        with pytest.raises(httpx2.LocalProtocolError):
            await posted(made, server.url, told="one\r\ntwo: three")
        assert server.asked == []


async def test_an_answer_knows_its_request() -> None:
    async with Server(OK) as server, client() as made:
        response = await made.posted(httpx2.URL(server.url), b"{}", {})
        assert (str(response.request.url), response.http_version, response.reason_phrase) == (
            server.url,
            "HTTP/1.1",
            "Told",
        )
        await response.aclose()


# --- keeping


async def test_a_connection_is_used_again_until_its_time_is_up() -> None:
    for keep, connections in ((60.0, 1), (-1.0, 3)):
        async with Server(OK) as server, client(keep) as made:
            for _ in range(3):
                await posted(made, server.url)
            assert server.connections == connections


async def test_a_connection_on_which_the_server_spoke_unasked_is_not_used_again() -> None:
    go = asyncio.Event()
    async with Server([*OK, waits(go), b"HTTP/1.1 408 Bye\r\n\r\n", close], OK) as server, client() as made:
        await posted(made, server.url)
        go.set()
        await server.all_closed()  # the event loop has not read it yet, but it is there
        assert await posted(made, server.url)
        assert server.connections == 2


async def test_a_good_bye_that_the_event_loop_has_seen_is_known_too() -> None:
    go = asyncio.Event()
    async with Server([*OK, waits(go), close], OK) as server, client() as made:
        await posted(made, server.url)
        go.set()
        await server.all_closed()
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert await posted(made, server.url)
        assert server.connections == 2


async def test_a_connection_with_more_on_it_than_the_answer_is_not_used_again() -> None:
    both = b"".join(step for step in OK if isinstance(step, bytes))
    async with Server([both + both], OK) as server, client() as made:
        assert await posted(made, server.url)
        assert await posted(made, server.url)
        assert server.connections == 2


async def test_a_connection_whose_answer_was_left_is_closed() -> None:
    async with Server([head(), chunked(b"one\n"), stall]) as server, client() as made:
        response = await made.posted(httpx2.URL(server.url), b"{}", {})
        async for piece in response.aiter_raw():
            assert piece == b"one\n"
            break
        await response.aclose()
        await server.all_closed()


async def test_closing_the_client_closes_what_is_under_way() -> None:
    async with Server([head(), chunked(b"one\n"), stall]) as server:
        async with client() as made:
            response = await made.posted(httpx2.URL(server.url), b"{}", {})
        await server.all_closed()
        await response.aclose()


async def test_a_connection_takes_one_request_at_a_time() -> None:
    async with Server([stall]) as server:
        url = httpcore2.URL(server.url)
        connection = Straight(url.origin, plain(), 60.0)
        request = httpcore2.Request("POST", url, headers={"host": "x", "content-length": "2"}, content=b"{}")
        first = asyncio.create_task(connection.handle_async_request(request))
        await server.until(lambda: bool(server.asked))
        with pytest.raises(httpcore2.ConnectionNotAvailable):
            await connection.handle_async_request(request)
        assert (connection.info(), connection.has_expired()) == (f"'{url.origin}', HTTP/1.1, active", False)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert connection.is_closed()
        await server.all_closed()


async def test_what_is_no_error_of_http_is_raised_as_it_is() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        raise ZeroDivisionError

    async with Server(OK) as server, httpx2.AsyncClient(transport=Transport(plain(), 60.0)) as made:
        with pytest.raises(ZeroDivisionError):
            await made.post(server.url, content=body(), headers={"content-length": "2"})


class Broken:
    """A body that is broken in a way that nobody knows."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"one\n"
        raise ZeroDivisionError


async def test_nor_is_it_within_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answered(self: Any, request: httpcore2.Request) -> httpcore2.Response:
        return httpcore2.Response(200, content=Broken())

    monkeypatch.setattr(httpcore2.AsyncConnectionPool, "handle_async_request", answered)
    async with client() as made:
        with pytest.raises(ZeroDivisionError):
            await posted(made, "http://model.test")


# --- connecting


class Secure(Server):
    """Speaks TLS."""

    async def __aenter__(self) -> Self:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(PEM)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"https://localhost:{self._server.sockets[0].getsockname()[1]}"
        return self


async def over_tls() -> list[str]:
    async with Secure(OK) as server:
        provider = provider_at(server.url)
        said = [await text(provider) for _ in range(2)]
        assert server.connections == 1
        return said


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


@pytest.mark.parametrize("loop", LOOPS)
def test_https_is_spoken_and_its_connections_are_kept(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    monkeypatch.setattr(pool, "_tls", pool._Tls())
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(asyncio.wait_for(over_tls(), WAIT)) == ["hello"] * 2


async def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_tls", pool._Tls())
    async with Secure(OK) as server:
        assert "CERTIFICATE_VERIFY_FAILED" in str(await failure(server.url))
        assert server.asked == []


async def test_a_server_that_never_shakes_hands_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CONNECT_SECONDS", 0.05)
    async with Server([stall]) as server:
        error = await failure(server.url.replace("http:", "https:"), ProviderTimeoutError)
    assert "no connection within 0.05 s" in str(error)


async def test_the_first_address_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "NEXT_SECONDS", 0.01)
    async with Server(OK) as server:
        port = int(server.url.rpartition(":")[2])
        for places in (
            [("127.0.0.1", 1), ("127.0.0.1", port)],  # the first refuses
            [("192.0.2.1", 9), ("127.0.0.1", port)],  # the first leads nowhere, or says so
            [("127.0.0.1", port), ("127.0.0.1", 1)],
        ):
            with Known(monkeypatch, places):
                sock = await asyncio.wait_for(reached("model.test", port), WAIT)
            assert sock.getpeername() == ("127.0.0.1", port)
            sock.close()


class Gate:
    """In place of connecting: waits to be opened, and keeps the sockets; the second address refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, refuses: bool) -> None:
        self.sockets: list[socket.socket] = []
        self.opened = asyncio.Event()
        self.refused = asyncio.Event()
        self._refuses = refuses
        self._more = asyncio.Event()
        monkeypatch.setattr(addresses, "NEXT_SECONDS", 0.0)
        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", self.connect)

    async def connect(self, sock: socket.socket, place: object) -> None:
        self.sockets.append(sock)
        self._more.set()
        if self._refuses and len(self.sockets) == 2:
            self.refused.set()
            raise ConnectionRefusedError
        await self.opened.wait()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(WAIT):
            while len(self.sockets) < count:
                self._more.clear()
                await self._more.wait()


async def test_of_two_that_answer_at_once_one_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, refuses=False)
    with Known(monkeypatch, [("127.0.0.1", 1), ("127.0.0.1", 2)]):
        racing = asyncio.create_task(reached("model.test", 1))
        await gate.until(2)
        gate.opened.set()
        won = await asyncio.wait_for(racing, WAIT)
    assert [sock.fileno() == -1 for sock in gate.sockets] == [sock is not won for sock in gate.sockets]
    won.close()


async def test_a_slow_address_is_waited_for_if_the_others_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, refuses=True)
    with Known(monkeypatch, [("127.0.0.1", 1), ("127.0.0.1", 2)]):
        racing = asyncio.create_task(reached("model.test", 1))
        await asyncio.wait_for(gate.refused.wait(), WAIT)
        await asyncio.sleep(0.01)
        gate.opened.set()
        won = await asyncio.wait_for(racing, WAIT)
    assert won is gate.sockets[0]
    won.close()


async def test_if_no_address_answers_the_first_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Known(monkeypatch, [("127.0.0.1", 1), ("127.0.0.1", 2)]),
        pytest.raises(ConnectionRefusedError, match="1"),
    ):
        await asyncio.wait_for(reached("model.test", 1), WAIT)


async def test_a_race_that_is_cancelled_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, before = Gate(monkeypatch, refuses=False), asyncio.all_tasks()
    with Known(monkeypatch, [("127.0.0.1", 1), ("127.0.0.1", 2)]):
        racing = asyncio.create_task(reached("model.test", 1))
        await gate.until(2)
        racing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await racing
    assert (asyncio.all_tasks(), [sock.fileno() for sock in gate.sockets]) == (before, [-1, -1])


def test_families_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    given: list[Any] = [(six, ("a",)), (six, ("b",)), (six, ("c",)), (four, ("d",)), (four, ("e",))]
    assert [place for _, (place,) in ordered(given)] == ["a", "d", "b", "e", "c"]


class Known:
    """A name that has these addresses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, places: list[tuple[str, int]]) -> None:
        self._context = monkeypatch.context()
        self._places = places

    def __enter__(self) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in self._places]

        async def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
            return found

        patch = self._context.__enter__()
        patch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._context.__exit__(kind, error, traceback)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_is_not_looked_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        raise AssertionError("that takes a thread, and is for names")

    try:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), host, 0)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with server:
        (await reached(host, port)).close()
