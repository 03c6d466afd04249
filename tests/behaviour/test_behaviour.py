"""How every provider behaves, through an agent, over real connections."""

import asyncio
import json
import time
from typing import Any

import pytest

from tests.behaviour.asking import Tools, ask, called, said
from tests.behaviour.dialects import every_dialect, every_door
from tests.behaviour.server import FaultServer, chunked, close, forever, pause, stall, streamed, whole
from tests.behaviour.wire import (
    ADDRESSED,
    KEY,
    OBJECTS,
    ONCE,
    UNCACHED,
    USAGE,
    Call,
    Dialect,
    Thinking,
    compact,
    keep_alive,
    text,
)
from tests.faults.script import bounded, in_loop, other_tasks, through
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import (
    ConfigError,
    ContentFilterError,
    EmptyAnswerError,
    ProviderError,
    ProviderTimeoutError,
    StreamTruncatedError,
    ToolRetryError,
)
from voxagent.streaming import RetryEvent, TextDeltaEvent, ThinkingDeltaEvent, ToolCallDeltaEvent
from voxagent.tools import tool
from voxagent.types import Message, ThinkingBlock, Usage

# --- what a good answer becomes ---


@every_dialect
@every_door
def test_a_streamed_answer_arrives_piece_by_piece_and_whole(dialect: Dialect, door: str) -> None:
    with FaultServer(said(dialect, "one ", "two ", "three")) as server:
        ran = ask(dialect, server, door)
    assert [event.delta for event in ran.of(TextDeltaEvent)] == ["one ", "two ", "three"]
    assert ran.result.output == "one two three"
    assert (ran.result.finish_reason, ran.result.truncated) == ("stop", False)
    assert len(server.asked) == 1


@every_dialect
def test_a_piece_is_told_before_the_next_one_is_sent(dialect: Dialect) -> None:
    events = dialect.events(text("one", "two"))
    with FaultServer(streamed(*events.open[:-1], stall)) as server:

        async def main() -> None:
            async with Agent(dialect.provider(server.url)).run_stream("go") as stream:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        assert event.delta == "one"
                        return

        in_loop("run_stream", main)


@every_dialect
def test_an_answer_that_comes_as_one_object_is_an_answer(dialect: Dialect) -> None:
    with FaultServer(whole(200, dialect.whole("one two"))) as server:
        ran = ask(dialect, server)
    assert ran.result.output == "one two"
    assert ran.result.usage.output_tokens == USAGE.output


@every_dialect
def test_thinking_is_told_apart_from_text(dialect: Dialect) -> None:
    events = dialect.events(Thinking(("let me ", "see")), text("four"))
    with FaultServer(streamed(*events.all)) as server:
        ran = ask(dialect, server)
    assert [event.delta for event in ran.of(ThinkingDeltaEvent)] == ["let me ", "see"]
    assert [block.text for block in ran.result.new_messages[-1].of(ThinkingBlock)] == ["let me see"]
    assert ran.result.output == "four"


@every_dialect
@every_door
def test_a_call_and_its_result_make_the_round_trip(dialect: Dialect, door: str) -> None:
    tools = Tools()
    first = called(dialect, Call("add", ('{"a', '": 1, ', '"b": 2}'), "c_1"))
    with FaultServer(first, said(dialect, "three")) as server:
        ran = ask(dialect, server, door, tools=tools.all)
    assert ran.result.output == "three"
    assert tools.calls == [(1, 2)]
    shown = "".join(event.delta for event in ran.of(ToolCallDeltaEvent))
    assert shown == ('{"a":1,"b":2}' if dialect.name in OBJECTS else '{"a": 1, "b": 2}')
    before, after = (asked.body for asked in server.asked)
    assert (dialect.calls_in(before), dialect.results_in(before)) == ([], [])
    [(id, name, arguments)] = dialect.calls_in(after)
    assert (id, name, json.loads(arguments)) == ("c_1", "add", {"a": 1, "b": 2})
    assert dialect.results_in(after) == [("c_1", "3")]
    assert server.connections == 1


@every_dialect
def test_text_ahead_of_calls_is_kept_with_them(dialect: Dialect) -> None:
    tools = Tools()
    first = streamed(*dialect.events(text("I will ", "add."), Call("add", ('{"a":1,"b":2}',))).all)
    with FaultServer(first, said(dialect, "three")) as server:
        ran = ask(dialect, server, tools=tools.all)
    assert ran.result.assistant_texts == ["I will add.", "three"]
    assert tools.calls == [(1, 2)]
    assert "I will add." in compact(server.asked[1].body)
    assert ran.result.output == "three"


@every_dialect
@every_door
def test_parallel_calls_run_together_and_are_answered_in_their_order(dialect: Dialect, door: str) -> None:
    all_here = [0]
    waiting: list[asyncio.Future[None]] = []

    async def meet(number: int) -> int:
        all_here[0] += 1
        if all_here[0] == 5:
            for future in waiting:
                future.set_result(None)
            return number
        waiting.append(asyncio.get_running_loop().create_future())
        await bounded(waiting[-1])
        return number

    calls = [Call("meet", ('{"numb', f'er": {number}}}'), f"c_{number}") for number in range(5)]
    with FaultServer(called(dialect, *calls), said(dialect, "done")) as server:
        ran = ask(dialect, server, door, tools=[tool(meet)])
    assert ran.result.output == "done"
    assert ran.told == ["0", "1", "2", "3", "4"]
    assert dialect.results_in(server.asked[1].body) == [(f"c_{number}", str(number)) for number in range(5)]


@every_dialect
def test_a_call_without_arguments_has_an_empty_object(dialect: Dialect) -> None:
    done: list[bool] = []

    async def ping() -> str:
        done.append(True)
        return "pong"

    with FaultServer(called(dialect, Call("ping", ())), said(dialect, "done")) as server:
        ran = ask(dialect, server, tools=[tool(ping)])
    assert ran.result.output == "done"
    assert done == [True]
    assert json.loads(dialect.calls_in(server.asked[1].body)[0][2]) == {}


@every_dialect
def test_usage_is_counted_once_for_every_request(dialect: Dialect) -> None:
    first = called(dialect, Call("add", ('{"a":1,"b":2}',)))
    with FaultServer(first, said(dialect, "three")) as server:
        ran = ask(dialect, server, tools=Tools().all)
    cached = 0 if dialect.name in UNCACHED else USAGE.cached
    each = Usage(requests=1, input_tokens=USAGE.input, output_tokens=USAGE.output, cache_read_tokens=cached)
    assert [attempt.usage for attempt in ran.result.attempts] == [each, each]
    assert ran.result.usage.input_tokens == 2 * USAGE.input
    assert ran.result.usage.requests == 2


@every_dialect
def test_the_model_that_answered_is_named(dialect: Dialect) -> None:
    with FaultServer(said(dialect, "hi")) as server:
        ran = ask(dialect, server)
    message = ran.result.new_messages[-1]
    assert (message.provider, message.model) == (dialect.provider_name, "m-1")


@every_dialect
def test_every_finish_reason_is_told_as_what_it_is(dialect: Dialect) -> None:
    for reason in dialect.reasons:
        parts = [Call("echo", ('{"text":"x"}',))] if reason == "tool_use" else [text("so")]
        first = streamed(*dialect.events(*parts, reason=reason).all)
        with FaultServer(first, said(dialect, "done")) as server:
            ran = ask(dialect, server, tools=Tools().all)
        answers = [message for message in ran.result.messages if message.role == "assistant"]
        assert answers[0].finish_reason == reason
        assert isinstance(ran.result.error, ContentFilterError) == (reason == "content_filter")
        assert ran.result.truncated == (reason == "length")


# --- characters ---

HARD = 'é 漢字 😀 👩‍👩‍👧 "quoted" \\ back \u2028 \x00 \x7f \t end'


@every_dialect
@pytest.mark.parametrize("ascii", [True, False], ids=["escaped", "raw"])
def test_every_character_comes_and_goes_as_it_is(dialect: Dialect, ascii: bool) -> None:
    """Emoji are two escapes in a row, `\\ud83d\\ude00`, where a service writes ASCII."""
    tools = Tools()
    first = dialect.events(Call("echo", (json.dumps({"text": HARD}, ensure_ascii=ascii),)), ascii=ascii)
    with FaultServer(streamed(*first.all), said(dialect, HARD, ascii=ascii)) as server:
        ran = ask(dialect, server, tools=tools.all, prompt=HARD)
    assert ran.result.output == HARD
    assert tools.calls == [HARD]
    assert json.dumps(HARD) in json.dumps(server.asked[0].body)
    assert dialect.results_in(server.asked[1].body) == [("call_1", HARD)]


@every_dialect
def test_half_a_character_becomes_a_mark_and_breaks_nothing(dialect: Dialect) -> None:
    events = dialect.events(text("a\ud83d", "\ude00b", "c\udc00"), ascii=True)
    with FaultServer(streamed(*events.all)) as server:
        ran = ask(dialect, server)
    output = ran.result.output
    output.encode()
    assert output[0] == "a"
    assert output[-2:] == "c\ufffd"
    assert ran.result.model_dump_json()


@every_dialect
def test_half_a_character_in_a_prompt_is_sent_as_a_mark(dialect: Dialect) -> None:
    with FaultServer(said(dialect, "hi")) as server:
        ran = ask(dialect, server, prompt="half \ud83d")
    assert ran.result.output == "hi"
    assert "half \ufffd" in str(server.asked[0].body)


@every_dialect
def test_bytes_may_be_split_anywhere(dialect: Dialect) -> None:
    """Fault 9: every position of a stream, so in the middle of characters, of CRLF and of JSON."""
    body = b"".join(dialect.events(text("é漢", "😀")).all)
    for ends in (b"\n", b"\r\n", b"\r"):
        sent = body.replace(b"\n", ends)
        positions = range(1, len(sent), 1 if ends == b"\n" else 13)
        answers = [streamed(sent[:position], sent[position:]) for position in positions]
        with FaultServer(*answers) as server:
            agent = Agent(dialect.provider(server.url, ONCE))

            async def main(agent: Agent[Any, Any] = agent, runs: int = len(answers)) -> set[str]:
                return {(await agent.run("go")).output for _ in range(runs)}

            assert in_loop("run", main) == {"é漢😀"}
            assert server.connections == 1


@every_dialect
def test_bytes_may_come_one_by_one(dialect: Dialect) -> None:
    """Fault 9."""
    tools = Tools()
    body = b"".join(dialect.events(text("é漢😀"), Call("echo", ('{"text":"é', '漢😀"}'))).all)
    with FaultServer(streamed(*[bytes([byte]) for byte in body]), said(dialect, "done")) as server:
        ran = ask(dialect, server, tools=tools.all)
    assert ran.result.assistant_texts == ["é漢😀", "done"]
    assert tools.calls == ["é漢😀"]


# --- answers that are none ---


@every_dialect
@every_door
def test_an_empty_answer_is_asked_for_once_more_and_is_an_error_then(dialect: Dialect, door: str) -> None:
    """Fault 25."""
    empty = streamed(*dialect.events().all)
    with FaultServer(empty) as server:
        ran = ask(dialect, server, door)
    assert isinstance(ran.result.error, EmptyAnswerError)
    assert len(server.asked) == 2
    with FaultServer(empty, said(dialect, "well")) as server:
        ran = ask(dialect, server, door)
    assert ran.result.output == "well"
    assert len(ran.of(RetryEvent)) == 1


@every_dialect
def test_an_empty_answer_to_tool_results_is_an_answer(dialect: Dialect) -> None:
    """Fault 25."""
    first = called(dialect, Call("add", ('{"a":1,"b":2}',)))
    with FaultServer(first, streamed(*dialect.events().all)) as server:
        ran = ask(dialect, server, tools=Tools().all)
    assert ran.result.output == ""
    assert len(server.asked) == 2


BROKEN = ['{"a": 1', "{'a': 1, 'b': 2}", "nonsense", "[1, 2]", "7", "null", '{"a": 1, "b": 2}}', '{"a": 1e']


@every_dialect
@pytest.mark.parametrize("written", BROKEN)
def test_broken_arguments_go_back_to_the_model_once(dialect: Dialect, written: str) -> None:
    """Fault 31."""
    tools = Tools()
    good = called(dialect, Call("add", ('{"a":1,"b":2}',), "c_2"))
    with FaultServer(called(dialect, Call("add", (written,), "c_1")), good, said(dialect, "three")) as server:
        ran = ask(dialect, server, tools=tools.all)
    assert ran.result.output == "three"
    assert tools.calls == [(1, 2)]
    assert [id for id, _ in dialect.results_in(server.asked[1].body)] == ["c_1"]
    assert [id for id, _, _ in dialect.calls_in(server.asked[2].body)] == ["c_1", "c_2"]


@every_dialect
@every_door
def test_broken_arguments_do_not_go_back_for_ever(dialect: Dialect, door: str) -> None:
    """Fault 32."""
    tools = Tools()
    with FaultServer(called(dialect, Call("add", ('{"a": ',)))) as server:
        ran = ask(dialect, server, door, tools=tools.all)
    assert isinstance(ran.result.error, ToolRetryError)
    assert tools.calls == []
    assert len(server.asked) == 2


@every_dialect
@every_door
def test_a_stream_that_ends_early_is_never_an_answer(dialect: Dialect, door: str) -> None:
    """Fault 4."""
    with FaultServer(streamed(*dialect.events(text("half ", "an ans")).open)) as server:
        ran = ask(dialect, server, door)
    failure = ran.result.error
    assert isinstance(failure, StreamTruncatedError)
    assert (failure.received, failure.provider, failure.retryable) == (
        "half an ans",
        dialect.provider_name,
        True,
    )
    assert ran.result.new_messages[-1].text == "half an ans"
    assert len(server.asked) == 1


@every_dialect
@pytest.mark.parametrize("pieces", [('{"a": 1, ', '"b'), ('{"a": 1, ', '"b": 2}')], ids=["inside", "valid"])
@pytest.mark.parametrize("ends", ["cleanly", "broken off"])
def test_a_call_of_a_stream_that_ends_early_is_not_executed(
    dialect: Dialect, pieces: tuple[str, ...], ends: str
) -> None:
    """Faults 5 and 6."""
    tools = Tools()
    events = dialect.events(text("so: "), Call("add", pieces))
    cut = streamed(*events.open, *([close] if ends == "broken off" else []))
    with FaultServer(cut) as server:
        ran = ask(dialect, server, tools=tools.all)
    failure = ran.result.error
    assert isinstance(failure, ProviderError)
    assert failure.kind == ("connection" if ends == "broken off" else "truncated")
    assert failure.received == "so: "
    assert tools.calls == []
    assert ran.result.tool_metas == []
    assert len(server.asked) == 1


# --- errors ---


@every_dialect
def test_every_error_of_the_service_has_its_kind(dialect: Dialect) -> None:
    for kind, (status, body) in dialect.errors.items():
        with FaultServer(whole(status, body, x_request_id="req_1")) as server:
            ran = ask(dialect, server, model={"retries": ONCE})
        failure = ran.result.error
        assert isinstance(failure, ProviderError)
        assert (failure.kind, failure.status, failure.request_id) == (kind, status, "req_1")
        assert (failure.provider, failure.model, failure.received) == (dialect.provider_name, "m", "")
        assert failure.retryable == (kind in ("rate_limit", "server", "overloaded"))
        assert ran.result.messages == [Message("user", "go")]


@every_dialect
@every_door
def test_an_error_inside_a_stream_has_its_kind_and_voids_the_answer(dialect: Dialect, door: str) -> None:
    """Fault 18."""
    for kind, event in dialect.inside.items():
        tools = Tools()
        events = dialect.events(text("half"), Call("add", ('{"a":1,"b":2}',)))
        with FaultServer(streamed(*events.open, event, *events.end)) as server:
            ran = ask(dialect, server, door, tools=tools.all)
        failure = ran.result.error
        assert isinstance(failure, ProviderError)
        assert (failure.kind, failure.provider, failure.received) == (kind, dialect.provider_name, "half")
        assert tools.calls == []
        assert len(server.asked) == 1


@every_dialect
def test_an_error_ahead_of_the_first_content_is_tried_again(dialect: Dialect) -> None:
    """Fault 18: nothing was shown yet."""
    events = dialect.events(text("x"))
    broken = streamed(events.open[0], dialect.inside["overloaded"])
    with FaultServer(broken, said(dialect, "well")) as server:
        ran = ask(dialect, server)
    assert ran.result.output == "well"
    assert len(ran.of(RetryEvent)) == 1


@every_dialect
@every_door
def test_the_key_is_seen_in_its_header_only(
    dialect: Dialect, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Fault 20."""
    for kind in ("bad_request", "authentication"):
        status, body = dialect.errors[kind]
        with FaultServer(whole(status, body)) as server:
            provider = dialect.provider(server.url)
            ran = through(door, Agent(provider))
        [asked] = server.asked
        assert [name for name, value in asked.headers.items() if KEY in value] == [dialect.auth[0]]
        assert KEY not in asked.path + compact(asked.body)
        failure = ran.result.error
        assert isinstance(failure, ProviderError)
        shown = [failure, repr(failure), failure.__dict__, ran.result, ran.events, provider, caplog.text]
        shown += [ran.result.model_dump_json(), failure.__cause__]
        assert KEY not in "".join(map(str, shown)) + repr(shown)


@every_dialect
def test_a_key_that_looks_like_nothing_is_not_repeated_either(dialect: Dialect) -> None:
    """Fault 20: services quote the key that they were sent, whatever it looks like."""
    key = "orange-tree-house"
    for status in (400, 401, 500):
        body = compact(dialect.errors["server"][1]).replace("error", f"error with {key}")
        with FaultServer(whole(status, body.encode())) as server:
            ran = ask(dialect, server, model={"retries": ONCE, "key": key})
        assert isinstance(ran.result.error, ProviderError)
        assert (
            key
            not in f"{ran.result.error}{ran.result.error.__dict__}{ran.result.model_dump_json()}{ran.events}"
        )


@every_dialect
def test_a_key_with_a_line_end_is_used_without_it(dialect: Dialect) -> None:
    """Keys are read from files."""
    with FaultServer(said(dialect, "hi")) as server:
        assert ask(dialect, server, model={"key": f"{KEY}\n"}).result.output == "hi"
    assert server.asked[0].headers[dialect.auth[0]] == dialect.auth[1]


@every_dialect
@pytest.mark.parametrize("key", ["orange\ntree-house", "orange-tree-hoüse", "orange\x00tree"])
def test_a_key_that_no_header_can_carry_is_an_error_that_does_not_show_it(dialect: Dialect, key: str) -> None:
    with FaultServer(said(dialect, "hi")) as server:
        ran = ask(dialect, server, model={"key": key})
    assert isinstance(ran.result.error, ConfigError)
    assert "orange" not in repr([ran.result.error, ran.result.error.__cause__]) + ran.result.model_dump_json()
    assert server.asked == []


# --- requests ---


@every_dialect
def test_a_request_says_what_it_has_to(dialect: Dialect) -> None:
    with FaultServer(said(dialect, "hi")) as server:
        ask(dialect, server, tools=Tools().all)
    [asked] = server.asked
    name, value = dialect.auth
    assert asked.path == dialect.path
    assert asked.headers[name] == value
    assert asked.headers["content-type"] == "application/json"
    assert "text/event-stream" in asked.headers["accept"]
    assert asked.headers["user-agent"].startswith("Async" if dialect.name.endswith("-sdk") else "voxagent/")
    assert {name: asked.headers[name] for name in dialect.own_headers} == dialect.own_headers
    if dialect.name not in ADDRESSED:
        assert asked.body["model"] == "m"
        assert asked.body.get("stream", dialect.name == "proxy") is True
    assert {"add", "echo"} <= set(compact(asked.body["tools"]).split('"'))


@every_dialect
def test_a_program_may_add_headers(dialect: Dialect) -> None:
    with FaultServer(said(dialect, "hi")) as server:
        options = {"settings": {"extra_headers": {"x-mine": "1"}}}
        ask(dialect, server, model={"headers": {"x-ours": "2"}}, **options)
    assert (server.asked[0].headers["x-mine"], server.asked[0].headers["x-ours"]) == ("1", "2")


@every_dialect
def test_a_key_may_be_made_for_each_request(dialect: Dialect) -> None:
    keys = iter(["first", "second"])

    async def fresh() -> str:
        return next(keys)

    with FaultServer(called(dialect, Call("add", ('{"a":1,"b":2}',))), said(dialect, "x")) as server:
        ran = ask(dialect, server, tools=Tools().all, model={"key": fresh})
    assert ran.result.ok
    prefix = dialect.auth[1].replace(KEY, "")
    sent = [asked.headers[dialect.auth[0]] for asked in server.asked]
    assert sent == [f"{prefix}first", f"{prefix}second"]


# --- time ---


@every_dialect
@every_door
def test_a_stream_that_stalls_is_ended_by_the_idle_timeout(dialect: Dialect, door: str) -> None:
    """Fault 11."""
    events = dialect.events(text("one", "two", "three", "four"))
    with FaultServer(streamed(*events.open[:-1], stall)) as server:
        ran = ask(dialect, server, door, settings={"idle_timeout": 0.15})
        assert server.is_left(1.0)
    failure = ran.result.error
    assert isinstance(failure, ProviderTimeoutError)
    assert failure.received == "onetwothree"
    assert "went silent for 0.15 s" in str(failure)
    assert len(server.asked) == 1


@every_dialect
@every_door
def test_keep_alives_are_no_content(dialect: Dialect, door: str) -> None:
    """Fault 13."""
    events = dialect.events(text("one", "two"))
    alive = forever(chunked(keep_alive(dialect)), pause(0.02))
    with FaultServer(streamed(*events.open[:-1], alive)) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, settings={"idle_timeout": 0.15})
        took = time.monotonic() - begun
        assert server.is_left(1.0)
    assert isinstance(ran.result.error, ProviderTimeoutError)
    assert ran.result.error.received == "one"
    assert 0.14 < took < 0.15 + 0.5


@every_dialect
def test_keep_alives_between_contents_harm_nothing(dialect: Dialect) -> None:
    """Fault 13."""
    steps: list[bytes] = []
    for event in dialect.events(text("one", "two")).all:
        steps += [keep_alive(dialect), event, keep_alive(dialect)]
    with FaultServer(streamed(*steps)) as server:
        assert ask(dialect, server).result.output == "onetwo"


@every_dialect
def test_a_slow_first_token_is_waited_for(dialect: Dialect) -> None:
    """The idle timeout is one between contents; the first one has its own."""
    events = dialect.events(text("one"))
    with FaultServer(streamed(pause(0.3), *events.open, *events.end)) as server:
        ran = ask(dialect, server, settings={"idle_timeout": 0.15})
    assert ran.result.output == "one"


@every_dialect
@every_door
def test_an_abort_in_the_middle_of_an_answer_ends_it_and_closes_the_connection(
    dialect: Dialect, door: str
) -> None:
    events = dialect.events(text("one", "two"))
    controller = AbortController()
    begun: list[float] = []

    def stop(event: Any) -> None:
        if isinstance(event, TextDeltaEvent):
            begun.append(time.monotonic())
            controller.abort("enough")

    with FaultServer(streamed(*events.open[:-1], stall)) as server:
        agent = Agent(dialect.provider(server.url), observers=[stop])
        ran = through(door, agent, abort_signal=controller.signal)
        assert time.monotonic() - begun[0] < 0.1 + 0.5
        assert server.is_left(1.0)
    assert ran.result.aborted
    assert ran.result.new_messages[-1].text == "one"


@every_dialect
@pytest.mark.parametrize("when", ["before the head", "in the middle"])
def test_an_abort_closes_the_connection_while_the_loop_goes_on(dialect: Dialect, when: str) -> None:
    events = dialect.events(text("one", "two"))
    answer = [stall] if when == "before the head" else streamed(*events.open, stall)
    controller = AbortController()
    with FaultServer(answer) as server:
        agent = Agent(dialect.provider(server.url))

        async def main() -> Any:
            run = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
            assert await asyncio.to_thread(server.is_asked, 1)
            controller.abort()
            result = await bounded(run)
            assert await asyncio.to_thread(server.is_left, 1.0)
            assert other_tasks() == set()
            return result

        assert in_loop("run", main).aborted


@every_dialect
def test_a_task_that_is_cancelled_closes_the_connection(dialect: Dialect) -> None:
    with FaultServer(streamed(*dialect.events(text("one")).open, stall)) as server:
        agent = Agent(dialect.provider(server.url))

        async def main() -> None:
            run = asyncio.create_task(agent.run("go"))
            assert await asyncio.to_thread(server.is_asked, 1)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await bounded(run)
            assert await asyncio.to_thread(server.is_left, 1.0)
            assert other_tasks() == set()

        in_loop("run", main)
