"""A stored session keeps every message; markers in it say which count (R-A15)."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.session.compaction.histories import agent_run, answer, chat, prompt
from voxagent.errors import SessionError
from voxagent.session import (
    Budget,
    FileSessionStorage,
    InMemorySessionStorage,
    SessionStorage,
    SQLiteSessionStorage,
    clear_tool_results,
    compact,
    drop_oldest_turns,
    effective,
    in_turn,
    summarise,
)
from voxagent.session.marks import beside_system
from voxagent.types import Message, ToolResultBlock, ToolUseBlock, Usage


async def ask(question: str) -> str:
    return "They said numbers."


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite"])
async def test_a_session_is_compacted_twice_and_every_store_still_has_all_of_it(
    kind: str, tmp_path: Path
) -> None:
    stores: dict[str, SessionStorage] = {
        "memory": InMemorySessionStorage(),
        "file": FileSessionStorage(tmp_path / "files"),
        "sqlite": SQLiteSessionStorage(tmp_path / "chat.db"),
    }
    store = stores[kind]
    strategy = in_turn(clear_tool_results(keep=1), summarise(ask, keep=1), drop_oldest_turns(keep=1))
    said, history, version = list[Message](), list[Message](), 0
    for fresh in (agent_run(4), [*agent_run(3), answer("usage", usage=Usage(5, 5))], chat(4)):
        version = await store.append("k", fresh, expected_version=version)
        said += fresh
        done = await compact([*history, *fresh], Budget(100), strategy)
        assert done.marker is not None
        version = await store.append("k", [done.marker], expected_version=version)
        history = done.messages
    session = await store.load("k")
    assert session is not None
    assert effective(session.messages) == history
    assert history[0].text == "Summary of the conversation so far:\n\nThey said numbers."
    assert [message for message in session.messages if message.role != "system"] == said
    await store.close()


async def test_a_marker_says_what_is_left_in_numbers_of_the_history_ahead_of_it() -> None:
    history = chat(6)
    done = await compact(history, Budget(100), drop_oldest_turns(keep=1))
    assert done.marker == Message(
        "system",
        metadata={"compacted": {"parts": [[2, 6]], "removed": 2, "saved": done.saved}},
    )
    cleared = await compact(agent_run(3), Budget(1), clear_tool_results(keep=3))
    assert cleared.marker is not None
    told = (cleared.marker.metadata or {})["compacted"]
    assert told["parts"] == [[0, 2], cleared.messages[2].model_dump(), [3, 8]]
    assert told["removed"] == 0


async def test_messages_that_are_there_twice_are_told_apart_by_what_they_are() -> None:
    same = prompt("the same " * 9)
    history = [same, *chat(2), same, answer("well")]
    done = await compact(history, Budget(40), drop_oldest_turns(keep=1))
    assert done.messages == history[3:]
    assert effective([*history, *([done.marker] if done.marker else [])]) == done.messages


def test_a_session_without_markers_is_what_it_is() -> None:
    system = Message("system", "Be brief.", metadata={"mine": 1})
    users = Message("user", "hello", metadata={"compacted": "something of the program's own"})
    assert effective([system, users, *chat(2)]) == [system, users, *chat(2)]


def test_a_marker_can_be_read_by_a_program_that_does_not_know_of_any() -> None:
    marker = Message("system", metadata={"compacted": {"parts": [[0, 1]], "removed": 1, "saved": 9}})
    assert (marker.text, marker.blocks) == ("", [])


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"parts": [[0, 9]]}, "it keeps messages 0 to 9 of 2"),
        ({"parts": [[1, 1]]}, "it keeps messages 1 to 1 of 2"),
        ({"parts": [[-1, 1]]}, "it keeps messages -1 to 1 of 2"),
        ({"parts": [[0]]}, "not enough values"),
        ({"parts": [["a", "b"]]}, "not supported"),
        ({"parts": [{"role": "robot"}]}, "a part of it holds no message of voxagent"),
        ({"parts": 3}, "not iterable"),
        ({}, "parts"),
        ("all", "indices"),
    ],
)
def test_a_marker_that_cannot_be_read_is_an_error_that_names_it(told: object, said: str) -> None:
    with pytest.raises(SessionError, match=f"message 2 marks a compaction that cannot be read: .*{said}"):
        effective([*chat(2), Message("system", metadata={"compacted": told})])


@given(st.lists(st.booleans(), max_size=12), st.data())
def test_a_mark_made_without_system_messages_says_the_same_of_a_history_with_them(
    kinds: list[bool], data: st.DataObject
) -> None:
    stored = [Message("system" if system else "user", str(place)) for place, system in enumerate(kinds)]
    systems = [message for message in stored if message.role == "system"]
    history = [message for message in stored if message.role != "system"]
    kept = sorted(data.draw(st.sets(st.integers(0, len(history)), max_size=6)))
    parts: list[Any] = [[start, end] for start, end in pairwise(kept)][::2]
    parts.append(Message("user", "new").model_dump())
    mark = Message("system", metadata={"compacted": {"parts": parts, "removed": 1, "saved": 1}})
    beside = beside_system(mark, [place for place, system in enumerate(kinds) if system])
    assert effective([*stored, beside]) == [*systems, *effective([*history, mark])]


def test_results_that_are_joined_keep_what_each_of_them_is_marked_with() -> None:
    calls = Message("assistant", [ToolUseBlock(name, "look", {}) for name in "ab"])
    results = [
        Message("user", [ToolResultBlock(name, "look", name)], metadata=metadata)
        for name, metadata in (("b", {"mine": 1}), ("a", {"pinned": True}))
    ]
    [_, joined] = effective([calls, *results])
    assert [result.tool_use_id for result in joined.tool_results] == ["a", "b"]
    assert joined.metadata == {"mine": 1, "pinned": True}


def test_results_are_joined_also_where_something_from_system_stands_between_them() -> None:
    calls = Message("assistant", [ToolUseBlock(name, "look", {}) for name in "ab"])
    [later, first] = [Message("user", [ToolResultBlock(name, "look", name)]) for name in "ba"]
    system = Message("system", "Be brief.")
    said = effective([prompt("go"), calls, system, later, system, first, system, answer("done")])
    assert [message.role for message in said] == [
        "user",
        "assistant",
        "system",
        "user",
        "system",
        "system",
        "assistant",
    ]
    assert [result.tool_use_id for result in said[3].tool_results] == ["a", "b"]
    alone = [later, Message("user", [ToolResultBlock("c", "look", "c")])]
    assert effective(alone) == alone
