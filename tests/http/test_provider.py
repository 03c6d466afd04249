"""What all wires share: keys and headers, tries, limits, and the end of an answer."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.http.server import END, Server, chunked, close, flood, head, stall, whole
from tests.http.wires import OK, QUICK, WAIT, LineWire, asked, bearer, lines, provider_at, request, text
from voxagent import Agent
from voxagent.abort import AbortController
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    MalformedAnswerError,
    OverloadedError,
    ProviderConnectionError,
    ProviderError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers import MessageEndChunk, MessageStartChunk, ModelFacts, RetryChunk, TextDeltaChunk
from voxagent.providers.http import provider as shell
from voxagent.providers.http import refusals
from voxagent.providers.http.provider import Endpoint, WireProvider
from voxagent.providers.http.retries import Retries

END_CHUNK = MessageEndChunk("stop")
BUSY = whole(429, b"busy", retry_after="0.01")


async def sent_headers(options: Mapping[str, Any], **asking: Any) -> dict[str, list[str]]:
    async with Server(OK) as server:
        assert await text(provider_at(server.url, **options), **asking) == "hello"
        return server.asked[0]


# --- keys and headers


async def test_what_is_sent_with_every_request() -> None:
    sent = await sent_headers({"key": "sk-1"})
    wanted = {"content-type", "accept", "accept-encoding", "user-agent", "wire-version", "authorization"}
    assert {name: sent[name] for name in wanted} == {
        "content-type": ["application/json"],
        "accept": ["text/event-stream, application/json"],
        "accept-encoding": ["identity"],
        "user-agent": [shell.FIXED["user-agent"]],
        "wire-version": ["1"],
        "authorization": ["Bearer sk-1"],
    }


async def key_later() -> str:
    await asyncio.sleep(0)
    return "sk-later"


KEYS = {
    "text": "sk-later",
    "function": lambda: "sk-later",
    "async function": key_later,
    "with blanks": " sk-later\n",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
async def test_a_key_is_text_or_a_function_async_or_not(key: Any) -> None:
    assert (await sent_headers({"key": key}))["authorization"] == ["Bearer sk-later"]


async def test_a_function_is_asked_for_the_key_at_every_try() -> None:
    keys = iter(["sk-1", "sk-2"])
    async with Server(BUSY, OK) as server:
        assert await text(provider_at(server.url, key=lambda: next(keys))) == "hello"
        assert [sent["authorization"] for sent in server.asked] == [["Bearer sk-1"], ["Bearer sk-2"]]


async def test_the_environment_is_read_at_the_request_and_an_argument_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Server(OK) as server:
        provider = provider_at(server.url, variable="LINES_KEY")
        monkeypatch.setenv("LINES_KEY", "sk-env")
        await text(provider)
        await text(provider_at(server.url, variable="LINES_KEY", key="sk-arg"))
        monkeypatch.delenv("LINES_KEY")
        await text(provider)
        assert [sent.get("authorization") for sent in server.asked] == [
            ["Bearer sk-env"],
            ["Bearer sk-arg"],
            None,
        ]


def test_a_missing_key_is_an_error_of_the_program_ahead_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINES_KEY", raising=False)
    options: Any = {"variable": "LINES_KEY", "needs_key": True}
    provider = provider_at("http://127.0.0.1:1", **options)
    with pytest.raises(
        ConfigError, match="lines needs a key: set the environment variable LINES_KEY, or pass"
    ):
        provider.check_key()
    events: list[Any] = []
    agent = Agent(provider, observers=[events.append])
    with pytest.raises(ConfigError, match="LINES_KEY"):
        agent.run_sync("?")
    assert events == []
    provider_at("http://127.0.0.1:1", **options, key="sk").check_key()
    provider_at("http://127.0.0.1:1", **options, key=key_later).check_key()
    provider_at("http://127.0.0.1:1", **{**options, "needs_key": False}).check_key()
    monkeypatch.setenv("LINES_KEY", "sk-env")
    provider.check_key()


async def test_a_header_is_sent_once_and_the_request_wins_over_the_provider_over_us() -> None:
    headers = {"User-Agent": "mine", "X-One": "1", "AUTHORIZATION": "never"}
    extra = {"x-one": "2", "Wire-Version": "7", "Accept": "*/*"}
    sent = await sent_headers({"key": "sk", "headers": headers}, settings={"extra_headers": extra})
    assert {
        name: sent[name] for name in ("user-agent", "x-one", "wire-version", "accept", "authorization")
    } == {
        "user-agent": ["mine"],
        "x-one": ["2"],
        "wire-version": ["7"],
        "accept": ["*/*"],
        "authorization": ["Bearer sk"],
    }


async def test_extra_headers_may_carry_a_key_of_their_own() -> None:
    extra = {"Authorization": "Bearer other"}
    sent = await sent_headers({"key": "sk"}, settings={"extra_headers": extra})
    assert sent["authorization"] == ["Bearer other"]


@pytest.mark.parametrize("key", ["sk-secret\nx", "sk-s\u00e9cret", "sk-se\u2028cret", "sk-secret\x00"])
async def test_a_key_that_cannot_be_sent_is_an_error_that_does_not_show_it(key: str) -> None:
    provider = provider_at("http://127.0.0.1:1", key=key)
    with pytest.raises(ConfigError, match="the header 'authorization', or the key, has") as caught:
        await asked(provider)
    error: BaseException | None = caught.value
    while error is not None:
        assert "cret" not in str(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("headers", [{"x": "a\r\ny: b"}, {"x\r\ny": "b"}, {"\u00fc": "b"}])
async def test_a_header_cannot_bring_in_another(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="has a character in it that no header may have"):
        await asked(provider_at("http://127.0.0.1:1", headers=headers))


async def test_a_service_that_quotes_the_key_is_not_quoted() -> None:
    for key, told in (("sk-secret-1", "what is [key]?"), ("short", "what is short?")):
        async with Server(whole(401, f"what is {key}?".encode())) as server:
            with pytest.raises(AuthenticationError) as caught:
                await asked(provider_at(server.url, key=key))
        assert caught.value.message == told


def test_no_repr_shows_a_key() -> None:
    provider = provider_at("http://127.0.0.1:1", key="sk-secret", headers={"x-key": "hidden"})
    endpoint = Endpoint("http://h", bearer, key="sk-secret", headers={"x-key": "hidden"})
    shown = f"{provider!r} {endpoint!r} {Agent(provider)!r}"
    assert "secret" not in shown
    assert "hidden" not in shown
    assert repr(provider) == "WireProvider(name='lines', model='m', url='http://127.0.0.1:1')"


def test_facts_are_those_it_was_made_with() -> None:
    facts = ModelFacts(context_window=7)
    assert WireProvider("lines", "m", LineWire(), Endpoint("http://h", bearer), facts).facts("m") is facts


async def test_a_warning_is_logged_once_for_a_provider_and_model(caplog: pytest.LogCaptureFixture) -> None:
    wire = LineWire(told=["'seed' is left out (test 1)", "'stop' is left out (test 1)"])
    async with Server(OK) as server:
        for _ in range(3):
            assert await text(provider_at(server.url, wire=wire)) == "hello"
    assert [(record.levelno, record.message) for record in caplog.records if record.name == "voxagent"] == [
        (logging.WARNING, "lines:m: 'seed' is left out (test 1)"),
        (logging.WARNING, "lines:m: 'stop' is left out (test 1)"),
    ]


# --- an answer


async def test_an_answer_begins_with_its_request_id_and_comes_in_order() -> None:
    wire = LineWire()
    for name in ("x_request_id", "request_id"):
        async with Server([head(**{name: "r1"}), chunked(b"one\ntw"), chunked(b"o\n.\n"), END]) as server:
            assert await asked(provider_at(server.url, wire=wire)) == [
                MessageStartChunk(request_id="r1"),
                TextDeltaChunk("one"),
                TextDeltaChunk("two"),
                END_CHUNK,
            ]
    assert wire.seen == ["text/event-stream"] * 2


async def test_an_answer_may_end_with_its_body() -> None:
    async with Server([head(), chunked(b"one\n."), END]) as server:
        assert (await asked(provider_at(server.url)))[-1] == END_CHUNK


async def test_an_answer_without_its_end_mark_is_truncated_and_says_where() -> None:
    async with Server([head(request_id="r1"), chunked(b"one\n"), END]) as server:
        with pytest.raises(StreamTruncatedError) as caught:
            await asked(provider_at(server.url))
    assert (caught.value.status, caught.value.request_id) == (200, "r1")


async def test_an_error_in_the_stream_comes_after_what_came_ahead_of_it() -> None:
    async with Server(lines("one", "!")) as server, provider_at(server.url).open(request()) as answer:
        assert [await anext(answer), await anext(answer)] == [MessageStartChunk(), TextDeltaChunk("one")]
        with pytest.raises(MalformedAnswerError, match="the service says !"):
            await anext(answer)


async def test_an_error_of_the_decoder_that_has_a_status_keeps_it() -> None:
    class Strict(LineWire):
        def decoder(self, content_type: str) -> Any:
            class Refusing:
                def feed(self, data: bytes) -> Any:
                    raise OverloadedError("told in the stream", status=529, request_id="own")

            return Refusing()

    async with Server([head(request_id="r1"), chunked(b"x"), END]) as server:
        with pytest.raises(OverloadedError) as caught:
            await asked(provider_at(server.url, wire=Strict(), retries=Retries(attempts=1)))
    assert (caught.value.status, caught.value.request_id) == (529, "own")


async def test_an_answer_that_is_too_large_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "MAX_BYTES", 1_000_000)
    async with Server([head(), flood]) as server:
        with pytest.raises(MalformedAnswerError, match="the answer is larger than 1,000,000 bytes"):
            await asked(provider_at(server.url))
        await server.all_closed()


async def test_an_answer_of_just_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "MAX_BYTES", 8)
    async with Server(OK) as server:
        assert await text(provider_at(server.url)) == "hello"


async def test_the_limit_is_ten_million_bytes() -> None:
    assert shell.MAX_BYTES == 10_000_000


# --- after the end mark


async def test_what_follows_the_end_mark_is_read_so_that_the_connection_is_kept() -> None:
    async with Server([head(), chunked(b"one\n.\n"), chunked(b"rest\n"), END]) as server:
        provider = provider_at(server.url)
        assert [await text(provider) for _ in range(3)] == ["one"] * 3
        assert server.connections == 1


@pytest.mark.parametrize("after", [stall, flood, close], ids=["silence", "a flood", "a break"])
async def test_whatever_follows_the_end_mark_it_is_not_waited_for_long(after: Any) -> None:
    async with Server([head(), chunked(b"one\n.\n"), after]) as server:
        began = time.monotonic()
        assert await text(provider_at(server.url)) == "one"
        assert time.monotonic() - began < shell.LINGER_SECONDS + 2
        await server.all_closed()


async def test_a_run_that_is_cancelled_while_it_lingers_is_cancelled() -> None:
    lingering = asyncio.Event()

    async def begun(connection: Any) -> None:
        lingering.set()
        await stall(connection)

    async with Server([head(), chunked(b"one\n.\n"), begun]) as server:
        task = asyncio.create_task(asked(provider_at(server.url)))
        await asyncio.wait_for(lingering.wait(), WAIT)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, WAIT)


# --- tries


async def test_a_failed_try_is_told_and_the_next_one_answers() -> None:
    async with Server(BUSY, whole(500, b"broken", retry_after_ms="1"), OK) as server:
        chunks = await asked(provider_at(server.url))
    assert chunks == [
        RetryChunk("busy (status 429)", 1, 0.01),
        RetryChunk("broken (status 500)", 2, 0.001),
        MessageStartChunk(),
        TextDeltaChunk("hello"),
        END_CHUNK,
    ]


async def test_the_last_error_is_raised_once_there_are_no_tries_left() -> None:
    async with Server(BUSY) as server:
        with pytest.raises(RateLimitError) as caught:
            await asked(provider_at(server.url))
        assert (caught.value.status, caught.value.retry_after, len(server.asked)) == (429, 0.01, 3)


@pytest.mark.parametrize(("status", "kind"), {400: BadRequestError, 401: AuthenticationError}.items())
async def test_what_is_our_fault_is_not_tried_again(status: int, kind: type[ProviderError]) -> None:
    async with Server(whole(status, b"no")) as server:
        with pytest.raises(kind):
            await asked(provider_at(server.url))
        assert len(server.asked) == 1


async def test_a_connection_that_breaks_ahead_of_the_first_content_is_tried_again() -> None:
    async with Server([close], [head(), close], OK) as server:
        assert await text(provider_at(server.url)) == "hello"
        assert len(server.asked) == 3


async def test_nothing_is_tried_again_once_content_was_shown() -> None:
    async with Server([head(), chunked(b"one\n"), close], OK) as server:
        with pytest.raises(ProviderConnectionError):
            await asked(provider_at(server.url))
        assert len(server.asked) == 1


async def test_nobody_listening_is_a_connection_error() -> None:
    async with Server(OK) as server:
        url = server.url
    with pytest.raises(ProviderConnectionError, match="the connection failed: ConnectError"):
        await asked(provider_at(url))


async def test_an_address_that_is_none_is_an_error_too() -> None:
    with pytest.raises(ProviderError, match="the connection failed"):
        await asked(provider_at("ftp://h", retries=Retries(attempts=1)))


async def test_no_try_is_begun_that_the_deadline_would_end() -> None:
    async with Server(whole(429, b"busy", retry_after="30")) as server:
        began = time.monotonic()
        with pytest.raises(RateLimitError):
            await asked(provider_at(server.url), deadline=time.monotonic() + 20)
        assert (time.monotonic() - began < 5, len(server.asked)) == (True, 1)


async def test_an_abort_ends_the_sleep_between_tries() -> None:
    controller = AbortController()
    async with Server(whole(429, b"busy", retry_after="30")) as server:
        agent = Agent(provider_at(server.url))
        running = asyncio.create_task(agent.run("?", abort_signal=controller.signal))
        await server.until(lambda: len(server.asked) == 1)
        await asyncio.sleep(0.02)
        controller.abort("enough")
        result = await asyncio.wait_for(running, WAIT)
        assert (result.aborted, len(server.asked)) == (True, 1)


# --- bodies of errors


async def test_an_error_body_is_read_up_to_a_limit() -> None:
    async with Server([head(400, "text/plain"), flood]) as server:
        with pytest.raises(BadRequestError, match=f"{refusals.MAX_BYTES} bytes"):
            await asked(provider_at(server.url))


async def test_an_error_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "SECONDS", 0.05)
    async with Server([head(401), chunked(b"who are you?"), stall]) as server:
        with pytest.raises(AuthenticationError, match="who are you"):
            await asked(provider_at(server.url))


async def test_an_error_whose_body_breaks_is_still_that_error() -> None:
    async with Server([head(401), chunked(b"who are you?"), close]) as server:
        with pytest.raises(AuthenticationError, match="who are you"):
            await asked(provider_at(server.url))
        assert len(server.asked) == 1


async def test_a_redirect_is_not_followed() -> None:
    async with Server(whole(307, b"over there", location="http://127.0.0.1:1/")) as server:
        with pytest.raises(ProviderError, match="over there"):
            await asked(provider_at(server.url))
        assert len(server.asked) == 1


async def test_an_exception_of_the_wire_is_not_hidden() -> None:
    class Broken(LineWire):
        def decoder(self, content_type: str) -> Any:
            raise KeyError("a bug")

    async with Server(OK) as server:
        with pytest.raises(KeyError, match="a bug"):
            await asked(provider_at(server.url, wire=Broken()))


def test_ready_tries_are_three() -> None:
    assert Endpoint("http://h", bearer).retries == Retries(3, 0.5, 8.0, 60.0)
    assert QUICK.attempts == 3
    assert ServerError("x").retryable
