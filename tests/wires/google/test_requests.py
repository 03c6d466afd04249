"""Bodies built for the recorded conversations say what the recorded ones said."""

import json
from pathlib import Path

import pytest

from tests.wires.google.asked import comparable, request_of
from tests.wires.google.recorded import exchanges
from tests.wires.google.test_recordings import folder_names
from voxagent.providers.google import GeminiWire
from voxagent.types.message import Message


@pytest.mark.parametrize(("folder", "name"), folder_names())
def test_a_recorded_conversation_is_asked_again_in_the_same_words(folder: Path, name: str) -> None:
    exchange = exchanges(folder)[name]
    if not isinstance(exchange.request, dict) or "contents" not in exchange.request:
        pytest.skip("the request was not recorded")
    wire, request = GeminiWire(), request_of(exchange.model, exchange.request)
    body = json.loads(wire.body(request))
    assert wire.warnings(request) == []
    assert comparable(body) == comparable(exchange.request)
    roles = alternating(request.messages)
    ahead = [] if roles[:1] == ["user"] else ["user"]
    assert [turn["role"] for turn in body["contents"]] == ahead + roles
    assert json.loads(wire.body(request)) == body
    assert json.loads(GeminiWire().body(request)) == body


def alternating(messages: object) -> list[str]:
    assert isinstance(messages, list)
    roles: list[str] = []
    for message in messages:
        assert isinstance(message, Message)
        role = "model" if message.role == "assistant" else "user"
        roles += [] if roles[-1:] == [role] or not any(message.content) else [role]
    return roles
