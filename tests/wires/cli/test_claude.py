"""The dialect of `claude`: how it is asked, and what its events become."""

import json
from typing import Any

import pytest

from tests.wires.cli.fakes import (
    CLAUDE,
    SESSION,
    START,
    STOP,
    Fake,
    Step,
    delta,
    init,
    result,
    say,
    spoken,
    text,
)
from voxagent import Agent
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers import RetryChunk
from voxagent.streaming import RetryEvent, TextDeltaEvent, ThinkingDeltaEvent
from voxagent.types import Message, ProviderBlock, RefusalBlock, TextBlock, ThinkingBlock, Usage

ASKED = ["-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages"]


def whole(*content: dict[str, Any]) -> Step:
    return say(type="assistant", message={"model": "claude-m", "content": list(content)})


def call(id: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "Bash", "input": {"command": "ls"}}


def given(id: str) -> Step:
    content = [{"type": "tool_result", "tool_use_id": id, "content": "a.txt"}]
    return say(type="user", message={"role": "user", "content": content})


def test_an_answer_has_text_thinking_usage_and_the_session_that_it_was_given_in(claude: Fake) -> None:
    thought = delta(type="thinking_delta", thinking="hm")
    sealed = delta(type="signature_delta", signature="c2ln")
    claude.does([init(), START, thought, sealed, text("one "), text("two"), STOP, result()])
    answer = Agent(claude.provider()).run_sync("hello").messages[-1]
    block = answer.of(ProviderBlock)[0]
    assert answer == Message(
        "assistant",
        [
            ThinkingBlock("hm"),
            TextBlock("one two"),
            ProviderBlock(
                "claudecode", {"session": SESSION, "cost_usd": 0.25, "digest": block.data["digest"]}
            ),
        ],
        finish_reason="stop",
        provider="claudecode",
        model="claude-m",
        usage=Usage(14, 7, cache_read_tokens=2, cache_write_tokens=1),
    )


def test_the_prompt_is_read_from_the_standard_input_and_no_word_of_it_is_an_argument(claude: Fake) -> None:
    claude.does(CLAUDE)
    Agent(claude.provider(), system_prompt="Be brief: hush").run_sync("tell me the word xyzzy")
    (asked,) = claude.calls
    path = asked.after("--append-system-prompt-file")
    assert asked.argv == [*ASKED, "--model", "m", "--append-system-prompt-file", path]
    assert asked.stdin == "tell me the word xyzzy"
    assert asked.files == {"system.txt": {"text": "Be brief: hush", "mode": 0o600}}


def test_what_is_asked_for_is_told_in_its_flags(claude: Fake) -> None:
    claude.does(CLAUDE)
    options = {"sessions": False, "system": "replace", "args": ["--permission-mode", "plan"]}
    agent = Agent(claude.provider("default", **options), system_prompt="Only this")
    agent.run_sync("hello", settings={"thinking": "high"})
    (asked,) = claude.calls
    path = asked.after("--system-prompt-file")
    more = ["--effort", "high", "--system-prompt-file", path, "--no-session-persistence"]
    assert asked.argv == [*ASKED, *more, "--permission-mode", "plan"]


def test_a_run_without_sessions_keeps_nothing_of_them(claude: Fake) -> None:
    claude.does(CLAUDE)
    answer = Agent(claude.provider(sessions=False)).run_sync("hello").messages[-1]
    assert answer.content == "one two"


def test_what_it_says_around_its_own_tools_is_text_in_paragraphs_and_its_tools_are_not_shown(
    claude: Fake,
) -> None:
    claude.does(
        [
            init(),
            START,
            text("let me "),
            text("look"),
            whole({"type": "text", "text": "let me look"}),
            whole(call("t1")),
            STOP,
            given("t1"),
            *spoken("done"),
            result("done"),
        ]
    )
    finished = Agent(claude.provider()).run_sync("hello")
    assert finished.output == "let me look\n\ndone"
    assert finished.tool_calls == []
    assert [type(block) for block in finished.messages[-1].blocks] == [TextBlock, ProviderBlock]


def test_text_that_was_not_streamed_is_taken_from_the_whole_message(claude: Fake) -> None:
    claude.does([init(), *spoken("a"), whole({"type": "text", "text": "b"}), result("b")])
    assert Agent(claude.provider()).run_sync("hello").output == "a\n\nb"


def test_what_its_sub_agents_say_among_themselves_is_not_the_answer(claude: Fake) -> None:
    among = say(
        type="stream_event",
        parent_tool_use_id="t1",
        event={"type": "content_block_delta", "delta": {"type": "text_delta", "text": "psst"}},
    )
    claude.does([init(), whole(call("t1")), among, given("t1"), *spoken("one"), result("one")])
    assert Agent(claude.provider()).run_sync("hello").output == "one"


def test_events_of_kinds_that_nobody_knows_are_passed_over(claude: Fake) -> None:
    news = [
        say(type="news"),
        say(type="system", subtype="news"),
        say(type="stream_event", event={"type": "ping"}),
        say(type="user", message={"content": "typed"}),
        {"raw": "\n(node:12) Warning: old\nnpm notice new\n"},
    ]
    claude.does([init(), *news, *spoken("one"), result("one")])
    assert Agent(claude.provider()).run_sync("hello").output == "one"


async def test_its_own_retries_are_told_as_retries(claude: Fake) -> None:
    again = {"attempt": 1, "retry_delay_ms": 500.0, "error_status": 529, "error": "overloaded"}
    claude.does(
        [
            init(),
            say(type="system", subtype="api_retry", **again),
            say(type="system", subtype="api_retry", attempt=2),
            *spoken("one"),
            result("one"),
        ]
    )
    async with Agent(claude.provider()).run_stream("hello") as stream:
        events = [event async for event in stream]
    retries = [event for event in events if isinstance(event, RetryEvent)]
    assert [(event.reason, event.attempt) for event in retries] == [
        ("overloaded (status 529)", 1),
        ("error", 2),
    ]
    assert RetryChunk("overloaded (status 529)", 1, 0.5).wait == 0.5


async def test_text_and_thinking_are_shown_as_they_come(claude: Fake) -> None:
    claude.does(
        [init(), START, delta(type="thinking_delta", thinking="hm"), text("a"), text("b"), STOP, result()]
    )
    async with Agent(claude.provider()).run_stream("hello") as stream:
        events = [event async for event in stream]
    pieces = [event.delta for event in events if isinstance(event, (TextDeltaEvent, ThinkingDeltaEvent))]
    assert pieces == ["hm", "a", "b"]


@pytest.mark.parametrize(("stop_reason", "reason"), [("max_tokens", "length"), ("stop_sequence", "stop")])
def test_how_an_answer_ended_is_told(claude: Fake, stop_reason: str, reason: str) -> None:
    claude.does([init(), *spoken("one"), result("one", stop_reason=stop_reason)])
    finished = Agent(claude.provider()).run_sync("hello")
    assert finished.finish_reason == reason
    assert finished.truncated == (reason == "length")


def test_a_refusal_is_a_refusal(claude: Fake) -> None:
    refused = result("I will not", is_error=True, stop_reason="refusal")
    claude.does([init(), START, STOP, refused, {"exit": 1}])
    finished = Agent(claude.provider()).run_sync("hello")
    assert finished.finish_reason == "refusal"
    assert finished.messages[-1].of(RefusalBlock) == [RefusalBlock("I will not")]


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, "Failed to authenticate. API Error: 401 as you wished", AuthenticationError),
        (429, "API Error: 429 slow down", RateLimitError),
        (429, "You've hit your session limit, resets at 3pm", QuotaError),
        (529, "API Error: 529 busy", OverloadedError),
        (500, "API Error: 500 broken", ServerError),
        (404, "There's an issue with the selected model (m). It may not exist.", ModelNotFoundError),
        (400, "API Error: 400 odd", BadRequestError),
        (400, "Prompt is too long", ContextLengthError),
        (None, "Credit balance is too low", QuotaError),
        (None, "Not logged in. Please run /login", AuthenticationError),
        (None, "what a day", ProviderError),
    ],
)
def test_a_failure_is_an_error_of_its_kind(
    claude: Fake, status: int | None, said: str, kind: type[ProviderError]
) -> None:
    synthetic = {"model": "<synthetic>", "content": [{"type": "text", "text": said}]}
    instead = say(type="assistant", message=synthetic, error="unknown")
    claude.does([init(), instead, result(said, is_error=True, api_error_status=status), {"exit": 1}])
    finished = Agent(claude.provider()).run_sync("hello")
    assert type(finished.error) is kind
    assert (finished.error.message, finished.error.received) == (said, "")
    assert (finished.error.status, finished.error.provider) == (status, "claudecode")


def test_a_failure_without_words_tells_its_list_of_errors_or_its_kind(claude: Fake) -> None:
    failed = {"is_error": True, "subtype": "error_during_execution"}
    claude.does([result("", errors=["one", 2, "three"], **failed)], [result("", **failed)])
    agent = Agent(claude.provider())
    for said in ("one; three", "error_during_execution"):
        error = agent.run_sync("hello").error
        assert isinstance(error, ProviderError)
        assert error.message == said


def test_an_answer_that_is_begun_anew_after_a_part_was_shown_is_no_answer(claude: Fake) -> None:
    claude.does([init(), START, START, text("on"), START, text("one"), STOP, result("one")])
    finished = Agent(claude.provider()).run_sync("hello")
    assert isinstance(finished.error, StreamTruncatedError)
    assert finished.error.received == "on"


def test_a_conversation_goes_on_in_a_fork_of_its_session(claude: Fake) -> None:
    claude.does(CLAUDE, [init(), *spoken("three"), result("three", session_id="next")])
    agent = Agent(claude.provider(), system_prompt="S")
    first = agent.run_sync("hello")
    second = agent.run_sync("and then?", message_history=first.messages)
    third = agent.run_sync("once more", message_history=second.messages)
    resumed = [(call.stdin, "--fork-session" in call.argv) for call in claude.calls]
    assert resumed == [("hello", False), ("and then?", True), ("once more", True)]
    assert [call.after("--resume") for call in claude.calls[1:]] == [SESSION, "next"]
    assert third.output == "three"


def test_a_session_goes_on_after_it_was_stored_and_loaded(claude: Fake) -> None:
    claude.does(CLAUDE)
    first = Agent(claude.provider()).run_sync("hello")
    loaded = [Message.model_validate_json(message.model_dump_json()) for message in first.messages]
    Agent(claude.provider()).run_sync("and then?", message_history=loaded)
    assert claude.calls[1].after("--resume") == SESSION


WHOLE = """<conversation>
<user>
hello
</user>
<assistant>
one two
</assistant>
<user>
and then?
</user>
</conversation>

That was the conversation so far. Answer the user's last message."""


def test_a_session_that_is_gone_is_told_the_whole_conversation(claude: Fake) -> None:
    gone = result(
        "",
        subtype="error_during_execution",
        is_error=True,
        errors=["No conversation found with session ID: x"],
    )
    claude.does(CLAUDE, [gone, {"exit": 1}], CLAUDE)
    agent = Agent(claude.provider())
    second = agent.run_sync("and then?", message_history=agent.run_sync("hello").messages)
    assert second.output == "one two"
    assert [("--resume" in call.argv, call.stdin) for call in claude.calls] == [
        (False, "hello"),
        (True, "and then?"),
        (False, WHOLE),
    ]


def test_a_failure_of_another_kind_in_a_session_is_not_tried_again(claude: Fake) -> None:
    claude.does(CLAUDE, [init(), result("API Error: 529 busy", is_error=True, api_error_status=529)])
    agent = Agent(claude.provider())
    second = agent.run_sync("and then?", message_history=agent.run_sync("hello").messages)
    assert isinstance(second.error, OverloadedError)
    assert len(claude.calls) == 2


def test_a_session_that_is_lost_after_words_of_it_were_shown_is_an_error(claude: Fake) -> None:
    lost = result("No conversation found", is_error=True)
    claude.does(CLAUDE, [init(), START, text("on"), lost])
    agent = Agent(claude.provider())
    second = agent.run_sync("and then?", message_history=agent.run_sync("hello").messages)
    assert isinstance(second.error, ProviderError)
    assert len(claude.calls) == 2


def changed(messages: list[Message]) -> dict[str, list[Message]]:
    question, answer = messages
    block = answer.of(ProviderBlock)[0]

    def with_data(**data: Any) -> Message:
        return Message(
            "assistant", [TextBlock("one two"), ProviderBlock("claudecode", {**block.data, **data})]
        )

    return {
        "another question": [Message("user", "hallo"), answer],
        "another answer": [question, Message("assistant", [TextBlock("one three"), block])],
        "more before it": [Message("user", "so"), Message("assistant", "so?"), question, answer],
        "another answer after it": [question, answer, Message("user", "x"), Message("assistant", "y")],
        "another provider's": [question, Message("assistant", "one two")],
        "a strange name": [question, with_data(session="--continue")],
        "no name": [question, with_data(session=7)],
        "another digest": [question, with_data(digest="0")],
    }


@pytest.mark.parametrize("change", changed([Message("user"), Message("assistant", [ProviderBlock("p", {})])]))
def test_a_history_that_is_not_the_one_it_answered_is_told_as_a_whole(claude: Fake, change: str) -> None:
    claude.does(CLAUDE)
    agent = Agent(claude.provider())
    history = changed(agent.run_sync("hello").messages)[change]
    agent.run_sync("and then?", message_history=history)
    assert "--resume" not in claude.calls[1].argv
    assert claude.calls[1].stdin.startswith("<conversation>\n<user>\n")


def test_a_session_is_not_gone_on_with_in_another_folder(claude: Fake) -> None:
    claude.does(CLAUDE)
    first = Agent(claude.provider(cwd=claude.folder)).run_sync("hello")
    Agent(claude.provider(cwd=claude.folder / "bin")).run_sync("more", message_history=first.messages)
    assert [call.cwd for call in claude.calls] == [str(claude.folder), str(claude.folder / "bin")]
    assert "--resume" not in claude.calls[1].argv


def test_an_answer_that_was_redacted_is_not_gone_on_with(claude: Fake) -> None:
    claude.does(CLAUDE)
    agent = Agent(claude.provider(), secrets_to_redact={"word": "one two"})
    first = agent.run_sync("hello")
    assert first.output == "[REDACTED:word]"
    agent.run_sync("and then?", message_history=first.messages)
    assert "[REDACTED:word]" in claude.calls[1].stdin
    assert "one two" not in json.dumps([call.stdin for call in claude.calls])
