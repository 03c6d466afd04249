"""Connections are shared, kept, few and small, and close with the loop they belong to."""

import asyncio
import gc
import ssl
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
import uvloop

from tests.http.server import Server, waits
from tests.http.wires import OK, WAIT, LineWire, asked, lines, provider_at, request, text
from voxagent.errors import ProviderConnectionError
from voxagent.providers.http import pool
from voxagent.providers.http.pool import FULL, Pool, loop_clients, new_client, tls_context


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that certificates are loaded in this process, which begins anew here."""
    times: list[str] = []
    create = httpx2.create_ssl_context

    def counted(*arguments: Any, **options: Any) -> ssl.SSLContext:
        times.append("loaded")
        return create(*arguments, **options)

    monkeypatch.setattr(httpx2, "create_ssl_context", counted)
    monkeypatch.setattr(pool, "_tls", pool._Tls())
    return times


async def closed(*clients: httpx2.AsyncClient) -> None:
    for client in clients:
        await client.aclose()


async def test_there_is_one_tls_context_in_a_process_whoever_asks_first(loaded: list[str]) -> None:
    ready = threading.Barrier(8, timeout=WAIT)

    def together() -> ssl.SSLContext:
        ready.wait()
        return tls_context()

    with ThreadPoolExecutor(8) as threads:
        contexts = {future.result(WAIT) for future in [threads.submit(together) for _ in range(8)]}
    await closed(*[new_client("https") for _ in range(3)])
    assert (loaded, contexts) == (["loaded"], {tls_context()})


async def test_an_http_address_never_loads_certificates(loaded: list[str]) -> None:
    async with Server(OK) as server:
        assert await text(provider_at(server.url)) == "hello"
    assert loaded == []


async def test_an_https_address_loads_them_once_for_all_providers(loaded: list[str]) -> None:
    for _ in range(3):
        with pytest.raises(ProviderConnectionError, match="connection failed"):
            await asked(provider_at("https://127.0.0.1:1"))
    assert loaded == ["loaded"]


async def test_providers_of_a_loop_share_its_connections() -> None:
    async with Server(OK) as server:
        for _ in range(3):
            assert [await text(provider_at(server.url)) for _ in range(2)] == ["hello"] * 2
        assert (server.connections, len(server.asked)) == (1, 6)


async def test_a_client_takes_no_more_than_32_requests_at_a_time() -> None:
    shards = Pool("http")
    slots = [shards.take() for _ in range(2 * FULL + 1)]
    assert [len({id(slot) for slot in slots[:place]}) for place in (FULL, FULL + 1, 2 * FULL + 1)] == [
        1,
        2,
        3,
    ]
    await shards.give(slots[0])
    assert shards.take() is slots[0]
    assert shards.take() is slots[-1]
    await shards.aclose()
    assert all(slot.client.is_closed for slot in slots)


async def test_a_hundred_requests_at_once_use_four_clients_and_all_answer() -> None:
    go = asyncio.Event()
    answer = [*lines("hello")[:2], waits(go), *lines(".")[1:]]
    async with Server(answer) as server:
        provider = provider_at(server.url)
        running = [asyncio.create_task(text(provider)) for _ in range(100)]
        await server.until(lambda: len(server.asked) == 100)
        shards = (await loop_clients()).pool("http")
        assert sorted(slot.in_flight for slot in shards._slots) == [4, FULL, FULL, FULL]
        go.set()
        assert await asyncio.gather(*running) == ["hello"] * 100
        assert [slot.in_flight for slot in shards._slots] == [0] * 4


async def test_what_a_burst_left_idle_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shards = Pool("http")
    slots = [shards.take() for _ in range(3 * FULL)]
    for slot in slots:
        await shards.give(slot)
    monkeypatch.setattr(pool, "KEEPALIVE_SECONDS", -1.0)
    for _ in range(5):
        slot = shards.take()
        await shards.give(slot)
    assert [slot.client.is_closed for slot in (slots[0], slots[FULL], slots[-1])] == [True, True, False]
    assert shards.take() is slots[-1]
    await shards.aclose()


async def test_a_request_that_ends_after_its_pool_was_closed_does_no_harm() -> None:
    shards = Pool("http")
    slots = [shards.take() for _ in range(FULL + 1)]
    await shards.aclose()
    for slot in slots:
        await shards.give(slot)


async def test_each_loop_has_clients_of_its_own() -> None:
    ours = await loop_clients()
    others = await asyncio.to_thread(asyncio.run, loop_clients())
    assert others is not ours
    assert await loop_clients() is ours
    assert ours.pool("http") is ours.pool("http")
    assert ours.pool("http") is not ours.pool("https")


FACTORIES = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("loop", FACTORIES)
async def test_the_end_of_asyncio_run_closes_its_connections(loop: str) -> None:
    async with Server(OK) as server:
        provider = provider_at(server.url)
        loops: list[weakref.ref[Any]] = []

        async def main() -> int:
            loops.append(weakref.ref(asyncio.get_running_loop()))
            assert await text(provider) == "hello"
            return server.open_connections

        def in_a_loop() -> int:
            with asyncio.Runner(loop_factory=FACTORIES[loop]) as runner:
                return runner.run(main())

        assert [await asyncio.to_thread(in_a_loop) for _ in range(3)] == [1, 1, 1]
        await server.all_closed()
        gc.collect()
        assert server.connections == 3
        assert [found() for found in loops] == [None] * 3


async def test_a_loop_that_nobody_shut_down_is_forgotten_with_its_connections() -> None:
    async with Server(OK) as server:

        def carelessly() -> weakref.ref[Any]:
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(text(provider_at(server.url))) == "hello"
            loop.close()
            return weakref.ref(loop)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # that is the fault of who wrote `carelessly`
            careless = await asyncio.to_thread(carelessly)
            assert await asyncio.to_thread(asyncio.run, text(provider_at(server.url))) == "hello"
            gc.collect()
            assert careless() is None
        await server.all_closed()


async def test_what_fails_to_close_keeps_nothing_else_open(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def fails() -> None:
        raise OSError("stuck")

    async def ends() -> None:
        ended.append("ended")

    async def main() -> None:
        clients = await loop_clients()
        for close in (ends, fails, ends):
            clients.at_end(close)

    await asyncio.to_thread(asyncio.run, main())
    assert ended == ["ended", "ended"]
    assert [record.message for record in caplog.records] == ["closing connections failed"]


async def test_clients_made_after_a_loop_closed_its_own_are_new() -> None:
    async def main() -> bool:
        before = await loop_clients()
        await before._keeper.aclose()
        after = await loop_clients()
        return before is after

    assert not await asyncio.to_thread(asyncio.run, main())


async def test_a_request_left_in_the_middle_gives_its_place_back() -> None:
    go = asyncio.Event()
    async with Server([*lines("hello")[:2], waits(go)]) as server:
        provider = provider_at(server.url, wire=LineWire())
        async with asyncio.timeout(WAIT), provider.open(request()) as chunks:
            async for chunk in chunks:
                if getattr(chunk, "delta", ""):
                    break
        shards = (await loop_clients()).pool("http")
        assert [slot.in_flight for slot in shards._slots] == [0]
        go.set()
