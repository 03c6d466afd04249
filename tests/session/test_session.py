"""A conversation as a value, and the keys it is found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent import ConfigError, Message
from voxagent.session import Session, resolve_session_key

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")


def test_a_new_session_is_empty_and_has_an_id_of_its_own() -> None:
    one, two = Session.create("k"), Session.create("k")
    assert one.id != two.id
    assert (one.key, one.messages, one.metadata, one.version) == ("k", [], {}, 0)
    assert one.created_at == one.updated_at > 0
    with pytest.raises(ConfigError, match="session key '' has 0 bytes"):
        Session.create("")


def test_messages_are_added_counted_and_forgotten() -> None:
    session = Session("id", "k")
    session.add_message(HELLO)
    session.add_message(HI)
    assert (session.version, session.updated_at > 0) == (2, True)
    assert session.get_messages() == [HELLO, HI]
    assert [session.get_messages(limit) for limit in (0, 1, 2, 9)] == [[], [HI], [HELLO, HI], [HELLO, HI]]
    session.get_messages().clear()
    assert session.version == 2
    session.clear_messages()
    assert session.messages == []


def test_a_session_becomes_plain_data_and_comes_back() -> None:
    session = Session("id", "k", [HELLO, HI], 1.0, 2.0, {"a": [1]})
    data = session.to_dict()
    assert data["messages"][0] == {"role": "user", "content": "hello"}
    assert Session.from_dict(data) == session
    assert Session.model_validate_json(session.model_dump_json()) == session


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (("ada",), "ada"),
        (("ada", "web"), "ada:web"),
        (("ada", "web", "t1"), "ada:web:t1"),
        (("ada", None, "t1"), "ada::t1"),
        (("a:b",), "a%3Ab"),
        (("a%3Ab",), "a%253Ab"),
    ],
)
def test_a_key_shows_its_parts(parts: tuple[str, ...], key: str) -> None:
    assert resolve_session_key(*parts) == key


part = st.text(st.sampled_from("ab:%3A25") | st.characters(), max_size=6)
given_part = st.none() | part


@given(st.tuples(part, given_part, given_part), st.tuples(part, given_part, given_part))
def test_different_parts_never_give_the_same_key(
    one: tuple[str, str | None, str | None], other: tuple[str, str | None, str | None]
) -> None:
    """A channel or thread that is empty counts as none."""
    same = tuple(each or None for each in one) == tuple(each or None for each in other)
    assert (resolve_session_key(*one) == resolve_session_key(*other)) == same
