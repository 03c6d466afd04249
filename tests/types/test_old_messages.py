"""What voxagent 0.1 wrote is read as what it meant, and what cannot be meant is refused."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from voxagent import ConfigError, Message
from voxagent.types import Record, TextBlock, ToolPolicy, ToolUseBlock
from voxagent.types.record import Tagged, record

CALL = {"id": "c1", "name": "add", "params": {"a": 1}}
OTHER = {"id": "c2", "name": "now", "params": {}}
FIRST = ToolUseBlock("c1", "add", {"a": 1})
SECOND = ToolUseBlock("c2", "now", {})
TEXT = {"type": "text", "text": "Wait."}
USE = {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}


@pytest.mark.parametrize(
    ("content", "calls", "blocks"),
    [
        ("Wait.", [CALL, OTHER], [TextBlock("Wait."), FIRST, SECOND]),
        ("", [CALL], [FIRST]),
        (None, [CALL], [FIRST]),
        ([TEXT], [CALL], [TextBlock("Wait."), FIRST]),
        ([TEXT, USE], [CALL], [TextBlock("Wait."), FIRST]),
        ([USE], [CALL, OTHER], [FIRST, SECOND]),
    ],
)
def test_calls_beside_the_content_are_put_behind_it_unless_they_are_there(
    content: object, calls: list[object], blocks: list[object]
) -> None:
    dump = {"role": "assistant", "content": content, "tool_calls": calls}
    assert Message.model_validate(dump) == Message("assistant", blocks)  # type: ignore[arg-type]
    assert dump == {"role": "assistant", "content": content, "tool_calls": calls}


@pytest.mark.parametrize("none", [None, []])
def test_a_dump_that_says_that_there_were_no_calls_keeps_its_text_a_text(none: object) -> None:
    dump = {"role": "assistant", "content": "Hi.", "tool_calls": none}
    assert Message.model_validate(dump) == Message("assistant", "Hi.")


@pytest.mark.parametrize("name", ["allow_list", "deny_list"])
def test_a_text_where_a_policy_takes_names_is_refused_with_the_list_that_was_meant(name: str) -> None:
    given: dict[str, Any] = {name: "add"}
    with pytest.raises(ConfigError) as raised:
        ToolPolicy(**given)
    assert str(raised.value) == f"ToolPolicy({name}='add'): a list of names is expected, ['add']"


@record
class Cat(Record):
    kind: Literal["cat"] = "cat"


@record
class Dog(Record):
    kind: Literal["dog"] = "dog"


def test_a_tag_that_nobody_knows_is_an_error_where_nothing_takes_the_others() -> None:
    pets: TypeAdapter[Cat | Dog] = TypeAdapter(Annotated[Cat | Dog, Tagged([Cat, Dog], "kind")])
    assert pets.validate_python({"kind": "dog"}) == Dog()
    with pytest.raises(ValidationError, match=r"'cow' .* expected tags: 'cat', 'dog'"):
        pets.validate_python({"kind": "cow"})
