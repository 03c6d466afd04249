"""The setting `cache` on each wire."""

import json
from typing import Any, cast

import pytest

from voxagent.errors import ConfigError
from voxagent.providers import ModelRequest
from voxagent.providers.anthropic import MessagesOptions, MessagesWire
from voxagent.providers.openai import ChatWire, ResponsesWire
from voxagent.types import Message, ModelSettings, ToolSpec

LOOK = ToolSpec("look", "Look.", {"type": "object", "properties": {}})
SHORT = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}


def told(wire: Any, cache: Any, model: str = "claude-haiku-4-5") -> dict[str, Any]:
    settings = cast("ModelSettings", {} if cache is None else {"cache": cache})
    asked = ModelRequest(model, [Message("user", "hello")], "Be kind.", (LOOK,), settings=settings)
    return cast("dict[str, Any]", json.loads(wire.body(asked)))


def marks(body: Any) -> list[Any]:
    """All marks in a body, in order of tools, system prompt and messages."""
    places = [body["tools"][-1], body["system"], body["messages"][-1]["content"]]
    blocks = [place[-1] if isinstance(place, list) else place for place in places]
    return [block.get("cache_control") for block in blocks if isinstance(block, dict)]


@pytest.mark.parametrize(
    ("cache", "options", "mark"),
    [
        (None, None, None),
        (True, None, SHORT),
        ("5m", None, SHORT),
        ("1h", None, LONG),
        (False, None, None),
        (None, "5m", SHORT),
        (None, "1h", LONG),
        ("1h", "5m", LONG),
        (True, "1h", SHORT),
        (False, "1h", None),
    ],
)
def test_anthropic_gets_marks_and_the_setting_goes_ahead_of_the_option(
    cache: Any, options: Any, mark: Any
) -> None:
    found = marks(told(MessagesWire(MessagesOptions(cache=options)), cache))
    assert found == ([mark] * 3 if mark else [None] * 2)


LATER = {"prompt_cache_options": {"ttl": "12h"}}
NEVER = {"prompt_cache_options": {"mode": "explicit"}}
DAY = {"prompt_cache_retention": "24h"}
FIELDS: list[tuple[str, Any, dict[str, Any]]] = [
    ("gpt-5.6", None, {}),
    ("gpt-5.6", True, {}),
    ("gpt-5.6", "5m", {}),
    ("gpt-5.6-mini", "1h", LATER),
    ("gpt-6", "1h", LATER),
    ("openai/gpt-5.10", False, NEVER),
    ("gpt-5.1", "1h", DAY),
    ("gpt-5", "1h", DAY),
    ("gpt-4.1-mini", "1h", DAY),
]


@pytest.mark.parametrize("wire", [ChatWire, ResponsesWire])
@pytest.mark.parametrize(("model", "cache", "fields"), FIELDS)
def test_openai_is_told_only_what_it_does_not_do_by_itself(
    wire: Any, model: str, cache: Any, fields: dict[str, Any]
) -> None:
    spoken = wire()
    body = told(spoken, cache, model)
    assert {name: body[name] for name in body if name.startswith("prompt_cache")} == fields


@pytest.mark.parametrize("wire", [ChatWire, ResponsesWire])
@pytest.mark.parametrize(("model", "cache"), [("gpt-4o", "1h"), ("gpt-5.1", False), ("llama3.2", "1h")])
def test_what_openai_does_not_take_is_left_out_with_a_warning(wire: Any, model: str, cache: Any) -> None:
    spoken, settings = wire(), cast("ModelSettings", {"cache": cache})
    asked = ModelRequest(model, [Message("user", "hello")], settings=settings)
    assert "prompt_cache" not in spoken.body(asked).decode()
    assert spoken.warnings(asked) == [
        f"the setting cache={cache!r} is not taken: what is kept, the service decides"
    ]


@pytest.mark.parametrize("wire", [ChatWire, ResponsesWire, MessagesWire])
def test_a_time_that_there_is_not_is_refused(wire: Any) -> None:
    with pytest.raises(ConfigError, match=r"cache='2h' is none of True, False, '5m' and '1h'"):
        told(wire(), "2h")
