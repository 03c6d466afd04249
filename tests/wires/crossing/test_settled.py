"""A history that is not in order is put in order; one that is stays the very same messages."""

import pytest
from hypothesis import given

from tests.wires.crossing.histories import histories
from voxagent.providers.http.settled import MISSING, newest, settled
from voxagent.types import (
    ContentBlock,
    ImageBlock,
    Message,
    ProviderBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)

GO = Message("user", "go")
DONE = Message("assistant", "done")


def said(*ids: str, name: str = "add") -> Message:
    return Message("assistant", [ToolUseBlock(id, name, {}) for id in ids], provider="openai")


def gave(*ids: str, name: str = "add") -> Message:
    return Message("user", [ToolResultBlock(id, name, f"of {id}") for id in ids])


def missing(id: str) -> ToolResultBlock:
    return ToolResultBlock(id, "add", MISSING, is_error=True)


LOST = TextBlock("[a result of add, whose call is not known any more]\nof b")
IN_ORDER = [GO, said("a", "b"), gave("a", "b"), GO, DONE, said("c"), gave("c")]


def test_what_is_in_order_stays_as_it_is() -> None:
    assert settled(IN_ORDER) is IN_ORDER
    assert settled(()) == ()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([GO, said("a")], [GO, said("a"), Message("user", [missing("a")])]),
        ([GO, said("a"), DONE, GO], [GO, said("a"), Message("user", [missing("a")]), DONE, GO]),
        ([GO, said("a"), GO], [GO, said("a"), Message("user", [missing("a")]), GO]),
        (
            [GO, said("a", "b"), gave("b"), GO, gave("a")],
            [GO, said("a", "b"), gave("a", "b"), GO],
        ),
        ([GO, said("a", "b"), gave("b", "a")], [GO, said("a", "b"), gave("a", "b")]),
        ([GO, said("a"), GO, gave("a")], [GO, said("a"), gave("a"), GO]),
        ([GO, gave("b"), DONE], [GO, Message("user", [LOST]), DONE]),
        (
            [GO, said("a"), gave("a", "a", "b")],
            [
                GO,
                said("a"),
                Message(
                    "user",
                    [
                        *gave("a").blocks,
                        TextBlock("[a result of add, whose call is not known any more]\nof a"),
                        LOST,
                    ],
                ),
            ],
        ),
        ([GO, said("a"), gave("a", name="")], [GO, said("a"), gave("a")]),
        (
            [GO, said("a"), gave("a"), said("a"), gave("a")],
            [
                GO,
                said("a"),
                gave("a"),
                said("a_2"),
                Message("user", [ToolResultBlock("a_2", "add", "of a")]),
            ],
        ),
        (
            [said("a", "a"), gave("a", "a")],
            [
                said("a", "a_2"),
                Message("user", [*gave("a").blocks, ToolResultBlock("a_2", "add", "of a")]),
            ],
        ),
        (
            [GO, said(""), gave("")],
            [GO, said("call_1"), Message("user", [ToolResultBlock("call_1", "add", "of ")])],
        ),
    ],
)
def test_what_is_not_in_order_is_put_in_order(given: list[Message], told: list[Message]) -> None:
    once = settled(given)
    assert list(once) == told
    assert settled(once) is once


def test_of_a_result_that_belongs_to_nothing_the_pictures_are_kept() -> None:
    picture = ImageBlock("image/png", "iVBO")
    own = ProviderBlock("anthropic", {"type": "tool_reference"})
    content: list[ContentBlock] = [TextBlock("here"), picture, own]
    (message,) = settled([Message("user", [ToolResultBlock("x", "", content)])])
    assert message.blocks == [
        TextBlock("[a result, whose call is not known any more]\nhere"),
        picture,
    ]


def test_messages_that_need_no_change_are_the_same_ones_and_others_keep_what_is_known_of_them() -> None:
    first, *rest = settled([GO, said("a"), gave("a"), said("a")])
    assert first is GO
    assert rest[0].provider == rest[2].provider == "openai"


def test_a_block_in_a_place_where_it_means_nothing_is_left_alone() -> None:
    odd = [
        Message("user", [ToolUseBlock("a", "add", {})]),
        Message("assistant", [ToolResultBlock("b", "x", "")]),
    ]
    assert list(settled([*odd, said("c")]))[:2] == odd


def test_the_newest_is_what_nobody_has_answered() -> None:
    assert newest([]) == []
    assert newest([GO]) == [GO]
    assert newest([DONE, GO, GO]) == [GO, GO]
    assert newest([GO, DONE]) == []


@given(messages=histories("openai"))
def test_any_history_is_in_order_afterwards(messages: list[Message]) -> None:
    once = settled(messages)
    assert settled(once) is once
    asked = [call for message in once for call in message.tool_calls if message.role == "assistant"]
    given_ = [each for message in once for each in message.tool_results if message.role != "assistant"]
    assert [(call.id, call.name) for call in asked] == [(each.tool_use_id, each.tool_name) for each in given_]
    assert len({call.id for call in asked}) == len(asked)
