"""A model of choice says in short what the oldest part of a conversation was (R-A15)."""

import logging

import pytest

from tests.session.compaction.histories import PICTURE, agent_run, chat, pinned, prompt
from voxagent.errors import ConfigError, OverloadedError, UsageLimitError
from voxagent.session import Budget, compact, drop_oldest_turns, in_turn, summarise
from voxagent.types import Message, RefusalBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock


class Model:
    """Remembers what it was asked and gives the answers it was made with."""

    def __init__(self, *answers: str) -> None:
        self.answers = [*answers]
        self.questions: list[str] = []

    async def __call__(self, question: str) -> str:
        self.questions.append(question)
        return self.answers.pop(0)

    @property
    def materials(self) -> list[str]:
        """What stood between BEGIN and END."""
        return [question.split("BEGIN\n")[1].split("\nEND")[0] for question in self.questions]


def summary(text: str, messages: int) -> Message:
    return Message(
        "user",
        f"Summary of the conversation so far:\n\n{text}",
        metadata={"summary": {"messages": messages}},
    )


async def test_the_oldest_part_becomes_a_summary_and_the_newest_turns_stay() -> None:
    model = Model(" Numbers were said. \n")
    history = chat(8)
    done = await compact(history, Budget(50), summarise(model, keep=2))
    assert done.messages == [summary("Numbers were said.", 4), *history[4:]]
    assert done.removed == 4
    assert model.materials == ["\n\n".join(f"{each.role}: {each.text}" for each in history[:4])]


async def test_pinned_messages_and_the_task_stay_where_they_are() -> None:
    history = agent_run(4)
    history[4] = pinned(history[4])
    done = await compact(history, Budget(50), summarise(Model("Three steps."), keep=1))
    assert done.messages == [history[0], summary("Three steps.", 6), *history[3:5], history[-1]]


async def test_a_summary_goes_into_the_next_one_and_is_not_summarised_alone() -> None:
    model = Model("First.", "Second.")
    strategy = summarise(model, keep=1)
    first = (await compact(chat(6), Budget(20), strategy)).messages
    assert (await compact(first, Budget(20), strategy)).messages == first
    longer = [*first, *chat(2)]
    second = (await compact(longer, Budget(20), strategy)).messages
    assert second == [summary("Second.", 6), *longer[-2:]]
    assert "First." in model.materials[1]


async def test_a_conversation_that_is_too_long_for_one_question_is_summarised_bit_by_bit() -> None:
    model = Model("One.", "Two.", "Three.")
    history = [*chat(6, size=200), prompt("now")]
    done = await compact(history, Budget(20), summarise(model, keep=0, words=77, at_once=500))
    assert done.messages == [summary("Three.", 6), prompt("now")]
    assert [material.count("word ") for material in model.materials] == [400, 400, 400]
    assert all("in at most 77 words" in question for question in model.questions)
    assert ["One." in question for question in model.questions] == [False, True, False]
    assert "Let your summary take its place:\nTwo." in model.questions[2]


async def test_the_model_reads_calls_results_and_media_as_text_cut_where_they_are_long() -> None:
    blocks = [
        ThinkingBlock("secret thoughts", "seal"),
        TextBlock("I look."),
        TextBlock(""),
        ToolUseBlock("a", "look", {"at": "größe"}),
        ToolUseBlock("b", "look", {}, '{"at":'),
    ]
    shown = [ToolResultBlock("a", "look", "x" * 2_100), ToolResultBlock("b", "look", "no", is_error=True)]
    model = Model("Short.")
    history = [
        Message("user", [TextBlock("See: {braces}"), PICTURE]),
        Message("assistant", blocks),
        Message("user", shown),
        Message("assistant", [RefusalBlock("I will not.")]),
        prompt("now"),
    ]
    await compact(history, Budget(1), summarise(model, keep=0))
    assert model.materials[0].split("\n") == [
        "user: See: {braces}",
        "user: [image]",
        "",
        "assistant: I look.",
        'assistant calls look: {"at": "größe"}',
        'assistant calls look: {"at":',
        "",
        f"result of look: {'x' * 2_000} [100 characters left out]",
        "error of look: no",
        "",
        "assistant: I will not.",
    ]


@pytest.mark.parametrize("said", ["", " ", "word " * 400])
async def test_a_summary_that_says_nothing_or_too_much_is_not_used(
    said: str, caplog: pytest.LogCaptureFixture
) -> None:
    history = chat(6)
    with caplog.at_level(logging.WARNING, "voxagent"):
        done = await compact(history, Budget(20), summarise(Model(said), keep=1))
    assert (done.messages, done.marker) == (history, None)
    assert caplog.messages == [f"a summary of {len(said.strip())} characters was not used: it saves nothing"]


async def test_messages_without_a_word_are_not_asked_about() -> None:
    history = [Message("user", [ThinkingBlock("hm " * 50)]), prompt("now")]
    model = Model()
    assert (await compact(history, Budget(1), summarise(model, keep=0))).messages == history
    assert model.questions == []


async def test_a_model_that_fails_leaves_the_work_to_the_next_strategy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def busy(question: str) -> str:
        raise OverloadedError("busy")

    history = chat(6)
    with caplog.at_level(logging.WARNING, "voxagent"):
        done = await compact(history, Budget(20), in_turn(summarise(busy), drop_oldest_turns(1)))
    assert done.messages == history[-2:]
    assert caplog.messages == ["the conversation was not summarised: busy"]


async def test_a_limit_of_the_run_that_the_question_would_break_is_not_passed_over() -> None:
    async def spent(question: str) -> str:
        raise UsageLimitError("no request is left")

    with pytest.raises(UsageLimitError, match="no request is left"):
        await compact(chat(6), Budget(20), in_turn(summarise(spent), drop_oldest_turns(1)))


@pytest.mark.parametrize(("name", "number"), [("keep", -1), ("words", 0), ("at_once", 0)])
def test_numbers_that_cannot_be_are_refused(name: str, number: int) -> None:
    with pytest.raises(ConfigError, match=f"{name}={number}"):
        summarise(Model(), **{name: number})
