"""Bodies built for the recorded conversations say what the recorded ones said."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.wires.anthropic.asked import comparable, loaded, request_of
from tests.wires.anthropic.recorded import exchanges
from tests.wires.anthropic.test_recordings import folder_names
from voxagent.providers.anthropic import MessagesOptions, MessagesWire

OLD = "2023-06-01"


@pytest.mark.parametrize("cache", [None, "5m"])
@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_a_recorded_conversation_is_asked_again_in_the_same_words(
    folder: Path, name: str, cache: Any
) -> None:
    recorded = exchanges(folder)[name].request
    wire = MessagesWire(MessagesOptions(version=OLD, cache=cache))
    request = request_of(recorded)
    body = loaded(wire.body(request))
    assert body["stream"] is True
    assert body == loaded(wire.body(request))
    assert comparable(body) == comparable(recorded)
    marks = str(body).count("'cache_control'")
    assert 1 <= marks <= 4 if cache else marks == 0


@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_a_body_satisfies_the_types_of_the_services_own_sdk(folder: Path, name: str) -> None:
    pytest.importorskip("anthropic", reason="the service's SDK is not installed")
    request = request_of(exchanges(folder)[name].request)
    body = loaded(MessagesWire(MessagesOptions(cache="1h")).body(request))
    for message in body["messages"]:
        assert message.keys() == {"role", "content"}
        for block in message["content"]:
            check_block(block)
    for tool in body.get("tools", ()):
        valid(types("tool", "BetaToolUnionParam"), tool)
    if "tool_choice" in body:
        valid(types("choice", "BetaToolChoiceParam"), body["tool_choice"])
    assert [turn["role"] for turn in body["messages"]] == alternating(body["messages"])


def alternating(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    roles: list[str] = []
    for message in messages:
        if not roles or roles[-1] != message["role"]:
            roles.append(message["role"])
    return roles


def check_block(block: dict[str, Any]) -> None:
    try:
        valid(types("block", "BetaContentBlockParam"), block)
    except ValueError:
        assert block["type"] == "tool_addition"  # newer than the SDK's types
        return
    if block["type"] == "tool_result" and not isinstance(block.get("content", ""), str):
        for part in block["content"]:
            check_block(part) if part["type"] != "tool_reference" else None


def types(kind: str, name: str) -> Any:
    from anthropic.types import beta
    from pydantic import TypeAdapter

    if kind not in ADAPTERS:
        ADAPTERS[kind] = TypeAdapter(getattr(beta, name))
    return ADAPTERS[kind]


ADAPTERS: dict[str, Any] = {}


def valid(adapter: Any, value: Any) -> None:
    """Raise unless the value is of the type; what the types leave to be read lazily is read."""
    exhaust(adapter.validate_python(value))


def exhaust(value: Any) -> None:
    if isinstance(value, Mapping):
        for each in value.values():
            exhaust(each)
    elif not isinstance(value, (str, bytes)) and hasattr(value, "__iter__"):
        for each in value:
            exhaust(each)
