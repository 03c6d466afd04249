"""A client of a vendor's SDK as the way to its service: real ones, against servers on loopback. `R-A11`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

from tests.behaviour.anthropic_dialect import AnthropicDialect
from tests.behaviour.openai_dialects import ChatDialect as ChatBytes
from tests.behaviour.openai_dialects import ResponsesDialect as ResponsesBytes
from tests.behaviour.server import Answer, FaultServer, reset, stall, streamed, whole
from tests.behaviour.wire import Text
from tests.wires.anthropic.frames import chunk, exception
from voxagent import AbortController, Agent
from voxagent.errors import (
    AuthenticationError,
    ConfigError,
    ProviderConnectionError,
    ProviderError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers import AnthropicProvider, OpenAIChatProvider, OpenAIProvider
from voxagent.providers.http.retries import Retries
from voxagent.streaming import TextDeltaEvent

KEY = "sk-live-Zk4Vq8Wm2Lx6Rt9Yp3Bn7Hd5"
ONCE = Retries(attempts=1)
HELLO = Text(("hel", "lo"))
MESSAGES = streamed(*AnthropicDialect().events(HELLO).all)
CHAT = streamed(*ChatBytes().events(HELLO).all)
RESPONSES = streamed(*ResponsesBytes().events(HELLO).all)
EVENTS = [json.loads(each.partition(b"data: ")[2]) for each in AnthropicDialect().events(HELLO).all]
FRAMES: Answer = streamed(b"".join(map(chunk, EVENTS)), content_type="application/vnd.amazon.eventstream")
VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def needs(package: str) -> Any:
    return pytest.importorskip(package, reason=f"{package} is not installed")


async def answered(provider: Any) -> str:
    result = await Agent(provider).run("hello")
    return result.output


async def failed(provider: Any) -> BaseException:
    result = await Agent(provider).run("hello")
    assert result.error is not None
    return result.error


# --- each client finds its way ---------------------------------------------------------------------------


async def test_openai_is_asked_through_its_client_with_our_bytes() -> None:
    with FaultServer(RESPONSES, CHAT, CHAT) as server:
        base = f"{server.url}/v1"
        async with openai.AsyncOpenAI(
            api_key=KEY, base_url=base, default_headers={"x-team": "blue"}
        ) as client:
            three = [
                OpenAIProvider("gpt-5", client=client, api="responses", headers={"x-more": "1"}),
                OpenAIChatProvider("gpt-5", client=client),
                OpenAIProvider("gpt-5", client=client),
            ]
            assert [await answered(each) for each in three] == ["hello"] * 3
    assert [asked.path for asked in server.asked] == ["/v1/responses", *["/v1/chat/completions"] * 2]
    first = server.asked[0]
    sent = {name: first.headers[name] for name in ("authorization", "x-team", "x-more", "accept-encoding")}
    assert sent == {
        "authorization": f"Bearer {KEY}",
        "x-team": "blue",
        "x-more": "1",
        "accept-encoding": "identity",
    }
    assert first.headers["user-agent"].startswith("AsyncOpenAI/")
    assert (first.body["store"], first.body["stream"]) == (False, True)


def azure(url: str, **more: Any) -> openai.AsyncAzureOpenAI:
    if "azure_ad_token_provider" not in more:
        more["api_key"] = KEY
    return openai.AsyncAzureOpenAI(azure_endpoint=url, api_version="2026-06-01", **more)


AZURE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {}, "/openai/responses"),
    ({}, {"api": "chat"}, "/openai/deployments/our-gpt/chat/completions"),
    ({"azure_deployment": "one"}, {}, "/openai/deployments/one/chat/completions"),
    ({"azure_deployment": "one"}, {"api": "responses"}, "/openai/responses"),
]


@pytest.mark.parametrize(("client", "provider", "path"), AZURE)
async def test_azure_routes_by_its_client(client: Any, provider: Any, path: str) -> None:
    with FaultServer(RESPONSES if path.endswith("/responses") else CHAT) as server:
        async with azure(server.url, **client) as made:
            assert await answered(OpenAIProvider("our-gpt", client=made, **provider)) == "hello"
    (asked,) = server.asked
    assert asked.path == f"{path}?api-version=2026-06-01"
    assert (asked.headers["api-key"], asked.body["model"]) == (KEY, "our-gpt")


async def test_azure_is_let_in_by_a_token_that_is_asked_for_each_time() -> None:
    tokens = iter(["first-token", "second-token"])

    async def token() -> str:
        return next(tokens)

    with FaultServer(CHAT) as server:
        async with azure(server.url, azure_ad_token_provider=token) as client:
            provider = OpenAIChatProvider("our-gpt", client=client)
            assert [await answered(provider) for _ in range(2)] == ["hello"] * 2
    assert [asked.headers["authorization"] for asked in server.asked] == [
        "Bearer first-token",
        "Bearer second-token",
    ]


CLAUDE: list[tuple[str, str, Callable[[str], Any], str, str, str]] = [
    (
        "plain",
        "",
        lambda url: anthropic.AsyncAnthropic(api_key=KEY, base_url=url),
        "/v1/messages",
        "authorization",
        f"Bearer {KEY}",
    ),
    (
        "vertex",
        "google.auth",
        lambda url: anthropic.AsyncAnthropicVertex(
            region="europe-west1", project_id="p", access_token=KEY, base_url=url
        ),
        "/projects/p/locations/europe-west1/publishers/anthropic/models/claude-haiku-4-5:streamRawPredict",
        "authorization",
        f"Bearer {KEY}",
    ),
    (
        "foundry",
        "",
        lambda url: anthropic.AsyncAnthropicFoundry(api_key=KEY, base_url=url),
        "/v1/messages",
        "x-api-key",
        KEY,
    ),
    (
        "mantle",
        "botocore",
        lambda url: anthropic.AsyncAnthropicBedrockMantle(api_key=KEY, aws_region="us-east-1", base_url=url),
        "/v1/messages",
        "authorization",
        f"Bearer {KEY}",
    ),
]


@pytest.mark.parametrize(
    ("name", "package", "make", "path", "header", "value"), CLAUDE, ids=[each[0] for each in CLAUDE]
)
async def test_anthropic_is_asked_through_each_of_its_clients(
    name: str, package: str, make: Callable[[str], Any], path: str, header: str, value: str
) -> None:
    if package:
        needs(package)
    with FaultServer(MESSAGES) as server:
        async with make(server.url) as client:
            assert await answered(AnthropicProvider("claude-haiku-4-5", client=client)) == "hello"
    (asked,) = server.asked
    assert (asked.path, asked.headers[header]) == (path, value)
    assert asked.body["messages"][0]["content"][0]["text"] == "hello"
    if name == "vertex":
        assert ("model" in asked.body, asked.body["anthropic_version"]) == (False, "2026-10-21")


def bedrock(url: str, **more: Any) -> Any:
    needs("boto3")
    keys = {"aws_access_key": "AKIAXXXXXXXXXXXXXXXX", "aws_secret_key": "wJalrXUtnFEMI/K7MDENG", **more}
    return anthropic.AsyncAnthropicBedrock(aws_region="us-east-1", base_url=url, **keys)


async def test_bedrock_is_signed_by_its_client_and_its_frames_are_read() -> None:
    with FaultServer(FRAMES) as server:
        async with bedrock(server.url) as client:
            model = "anthropic.claude-haiku-4-5-20251001-v1:0"
            assert await answered(AnthropicProvider(model, client=client)) == "hello"
    (asked,) = server.asked
    assert asked.path == f"/model/{model}/invoke-with-response-stream"
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAXXXXXXXXXXXXXXXX/")
    assert (set(asked.body) & {"model", "stream"}, asked.body["anthropic_version"]) == (set(), "2026-10-21")


async def test_an_exception_in_bedrock_frames_is_a_typed_error_behind_what_came() -> None:
    said = b"".join(map(chunk, EVENTS[:5])) + exception("throttlingException", "slow down")
    answer = streamed(said, content_type="application/vnd.amazon.eventstream")
    with FaultServer(answer) as server:
        async with bedrock(server.url) as client:
            error = await failed(AnthropicProvider("claude-haiku-4-5", client=client, retries=ONCE))
    assert isinstance(error, RateLimitError)
    assert error.received
    assert "hello".startswith(error.received)


async def test_middleware_of_a_client_sees_the_body() -> None:
    seen: list[Any] = []

    async def watch(request: Any, call_next: Any) -> Any:
        seen.append(request.options.json_data["model"])
        return await call_next(request)

    with FaultServer(MESSAGES) as server:
        async with anthropic.AsyncAnthropic(api_key=KEY, base_url=server.url, middleware=[watch]) as client:
            assert await answered(AnthropicProvider("claude-haiku-4-5", client=client)) == "hello"
    assert seen == ["claude-haiku-4-5"]


async def test_the_transport_of_the_client_is_used_old_httpx_too() -> None:
    def told(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"".join(ChatBytes().events(HELLO).all))

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("cut")

    for transport, expected in ((told, "hello"), (broken, "the connection failed: ReadError: cut")):
        async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as below:
            client: Any = openai.AsyncOpenAI(api_key=KEY, base_url="http://h.test", http_client=below)  # type: ignore[arg-type]  # taken, though the types do not say so
            result = await Agent(OpenAIProvider("m", client=client, retries=ONCE)).run("hello")
            assert expected in (result.output if result.ok else str(result.error))


# --- what goes wrong ---------------------------------------------------------------------------------------


@asynccontextmanager
async def providers(url: str, **more: Any) -> AsyncIterator[list[Any]]:
    """A provider over each SDK, whose clients are closed behind it."""
    async with (
        openai.AsyncOpenAI(api_key=KEY, base_url=url, **more) as first,
        anthropic.AsyncAnthropic(api_key=KEY, base_url=url, **more) as second,
    ):
        yield [
            OpenAIProvider("m", client=first, retries=ONCE),
            AnthropicProvider("m", client=second, retries=ONCE),
        ]


@asynccontextmanager
async def claude(url: str) -> AsyncIterator[AnthropicProvider]:
    """A provider over the client of one of them."""
    async with anthropic.AsyncAnthropic(auth_token=KEY, base_url=url) as client:
        yield AnthropicProvider("m", client=client, retries=ONCE)


def chained(error: BaseException | None) -> str:
    """What an error and all that caused it say."""
    said = ""
    while error is not None:
        said += f"{error!r} {error} "
        error = error.__cause__ or error.__context__
    return said


async def test_a_refusal_is_typed_and_never_quotes_the_key() -> None:
    body = {"type": "error", "error": {"type": "authentication_error", "message": f"wrong key {KEY}"}}
    with FaultServer(whole(401, body, request_id="req_7")) as server:
        async with providers(server.url) as both:
            for provider in both:
                error = await failed(provider)
                assert isinstance(error, AuthenticationError)
                assert error.status == 401
                assert "wrong key" in str(error)
                assert KEY not in chained(error)
    assert len(server.asked) == 2


async def test_retries_are_ours_and_those_of_the_client_are_off() -> None:
    busy = whole(500, {"error": {"message": "no", "type": "api_error"}})
    with FaultServer(busy) as server:
        async with providers(server.url, max_retries=5) as both:
            for provider in both:
                assert isinstance(await failed(provider), ServerError)
        assert len(server.asked) == 2
        async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url) as client:
            await failed(OpenAIProvider("m", client=client, retries=Retries(3, base=0.001)))
        assert len(server.asked) == 5


async def test_a_rate_limit_tells_how_long() -> None:
    with FaultServer(whole(429, {"error": {"message": "slow"}}, retry_after="3600")) as server:
        async with providers(server.url) as both:
            for provider in both:
                error = await failed(provider)
                assert isinstance(error, RateLimitError)
                assert error.retry_after == 3600


async def test_a_connection_that_fails_is_typed() -> None:
    with FaultServer(MESSAGES) as server:
        gone = server.url
    async with providers(gone) as both:
        for provider in both:
            error = await failed(provider)
            assert isinstance(error, ProviderConnectionError)
            assert "the connection failed: ConnectError" in str(error)


async def test_a_stream_that_breaks_is_typed_and_keeps_what_came() -> None:
    events = AnthropicDialect().events(HELLO).open
    for end, kind in (([reset], ProviderConnectionError), ([], StreamTruncatedError)):
        with FaultServer(streamed(*events, *end)) as server:
            async with claude(server.url) as provider:
                error = await failed(provider)
            assert isinstance(error, kind)
            assert error.received == "hello"


async def test_an_error_in_the_stream_does_not_quote_the_key() -> None:
    told = {"type": "error", "error": {"type": "api_error", "message": f"seen {KEY}"}}
    with FaultServer(streamed(f"data: {json.dumps(told)}\n\n".encode())) as server:
        async with claude(server.url) as provider:
            error = await failed(provider)
    assert isinstance(error, ServerError)
    assert "seen" in str(error)
    assert KEY not in chained(error)


async def test_an_abort_closes_the_response() -> None:
    half = streamed(*AnthropicDialect().events(HELLO).open, stall, open=True)
    with FaultServer(half) as server:
        async with claude(server.url) as provider:
            abort = AbortController()
            async with Agent(provider).run_stream("hello", abort_signal=abort.signal) as stream:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        abort.abort("enough")
                result = await stream.result()
            assert result.aborted
            assert await asyncio.to_thread(server.is_left, 5.0)


async def test_our_timeouts_hold_and_not_those_of_the_client() -> None:
    with FaultServer([stall]) as server:
        async with providers(server.url, timeout=0.01) as (provider, _):
            result = await Agent(provider, settings={"timeout": 0.5}).run("hello")
        assert isinstance(result.error, ProviderError)
        assert "0.5 s" in str(result.error)


# --- what cannot be --------------------------------------------------------------------------------------


async def test_a_client_without_what_it_needs_is_an_error_of_the_program() -> None:
    async with anthropic.AsyncAnthropic(base_url="http://127.0.0.1:9") as client:
        error = await failed(AnthropicProvider("m", client=client))
    assert isinstance(error, ConfigError)
    assert "the client that was handed in cannot send" in str(error)
    assert "auth" in str(error)


async def test_a_client_that_is_not_let_in_is_an_authentication_error() -> None:
    class NoLogin(Exception):
        """What a library for credentials raises."""

    async def token() -> str:
        raise NoLogin("log in first")

    with FaultServer(CHAT) as server:
        async with azure(server.url, azure_ad_token_provider=token) as client:
            error = await failed(OpenAIProvider("m", client=client))
    assert isinstance(error, AuthenticationError)
    assert "NoLogin: log in first" in str(error)
    assert server.asked == []


@pytest.mark.parametrize("key", ["orange\ntree-house", "orange\x00tree"])
async def test_a_key_that_no_header_can_carry_is_not_shown(key: str) -> None:
    with FaultServer(CHAT) as server:
        async with (
            openai.AsyncOpenAI(api_key=key, base_url=server.url) as first,
            anthropic.AsyncAnthropic(api_key=key, base_url=server.url) as second,
        ):
            for provider in (OpenAIProvider("m", client=first), AnthropicProvider("m", client=second)):
                error = await failed(provider)
                assert isinstance(error, ConfigError)
                assert "orange" not in chained(error)
            letters = openai.AsyncOpenAI(api_key="orange-h\u0105t", base_url=server.url)
            async with letters:
                assert "orange" not in chained(await failed(OpenAIProvider("m", client=letters)))
    assert server.asked == []


async def test_a_watched_client_is_what_it_was_for_everything_else() -> None:
    busy = whole(500, {"error": {"message": "no", "type": "api_error"}})
    with FaultServer(busy) as server:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url, max_retries=0) as client:
            for _ in range(2):
                assert isinstance(await failed(OpenAIProvider("m", client=client, retries=ONCE)), ServerError)
            with pytest.raises(openai.InternalServerError, match="no"):
                await client.chat.completions.create(model="m", messages=[])


async def test_a_timeout_below_the_client_is_a_timeout() -> None:
    def slow(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("too slow")

    below = httpx2.AsyncClient(transport=httpx2.MockTransport(slow))
    async with openai.AsyncOpenAI(api_key=KEY, base_url="http://h.test", http_client=below) as client:
        error = await failed(OpenAIProvider("m", client=client, retries=ONCE))
    assert isinstance(error, ProviderError)
    assert (error.kind, "ConnectTimeout: too slow" in str(error)) == ("timeout", True)


async def test_a_response_that_was_closed_unread_tells_its_status() -> None:
    async def close(response: httpx2.Response) -> None:
        await response.aclose()

    with FaultServer(whole(401, {"error": {"message": "no"}})) as server:
        below = httpx2.AsyncClient(event_hooks={"response": [close]})
        async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url, http_client=below) as client:
            error = await failed(OpenAIProvider("m", client=client, retries=ONCE))
    assert isinstance(error, AuthenticationError)
    assert error.status == 401


@pytest.mark.parametrize("more", [{"api_key": "k"}, {"base_url": "http://h"}])
def test_a_client_has_its_own_key_and_address(more: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="hand in the client alone"):
        OpenAIProvider("m", client=openai.AsyncOpenAI(api_key=KEY), **more)
    with pytest.raises(ConfigError, match="hand in the client alone"):
        AnthropicProvider("m", client=anthropic.AsyncAnthropic(api_key=KEY), **more)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: OpenAIProvider(client=openai.OpenAI(api_key=KEY)), "openai.AsyncOpenAI"),
        (lambda: OpenAIProvider(client=anthropic.AsyncAnthropic(api_key=KEY)), "openai.AsyncOpenAI"),
        (lambda: AnthropicProvider(client=anthropic.Anthropic(api_key=KEY)), "anthropic.AsyncAnthropic"),
        (lambda: AnthropicProvider(client=openai.AsyncOpenAI(api_key=KEY)), "anthropic.AsyncAnthropic"),
    ],
)
def test_a_client_of_the_wrong_kind_is_refused_with_the_right_one(make: Any, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted) as caught:
        make()
    assert KEY not in str(caught.value)


def test_a_client_of_another_loop_is_refused_with_the_remedy() -> None:
    def told(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b"".join(ChatBytes().events(HELLO).all))

    below = httpx2.AsyncClient(transport=httpx2.MockTransport(told))
    client = openai.AsyncOpenAI(api_key=KEY, base_url="http://h.test", http_client=below)
    provider = OpenAIProvider("m", client=client)
    assert asyncio.run(answered(provider)) == "hello"
    error = asyncio.run(failed(provider))
    assert isinstance(error, ConfigError)
    assert "client=lambda: openai.AsyncOpenAI(...)" in str(error)


def test_a_function_makes_a_client_for_each_loop_and_they_are_closed() -> None:
    made: list[Any] = []
    with FaultServer(MESSAGES) as server:

        def client() -> Any:
            made.append(anthropic.AsyncAnthropic(api_key=KEY, base_url=server.url))
            return made[-1]

        provider = AnthropicProvider("m", client=client)
        assert [asyncio.run(answered(provider)) for _ in range(2)] == ["hello"] * 2
    assert [each.is_closed() for each in made] == [True, True]


async def test_a_function_for_clients_may_make_plain_ones_which_need_a_key() -> None:
    error = await failed(AnthropicProvider("m", client=httpx2.AsyncClient))
    assert isinstance(error, ConfigError)
    assert "ANTHROPIC_API_KEY" in str(error)
    beside = AnthropicProvider("m", "a-key", client=lambda: anthropic.AsyncAnthropic(api_key=KEY))
    assert "hand in the client alone" in str(await failed(beside))


def test_a_provider_over_a_client_shows_where_it_asks_and_no_key() -> None:
    provider = AnthropicProvider("m", client=anthropic.AsyncAnthropic(api_key=KEY, base_url="http://h/x"))
    assert repr(provider) == "AnthropicProvider(name='anthropic', model='m', url='http://h/x/v1/messages')"
