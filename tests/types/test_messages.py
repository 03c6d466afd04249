"""A message is what its content says, never changes, and survives every kind of travel."""

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.types.values import blocks, messages, objects, unknown_blocks
from voxagent.types import (
    ImageBlock,
    Message,
    RefusalBlock,
    TextBlock,
    ToolCall,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
    Usage,
)


@given(messages)
def test_every_message_is_equal_after_json_and_after_plain_data(message: Message) -> None:
    assert Message.model_validate_json(message.model_dump_json()) == message
    assert Message.model_validate(message.model_dump()) == message
    assert Message.model_validate(message.model_dump(mode="python")) == message


@given(messages)
def test_a_message_dumps_to_what_json_can_hold(message: Message) -> None:
    assert json.loads(message.model_dump_json()) == message.model_dump()


@given(messages)
def test_every_message_is_equal_after_pickle_copy_and_deepcopy(message: Message) -> None:
    assert pickle.loads(pickle.dumps(message)) == message
    assert copy.copy(message) == message
    assert copy.deepcopy(message) == message


@given(messages, objects)
def test_fields_of_a_newer_version_are_ignored(message: Message, future: dict[str, object]) -> None:
    newer = {f"new_{name}": value for name, value in future.items()}
    assert Message.model_validate({**message.model_dump(), **newer}) == message


@given(st.lists(blocks, max_size=2), st.lists(unknown_blocks, min_size=1, max_size=2))
def test_blocks_of_a_newer_version_dump_as_they_came(
    known: list[object], unknown: list[UnknownBlock]
) -> None:
    data = [{"type": block.type, **block.data} for block in unknown]
    told = [*Message("user", known).model_dump()["content"], *data]
    loaded = Message.model_validate({"role": "user", "content": told})
    assert loaded.of(UnknownBlock)[-len(unknown) :] == unknown
    assert loaded.model_dump()["content"] == told


@pytest.mark.parametrize("block", [{}, {"text": "no type"}, {"type": None}, 7])
def test_a_block_without_a_type_is_refused(block: object) -> None:
    with pytest.raises(ValueError, match="content"):
        Message.model_validate({"role": "user", "content": [block]})


def test_a_role_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="role"):
        Message.model_validate({"role": "robot", "content": ""})


def test_nothing_in_a_message_can_be_set() -> None:
    message = Message("user", "hello")
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.role = "system"  # type: ignore[misc]


def test_a_message_keeps_its_blocks_when_the_callers_list_changes() -> None:
    given: list[TextBlock] = [TextBlock("one")]
    message = Message("user", given)
    given.append(TextBlock("two"))
    assert message == Message("user", [TextBlock("one")])


def test_replace_changes_one_field_only() -> None:
    message = Message("assistant", [TextBlock("a")], finish_reason="stop", usage=Usage(1, 2))
    changed = dataclasses.replace(message, model="m")
    assert changed == Message(
        "assistant", [TextBlock("a")], finish_reason="stop", usage=Usage(1, 2), model="m"
    )


CALL = ToolCall("1", "add", {"a": 1}, signature="seal")


def test_tool_calls_are_appended_as_blocks_behind_the_text() -> None:
    message = Message("assistant", "thinking", [CALL])
    assert message.content == [TextBlock("thinking"), ToolUseBlock("1", "add", {"a": 1}, signature="seal")]
    assert message.tool_calls == [CALL]


def test_a_call_that_is_a_block_already_is_not_appended_again() -> None:
    block = ToolUseBlock("1", "add", {"a": 1})
    assert Message("assistant", [block], [CALL]).content == [block]


def test_an_empty_text_leaves_no_empty_block_before_the_calls() -> None:
    assert Message("assistant", "", [CALL]).blocks == [ToolUseBlock("1", "add", {"a": 1}, signature="seal")]


def test_no_tool_calls_leave_a_text_a_text() -> None:
    assert Message("assistant", "hello", []).content == "hello"


def test_text_and_blocks_tell_the_same_in_both_forms_of_content() -> None:
    as_text, as_blocks = Message("user", "hello"), Message("user", [TextBlock("hel"), TextBlock("lo")])
    assert (as_text.text, as_blocks.text) == ("hello", "hello")
    assert (as_text.blocks, Message("user").blocks) == ([TextBlock("hello")], [])
    assert (as_text.tool_calls, as_text.tool_results) == ([], [])


def test_of_gives_the_blocks_of_one_kind_in_order() -> None:
    first, second = ToolResultBlock("1", "a", "x"), ToolResultBlock("2", "b", [TextBlock("y")])
    message = Message("user", [first, TextBlock("between"), second])
    assert message.tool_results == [first, second]
    assert message.of(TextBlock) == [TextBlock("between")]
    assert message.of(RefusalBlock) == []


def test_the_text_of_a_tool_result_leaves_pictures_out() -> None:
    picture = ImageBlock("image/png", b"x")
    assert ToolResultBlock("1", "a", "plain").text == "plain"
    assert ToolResultBlock("1", "a", [TextBlock("one"), picture, TextBlock("two")]).text == "one\ntwo"


@settings(max_examples=20)
@given(st.binary())
def test_bytes_of_a_picture_become_base64_text(data: bytes) -> None:
    import base64

    block = ImageBlock("image/png", data)
    assert isinstance(block.data, str)
    assert base64.b64decode(block.data) == data
