"""What is said of a tool and cannot be is refused in words that help; what it returns has an end."""

import itertools
from typing import Any

import pytest
from pydantic_core import from_json

from voxagent.errors import ConfigError
from voxagent.tools import FunctionToolset, ToolDefinition, filtered, tool
from voxagent.tools.content import MAX_ITEMS, as_content

KNOWN = {
    *("timeout", "retries", "sequential", "strict", "requires_approval", "idempotent", "secrets", "prepare"),
}


def now() -> str:
    return "now"


@pytest.mark.parametrize(
    "made",
    [
        lambda options: tool(**options)(now),
        lambda options: ToolDefinition("now", "The time.", now, **options),
    ],
)
def test_an_unknown_option_is_named_and_so_are_those_that_there_are(made: Any) -> None:
    with pytest.raises(ConfigError) as raised:
        made({"timeout": 1, "time_out": 2})
    said, _, known = str(raised.value).partition("; it takes ")
    assert said == "tool 'now' takes no 'time_out'"
    assert set(known.split(", ")) == {"name", "description", *KNOWN}


def test_a_text_where_a_filter_takes_names_is_refused_with_the_list_that_was_meant() -> None:
    with pytest.raises(ConfigError) as raised:
        filtered(FunctionToolset([tool(now)]), "now")
    assert str(raised.value) == "filtered(..., 'now'): a list of names is expected, ['now']"


def test_of_an_iterator_without_an_end_only_so_many_items_are_taken() -> None:
    counting = itertools.count()
    told = as_content(counting)
    assert isinstance(told, str)
    assert from_json(told) == list(range(MAX_ITEMS))
    assert next(counting) == MAX_ITEMS
