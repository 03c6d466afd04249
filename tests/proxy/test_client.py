"""The client of a proxy: where it asks, what it sends, and how it reads what comes (C05)."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.behaviour.asking import said
from tests.behaviour.proxy_dialect import ProxyDialect, inside
from tests.behaviour.server import FaultServer, whole
from tests.behaviour.wire import KEY, ONCE, Call, Thinking, text
from tests.faults.script import through
from tests.types import values
from voxagent import Agent, errors, get_default_registry
from voxagent.errors import (
    ConfigError,
    FailoverError,
    MalformedAnswerError,
    OverloadedError,
    ProviderError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers import (
    BlockChunk,
    ErrorChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    ProxyProvider,
    RetryChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
    facts_of,
)
from voxagent.providers.chunks import StreamResetChunk
from voxagent.providers.proxy.asked import Asked
from voxagent.providers.proxy.decoder import AnswerDecoder
from voxagent.providers.proxy.events import TYPES, end_event, event_of, failed_event
from voxagent.providers.proxy.failures import KINDS, Failure
from voxagent.providers.proxy.wire import ProxyWire
from voxagent.types import Attempt, Message, ToolSpec

DIALECT = ProxyDialect()
URL, TOKEN = "VOXAGENT_PROXY_URL", "VOXAGENT_PROXY_TOKEN"


# --- where it asks ---


def test_a_proxy_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL, raising=False)
    with pytest.raises(ConfigError, match="set VOXAGENT_PROXY_URL, or pass base_url="):
        ProxyProvider("openai:gpt-5", KEY)


def test_a_proxy_without_a_token_is_refused_when_a_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    agent = Agent(ProxyProvider("openai:gpt-5", None, "http://127.0.0.1:9"))
    with pytest.raises(
        ConfigError, match="proxy needs a key: set the environment variable VOXAGENT_PROXY_TOKEN"
    ):
        agent.run_sync("go")


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_a_model_string_names_the_upstream_model(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(said(DIALECT, "hi")) as server:
        monkeypatch.setenv(URL, server.url + ending)
        monkeypatch.setenv(TOKEN, KEY)
        assert Agent("proxy:ollama:llama3.2:latest").run_sync("go").output == "hi"
    [asked] = server.asked
    assert (asked.path, asked.body["model"]) == ("/v1/stream", "ollama:llama3.2:latest")
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_the_token_is_not_shown() -> None:
    provider = ProxyProvider("openai:gpt-5", KEY, "http://127.0.0.1:9")
    assert KEY not in f"{provider!r} {provider}"


def test_facts_are_those_of_the_model_behind_it() -> None:
    def facts(model: str, **options: Any) -> ModelFacts:
        return facts_of(ProxyProvider(model, KEY, "http://127.0.0.1:9", **options), model)

    openai = get_default_registry().get_provider_class("openai")(model="gpt-5")
    assert facts("openai:gpt-5") == facts_of(openai, "gpt-5")
    assert facts("offline:demo") != ModelFacts()
    assert facts("nobody:knows") == facts("an alias") == ModelFacts()
    own = ModelFacts(context_window=7)
    assert facts("openai:gpt-5", facts=own) == own


def test_a_client_loads_no_server() -> None:
    code = """
        import sys
        from voxagent.providers import ProxyProvider
        ProxyProvider("openai:gpt-5", "a-token", "http://127.0.0.1:9")
        print([name for name in ("starlette", "uvicorn", "anthropic", "openai") if name in sys.modules])
    """
    lines = "\n".join(line.strip() for line in code.splitlines())
    ran = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, timeout=30, check=True
    )
    assert ran.stdout == "[]\n"


# --- what it sends ---


@given(st.lists(values.messages, max_size=3))
def test_every_message_arrives_as_it_was_but_for_what_is_the_programs_own(messages: list[Message]) -> None:
    body = ProxyWire().body(ModelRequest("m", messages))
    assert Asked.model_validate_json(body).messages == [
        Message(
            each.role,
            each.content,
            finish_reason=each.finish_reason,
            provider=each.provider,
            model=each.model,
        )
        for each in messages
    ]


def test_a_message_and_a_tool_are_serialised_once() -> None:
    wire = ProxyWire()
    messages = [Message("user", "one"), Message("assistant", "two")]
    tools = [ToolSpec("a", "A.", {"type": "object"}), ToolSpec("b", "B.", {"type": "object"})]
    first = wire.body(ModelRequest("m", messages, tools=tools))
    kept = [message.wire for message in messages]
    told = dict(wire._tools)
    again = wire.body(ModelRequest("m", messages, tools=tools))
    assert again == first
    assert all(message.wire is before for message, before in zip(messages, kept, strict=True))
    assert all(wire._tools[id(spec)] is told[id(spec)] for spec in tools)
    assert json.loads(wire.body(ModelRequest("m", messages, tools=tools[:1])))["tools"] == [
        {"name": "a", "description": "A.", "parameters": {"type": "object"}}
    ]
    assert len(wire._tools) == 1


# --- what it reads ---

chunks = st.one_of(
    st.builds(MessageStartChunk, values.text, values.text, values.maybe_text),
    st.builds(TextDeltaChunk, values.text),
    st.builds(ThinkingDeltaChunk, values.text),
    st.builds(ToolCallDeltaChunk, values.text, values.text, values.text),
    st.builds(ToolUseChunk, values.calls),
    st.builds(BlockChunk, values.blocks),
    st.builds(RetryChunk, values.text, values.counts, values.numbers),
    st.builds(
        FailoverChunk,
        values.text,
        values.text,
        values.text,
        st.none()
        | st.builds(Attempt, values.text, values.text, values.maybe_text, values.maybe_text, values.numbers),
    ),
    st.builds(StreamResetChunk, values.text),
)
finishes = st.builds(
    MessageEndChunk,
    st.none() | values.finish_reasons,
    st.none() | values.usages,
    st.none() | values.objects,
)


def read(data: Sequence[bytes]) -> tuple[list[Any], ProviderError | None]:
    """The chunks that a decoder gives, the way they are asked for, and what ends them."""
    decoder, out = AnswerDecoder(), list[Any]()
    try:
        for piece in data:
            batch = decoder.feed(piece)
            while batch:
                out += batch
                batch = decoder.feed(b"")
        out += decoder.end()
    except ProviderError as error:
        return out, error
    return out, None


@given(st.lists(chunks, max_size=4), finishes)
def test_every_chunk_arrives_as_it_was(given: list[Any], finish: MessageEndChunk) -> None:
    told = [event_of(each) for each in (*given, finish)]
    assert read([*told, end_event()]) == ([*given, finish], None)


def test_every_kind_of_chunk_can_be_told() -> None:
    assert set(TYPES.values()) == set(get_args(StreamChunk)) - {ErrorChunk}


def known(kind: type[ProviderError]) -> list[type[ProviderError]]:
    own = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]  # no test's
    return [kind, *[found for each in own for found in known(each)]]


def test_every_kind_of_error_comes_back_as_what_it_was() -> None:
    assert {kind for kind in known(ProviderError) if kind not in KINDS.values()} == {FailoverError}
    for kind in KINDS.values():
        error = kind("as it was", provider="p", model="m", status=499, request_id="r", retry_after=1.5)
        error.retryable = not kind.retryable
        back = Failure.of(error, error.message).error()
        assert type(back) is kind
        assert (str(back), back.__dict__) == (str(error), error.__dict__)


def test_a_kind_that_is_not_known_yet_is_a_plain_error() -> None:
    _, error = read([inside("moonstruck", "the moon is full")])
    assert type(error) is ProviderError
    assert error.message == "the moon is full"


STREAMS = {
    "good": b"".join(DIALECT.events(Thinking(("é",)), text("漢", "b"), Call("add", ('{"a"', ":1}"))).all),
    "cut": b"".join(DIALECT.events(text("漢", "b")).open),
    "failed": b"".join(DIALECT.events(text("漢", "b")).open) + inside("overloaded", "too much"),
    "broken": b"".join(DIALECT.events(text("漢", "b")).open) + b"data: {nonsense}\n\n" + end_event(),
    "without a finish": b"".join(DIALECT.events(text("漢", "b")).open) + end_event(),
    "begun anew": event_of(TextDeltaChunk("no"))
    + event_of(StreamResetChunk("server"))
    + inside("server", "x"),
    "with something behind its end": b"".join(DIALECT.events(text("漢")).all) + event_of(TextDeltaChunk("x")),
}


@pytest.mark.parametrize("name", STREAMS)
def test_nothing_depends_on_where_the_bytes_are_cut(name: str) -> None:
    stream = STREAMS[name]
    whole, expected = read([stream])
    for position in range(1, len(stream)):
        got, error = read([stream[:position], stream[position:]])
        assert got == whole
        assert (type(error), getattr(error, "received", "")) == (
            type(expected),
            getattr(expected, "received", ""),
        )


@pytest.mark.parametrize(
    ("name", "kind", "received"),
    [
        ("cut", StreamTruncatedError, "漢b"),
        ("failed", OverloadedError, "漢b"),
        ("broken", MalformedAnswerError, "漢b"),
        ("without a finish", StreamTruncatedError, "漢b"),
        ("begun anew", ServerError, ""),
    ],
)
def test_an_answer_that_is_none_tells_what_it_was(
    name: str, kind: type[ProviderError], received: str
) -> None:
    _, error = read([STREAMS[name]])
    assert type(error) is kind
    assert error.received == received


def test_an_end_without_a_blank_line_behind_it_is_an_end() -> None:
    stream = STREAMS["good"].rstrip(b"\n")
    assert read([stream]) == read([STREAMS["good"]])
    for position in range(1, len(stream)):
        assert read([stream[:position]])[1] is not None
    failed = STREAMS["failed"].rstrip(b"\n")
    assert type(read([failed])[1]) is OverloadedError
    decoder = AnswerDecoder()
    decoder.feed(STREAMS["failed"])
    for ask in (decoder.end, lambda: decoder.feed(b""), decoder.end):
        with pytest.raises(OverloadedError):
            ask()


def test_an_error_as_data_is_the_event_of_a_failure() -> None:
    told = json.loads(failed_event(Failure("server", "x", retryable=True)).removeprefix(b"data: "))
    assert told == {
        "type": "error",
        "error": {"kind": "server", "message": "x", "retryable": True, "provider": "", "model": ""},
    }


@pytest.mark.parametrize("body", [b"", b":", b"dat", b"data: {", b": busy\n\n"])
def test_a_stream_that_ends_ahead_of_its_first_event_has_no_answer(body: bytes) -> None:
    assert isinstance(read([body])[1], (StreamTruncatedError, MalformedAnswerError))


def test_what_stands_between_may_answer_in_the_place_of_the_proxy() -> None:
    """A gateway's own page, and its own word on when to come again."""
    for status, body, kind in (
        (502, b"<html>Bad Gateway</html>", ServerError),
        (429, b"", RateLimitError),
        (503, {"error": "busy"}, OverloadedError),
    ):
        with FaultServer(whole(status, body, retry_after="0.25", x_request_id="gate-1")) as server:
            ran = through("run", Agent(DIALECT.provider(server.url, ONCE)))
        error = ran.result.error
        assert type(error) is kind
        assert (error.status, error.retry_after, error.request_id) == (status, 0.25, "gate-1")
