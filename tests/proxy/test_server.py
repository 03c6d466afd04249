"""What the proxy's server lets in, what it relays, and what it tells of what went wrong (C05)."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.behaviour.asking import failed
from tests.behaviour.dialects import DIALECTS
from tests.behaviour.server import FaultServer, whole
from tests.behaviour.wire import KEY
from tests.faults.script import in_loop, other_tasks, settled
from tests.proxy.serving import ONCE, TOKEN, WAIT, serving, serving_alone, through_proxy
from voxagent.agent import Agent
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ContentFilterError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderConnectionError,
    ProviderError,
    ProviderNotFoundError,
    ProviderTimeoutError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers import (
    ErrorChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    ModelRequest,
    RetryChunk,
    StreamChunk,
    TextDeltaChunk,
)
from voxagent.providers.proxy.server import proxy_app
from voxagent.security import SecretRegistry
from voxagent.testing import ScriptedProvider, text
from voxagent.types import Attempt, Message
from voxagent.types.config import OutputSpec, ToolSpec
from voxagent.types.native import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch

INNER = "http://models.internal:8443/v1"
SECRET = "sk-live-0123456789abcdefABCDEF"
END = MessageEndChunk("stop")


class Odd:
    """A provider that streams what it is given: chunks, exceptions to raise, functions to await."""

    name = "odd"
    model = "odd-1"

    def __init__(self, *given: Any, refuses: Exception | None = None) -> None:
        self._given = given
        self._refuses = refuses
        self.requests: list[ModelRequest] = []

    def check_key(self) -> None:
        if isinstance(self._refuses, ConfigError):
            raise self._refuses

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        return "no files here" if isinstance(tool, FileSearch) else ""

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        self.requests.append(request)
        if self._refuses is not None:
            raise self._refuses
        yield self._chunks()

    async def _chunks(self) -> AsyncGenerator[Any]:
        for each in self._given:
            if isinstance(each, Exception):
                raise each
            if callable(each):
                await each()
                continue
            yield each


def app_for(provider: Any, **options: Any) -> Any:
    return proxy_app({"m": provider}, **{"tokens": [TOKEN], "secrets": named(SECRET), **options})


def ask(app: Any, model: str = "m", request: Mapping[str, Any] | None = None, **options: Any) -> Any:
    """Chunks, without those that say who answers, and the error that a client sees."""

    async def main(url: str) -> tuple[list[Any], Exception | None]:
        chunks: list[Any] = []
        asked = ModelRequest(model, **{"messages": [Message("user", "go")], **(request or {})})
        try:
            async with asyncio.timeout(WAIT), through_proxy(url, model, **options).open(asked) as answer:
                async for chunk in answer:
                    chunks += [] if isinstance(chunk, MessageStartChunk) else [chunk]
        except ProviderError as error:
            return chunks, error
        finally:
            await settled(lambda: other_tasks() == set())
        return chunks, None

    with serving(app) as url:
        return in_loop("run", lambda: main(url))


def error_of(app: Any, **options: Any) -> ProviderError:
    _, error = ask(app, **options)
    assert isinstance(error, ProviderError)
    return error


def post(
    url: str, body: bytes, path: str = "/v1/stream", method: str = "POST", **headers: str
) -> tuple[int, Any]:
    """Status and body of an answer to a request that is made by hand."""
    given = {"authorization": f"Bearer {TOKEN}", **headers}
    host, _, place = url.removeprefix("http://").partition("/")
    with closing(HTTPConnection(host, timeout=WAIT)) as asking:
        asking.request(method, f"/{place}{path}", body, given)
        with asking.getresponse() as response:
            said = response.read()
            return response.status, json.loads(said) if said.startswith(b"{") else said


@contextmanager
def connected(url: str, size: int) -> Iterator[socket.socket]:
    """A connection on which a request has begun, whose body shall have some size."""
    host, _, place = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=WAIT) as connection:
        head = f"POST /{place}/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}content-length: {size}\r\n\r\n".encode())
        yield connection


# --- how it is made ---


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        (),
        "",
        TOKEN,
        [""],
        ["                "],
        ["short"],
        [TOKEN, ""],
        ["a token with blanks"],
        ["é" * 20],
    ],
)
def test_it_is_not_made_without_good_tokens_and_shows_none(tokens: Any) -> None:
    with pytest.raises(ConfigError, match="token_urlsafe") as caught:
        proxy_app(["offline:demo"], tokens=tokens)
    assert [
        token for token in tokens if len(token) > 4 and token.strip() and token in str(caught.value)
    ] == []


@pytest.mark.parametrize("models", [[], {}, "offline:demo"])
def test_it_is_not_made_without_a_list_of_models(models: Any) -> None:
    with pytest.raises(ConfigError, match=r"models="):
        proxy_app(models, tokens=[TOKEN])


def test_a_model_of_an_unknown_provider_is_refused_when_it_is_made() -> None:
    with pytest.raises(ProviderNotFoundError, match="offline"):
        proxy_app(["offlin:demo"], tokens=[TOKEN])


# --- who is let in, and to what ---


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer é",
    ],
)
def test_nobody_is_let_in_without_a_token(shown: str) -> None:
    provider = Odd(TextDeltaChunk("hi"), END)
    with serving(app_for(provider)) as url:
        status, said = post(url, b"{}", authorization=shown)
    assert (status, said["error"]["kind"], provider.requests) == (401, "authentication", [])
    assert TOKEN not in str(said)


def test_a_wrong_token_is_an_authentication_error_to_the_client() -> None:
    error = error_of(app_for(Odd(END)), api_key="another-token-of-somebody")
    assert type(error) is AuthenticationError
    assert (error.status, error.retryable) == (401, False)


def test_every_token_is_let_in_until_the_app_is_made_anew() -> None:
    app = proxy_app({"m": Odd(TextDeltaChunk("hi"), END)}, tokens=[TOKEN, "the-token-of-another"])
    for token in (TOKEN, "the-token-of-another"):
        assert ask(app, api_key=token) == ([TextDeltaChunk("hi"), END], None)


def test_only_the_models_that_are_allowed_are_asked() -> None:
    app = proxy_app(["offline:demo"], tokens=[TOKEN])
    chunks, error = ask(app, "offline:demo")
    assert error is None
    assert isinstance(chunks[-1], MessageEndChunk)
    for model in ("offline:other", "openai:gpt-5", "OFFLINE:DEMO", ""):
        error = error_of(app, model=model)
        assert type(error) is ModelNotFoundError
        assert "these are: offline:demo" in str(error)


def test_a_name_stands_for_a_model_or_a_provider() -> None:
    scripted = ScriptedProvider(text("yes"), text("again"))
    app = proxy_app({"small": "offline:demo", "large": scripted}, tokens=[TOKEN])
    with serving(app) as url:
        agent = Agent(through_proxy(url, "large"))
        assert [agent.run_sync("Is it?").output for _ in range(2)] == ["yes", "again"]
        result = Agent(through_proxy(url, "small")).run_sync("Is it?")
    assert (result.ok, result.provider) == (True, "offline")
    assert scripted.requests[0].model == "scripted"


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_nothing_but_a_post_is_answered(method: str) -> None:
    with serving(app_for(Odd(END))) as url:
        assert post(url, b"", method=method)[0] == 405
        assert post(url, b"{}", "/v1/other")[0] == 404


def _with_tool(kind: str, **options: Any) -> bytes:
    tools = [{"kind": kind, "options": options}]
    return json.dumps({"model": "m", "messages": [], "native_tools": tools}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"model": "m"}',
        b'{"model": "m", "messages": "go"}',
        b'{"model": "m", "messages": [{"role": "nobody", "content": "go"}]}',
        b'{"model": "m", "messages": [], "settings": {"temperature": "warm"}}',
        b'{"model": "m", "messages": [{"role": "user", "content": ' + b"[" * 100_000 + b"}]}",
        _with_tool("web_search", max_uses=0),
        _with_tool("teleport"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_with_where_it_is_wrong(body: bytes) -> None:
    provider = Odd(END)
    with serving(app_for(provider, trusted=True)) as url:
        status, said = post(url, body)
    assert (status, said["error"]["kind"], provider.requests) == (400, "bad_request", [])
    assert len(said["error"]["message"]) < 1000


def test_a_request_that_is_too_large_is_refused() -> None:
    provider = Odd(END)
    with serving(app_for(provider, max_body=1000)) as url:
        for size in (1001, 7_000):
            status, said = post(url, b'{"model": "' + b"m" * size)
            assert (status, said["error"]["message"]) == (413, "the request is larger than 1,000 bytes")
    error = error_of(app_for(provider, max_body=1000), request={"system": "x" * 2000})
    assert (type(error), error.status) == (BadRequestError, 413)
    assert provider.requests == []


@pytest.mark.slow
def test_a_request_without_end_is_not_read_for_ever() -> None:
    provider = Odd(END)
    with (
        serving(app_for(provider, max_body=1000)) as url,
        pytest.raises(OSError, match=r"reset|closed|pipe|Broken"),
    ):
        _flood(url)
    assert provider.requests == []


def _flood(url: str) -> None:
    """Send without end what is refused long since."""
    with connected(url, 1_000_000_000) as connection:
        for _ in range(1_000_000):
            connection.sendall(b"x" * 10_000)


def test_a_client_that_leaves_within_its_request_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    provider = Odd(TextDeltaChunk("hi"), END)
    with serving(app_for(provider)) as url:
        with connected(url, 100) as connection:
            connection.sendall(b"{")
        assert Agent(through_proxy(url, "m")).run_sync("go").output == "hi"
    assert provider.requests[0].messages == [Message("user", "go")]
    assert caplog.records == []


NATIVE: list[ProviderTool] = [
    WebSearch(allowed_domains=["example.org"], user_location=UserLocation(city="Oslo")),
    CodeExecution(file_ids=["file_1"]),
    NativeTool("image_generation", {"size": "1x1"}),
]


def dumped(tools: Sequence[ProviderTool]) -> list[Any]:
    return [each.model_dump() for each in tools]


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        ({"settings": {"extra_body": {"model": "the-dearest"}}}, "extra_body"),
        ({"native_tools": NATIVE[:1]}, "native tools"),
    ],
)
def test_what_reaches_beyond_the_model_is_for_trusted_clients(request_: Any, what: str) -> None:
    provider = Odd(END)
    error = error_of(app_for(provider), request=request_)
    assert type(error) is PermissionDeniedError
    assert what in str(error)
    assert provider.requests == []
    assert ask(app_for(provider, trusted=True), request=request_) == ([END], None)
    [seen] = provider.requests
    assert dict(seen.settings) == request_.get("settings", {})
    assert dumped(seen.native_tools) == dumped(request_.get("native_tools", []))


def test_headers_for_one_request_go_to_the_proxy_and_no_further() -> None:
    provider = Odd(END)
    settings = {"extra_headers": {"x-team": "blue"}, "temperature": 0.5}
    assert ask(app_for(provider), request={"settings": settings})[1] is None
    assert provider.requests[0].settings == {"temperature": 0.5}
    body = {"model": "m", "messages": [], "settings": {"extra_headers": {"authorization": "Bearer mine"}}}
    with serving(app_for(provider, trusted=True)) as url:
        status, said = post(url, json.dumps(body).encode())
    assert (status, said["error"]["kind"]) == (403, "permission")


def test_everything_that_is_asked_reaches_the_provider() -> None:
    provider = Odd(END)
    spec = ToolSpec(
        "add", "Add.", {"type": "object", "properties": {"a": {"type": "integer", "default": None}}}
    )
    asked = {
        "messages": [Message("user", "half \ud83d", metadata={"own": object()}), Message("assistant", "so")],
        "system": "Be brief.",
        "tools": [spec, ToolSpec("ping", "", {"type": "object"}, strict=True)],
        "output": OutputSpec("answer", {"type": "object", "properties": {"x": {"const": None}}}),
        "settings": {"temperature": 0.1, "stop": ["."], "thinking": "high", "tool_choice": "add"},
        "native_tools": NATIVE,
        "deadline": time.monotonic() + 100,
    }
    assert ask(app_for(provider, trusted=True), request=asked) == ([END], None)
    [seen] = provider.requests
    assert seen.messages == [Message("user", "half \ufffd"), Message("assistant", "so")]
    assert dumped(seen.native_tools) == dumped(NATIVE)
    for name in ("system", "tools", "output", "settings"):
        assert getattr(seen, name) == asked[name]
    assert seen.deadline is not None
    assert 90 < seen.deadline - time.monotonic() < 100


def test_a_client_leaves_it_to_the_server_which_native_tools_there_are() -> None:
    provider = Odd(TextDeltaChunk("found"), END)
    with serving(app_for(provider, trusted=True)) as url:
        agent = Agent(through_proxy(url, "m"), native_tools=NATIVE[:1])
        assert agent.run_sync("go").output == "found"
    assert dumped(provider.requests[0].native_tools) == dumped(NATIVE[:1])


def test_a_tool_that_the_provider_does_not_run_is_a_refused_request() -> None:
    error = error_of(app_for(Odd(END), trusted=True), request={"native_tools": [FileSearch(["vs_1"])]})
    assert type(error) is BadRequestError
    assert "no files here" in str(error)


# --- what is told of what went wrong ---

LEAKS = (SECRET, INNER, "models.internal", "10.1.2.3", "8443", "OPENAI_API_KEY", "org-Acme", KEY, TOKEN)
SAID = f"{INNER} at 10.1.2.3:8443 of org-Acme refuses {SECRET}, see OPENAI_API_KEY"
ODD: dict[str, tuple[Any, type[ProviderError]]] = {
    "an exception of no kind": (RuntimeError(SAID), ServerError),
    "a timeout of its own": (TimeoutError(SAID), ServerError),
    "an error of a run": (KeyError(SAID), ServerError),
    "a connection": (OverloadedError(SAID, status=529), OverloadedError),
    "a plain error": (ProviderError(SAID), ProviderError),
    "a chunk": (ErrorChunk(SAID), ProviderError),
    "a chunk with an error": (ErrorChunk(OverloadedError(SAID)), OverloadedError),
    "a chunk with an exception": (ErrorChunk(ValueError(SAID)), ServerError),
    "something that is no chunk": ("no chunk", ServerError),
}


def told(error: ProviderError) -> str:
    return f"{error} {error!r} {error.__dict__} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize("what", ODD)
def test_an_error_says_nothing_of_the_servers_side_and_has_an_id_that_the_log_has(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    given, kind = ODD[what]
    provider = Odd(TextDeltaChunk("half"), given)
    chunks, error = ask(app_for(provider))
    assert chunks == [TextDeltaChunk("half")]
    assert type(error) is kind
    assert error.received == "half"
    assert [leak for leak in LEAKS if leak in told(error)] == []
    [record] = [each for each in caplog.records if each.name == "voxagent"]
    id = record.getMessage().partition(":")[0]
    assert id.startswith("proxy-")
    assert id in str(error)
    assert [leak for leak in (SECRET, TOKEN) if leak in caplog.text] == []


def test_an_exception_of_the_server_is_not_retried_by_the_client() -> None:
    provider = Odd(RuntimeError("a bug"))
    with serving(app_for(provider)) as url:
        error = failed(Agent(through_proxy(url, "m", retries=None)))
    assert (error.retryable, len(provider.requests)) == (False, 1)


def test_a_key_that_the_server_lacks_is_the_servers_business(caplog: pytest.LogCaptureFixture) -> None:
    refuses = ConfigError("odd needs a key: set the environment variable OPENAI_API_KEY")
    error = error_of(app_for(Odd(refuses=refuses)))
    assert type(error) is ServerError
    assert (error.status, error.retryable) == (500, False)
    assert "OPENAI_API_KEY" not in told(error)
    assert error.request_id is not None
    assert error.request_id in caplog.text
    assert "OPENAI_API_KEY" in caplog.text


class Unset(Odd):
    """Finds out about its request only when it is asked."""

    def check_key(self) -> None:
        pass


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError(f"top_p must be a number; {SAID[:-20]}", status=400),
        ContentFilterError(f"this prompt is filtered; {SAID[:-20]}"),
        ConfigError(f"an AudioBlock cannot be sent; {SAID[:-20]}"),
    ],
)
def test_why_the_request_itself_was_refused_is_told_without_secrets_and_addresses(error: Exception) -> None:
    seen = error_of(app_for(Unset(refuses=error), secrets=named(SECRET, "org-Acme", "models.internal")))
    assert type(seen) is (type(error) if isinstance(error, ProviderError) else BadRequestError)
    assert str(error).split(";")[0].split(" (")[0].removeprefix("odd:") in str(seen)
    assert [leak for leak in LEAKS if leak in told(seen)] == []


def named(*values: str) -> SecretRegistry:
    registry = SecretRegistry()
    for number, value in enumerate(values):
        registry.register_value(f"own {number}", value)
    return registry


def test_a_long_reason_is_cut() -> None:
    seen = error_of(app_for(Unset(refuses=BadRequestError("long " * 1000))))
    assert len(str(seen)) < 600


def test_keys_in_the_environment_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_VENDOR_API_KEY", "correct horse battery staple")
    seen = error_of(app_for(Unset(refuses=BadRequestError("no: correct horse battery staple"))))
    assert "horse" not in told(seen)
    assert "no: [REDACTED]" in str(seen)


@pytest.mark.parametrize("dialect", DIALECTS[:3], ids=lambda dialect: dialect.name)
def test_no_answer_of_a_service_that_quotes_its_key_brings_it_to_a_client(
    dialect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    said = f"bad header: Authorization: Bearer {KEY}, {SECRET}"
    bodies = [{"error": {"message": said}}, {"error": said}, said.encode(), f"<p>{said}".encode()]
    answers = [(status, body) for status in (400, 401, 403, 404, 413, 429, 500, 503) for body in bodies]
    with FaultServer(*[whole(*each) for each in answers]) as server:
        leaks = [KEY, SECRET, server.url, server.url.removeprefix("http://"), "127.0.0.1"]
        with serving(app_for(dialect.provider(server.url, ONCE), secrets=None)) as url:
            for status, _ in answers:
                error = failed(Agent(through_proxy(url, "m")))
                assert [leak for leak in leaks if leak in told(error)] == []
                assert error.status == status
    assert [leak for leak in (KEY, SECRET) if leak in caplog.text] == []


def test_nothing_listening_upstream_is_a_connection_error_without_the_address() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    provider = DIALECTS[0].provider(f"http://127.0.0.1:{port}", ONCE)
    error = error_of(app_for(provider))
    assert (error.kind, error.retryable) == ("connection", True)
    assert [leak for leak in (str(port), "127.0.0.1") if leak in told(error)] == []


def test_failed_tries_and_the_finish_are_told_without_secrets() -> None:
    attempt = Attempt("a", "b", "overloaded", f"a:b: {SAID}", 0.5)
    provider = Odd(
        RetryChunk(SAID, 1, 0.5),
        FailoverChunk("a:b", "c:d", "overloaded", attempt),
        FailoverChunk("c:d", "e:f", "a new kind"),
        TextDeltaChunk("hi"),
        MessageEndChunk("stop", None, {"note": f"see {INNER}", "none": None, "count": 1}),
    )
    chunks, error = ask(app_for(provider))
    assert error is None
    assert chunks == [
        RetryChunk("the model's service failed, and is asked again", 1, 0.5),
        FailoverChunk(
            "a:b",
            "c:d",
            "overloaded",
            Attempt("a", "b", "overloaded", "the model's service has too much to do", 0.5),
        ),
        FailoverChunk("c:d", "e:f", "a new kind"),
        TextDeltaChunk("hi"),
        MessageEndChunk("stop", None, {"note": "see [REDACTED]", "none": None, "count": 1}),
    ]


def test_silence_is_bridged_by_comments_and_nothing_else_is() -> None:
    async def silence() -> None:
        await asyncio.sleep(0.15)

    provider = Odd(TextDeltaChunk("one"), silence, TextDeltaChunk("two"), END)
    with serving(app_for(provider, heartbeat=0.02)) as url:
        status, said = post(url, b'{"model": "m", "messages": []}')
    head, *beats, two, _, end = [event for event in said.decode().split("\n\n") if '"start"' not in event][
        :-1
    ]
    assert (status, "one" in head, "two" in two, end) == (200, True, True, 'data: {"type":"end"}')
    assert len(beats) >= 2
    assert set(beats) == {": the model is busy"}


def test_a_stream_without_its_end_mark_is_truncated() -> None:
    error = error_of(app_for(Odd(TextDeltaChunk("half"))))
    assert type(error) is StreamTruncatedError
    assert (error.received, error.provider, error.model) == ("half", "odd", "odd-1")


def test_an_answer_takes_no_longer_than_the_server_allows() -> None:
    provider = Odd(TextDeltaChunk("half"), asyncio.Event().wait)
    begun = time.monotonic()
    error = error_of(app_for(provider, max_seconds=0.2))
    assert type(error) is ProviderTimeoutError
    assert (error.retryable, error.received) == (False, "half")
    assert time.monotonic() - begun < 5


@pytest.mark.slow
def test_a_server_that_stops_closes_the_upstream_and_its_answers_are_cut() -> None:
    begun, closed = threading.Event(), threading.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            closed.set()

    with ThreadPoolExecutor(1) as pool:
        with serving_alone(app_for(Odd(TextDeltaChunk("half"), wait))) as url:
            run = pool.submit(Agent(through_proxy(url, "m")).run_sync, "go")
            assert begun.wait(WAIT)
        assert closed.is_set()
        error = run.result(WAIT).error
    assert isinstance(error, ProviderConnectionError)
    assert error.received == "half"
