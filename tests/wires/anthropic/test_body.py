"""A body is joined from parts that are kept, and marks for the cache are put between them."""

from typing import Any

from pydantic_core import from_json

from voxagent.providers.anthropic import MessagesOptions, MessagesWire
from voxagent.providers.base import ModelRequest
from voxagent.types.blocks import ProviderBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from voxagent.types.config import OutputSpec, ToolSpec
from voxagent.types.message import Message

TOOLS = (
    ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}}),
    ToolSpec("now", "", {"type": "object", "properties": {}}),
)
MARK = {"type": "ephemeral"}


def history(length: int) -> list[Message]:
    return [Message("user" if number % 2 == 0 else "assistant", f"text {number}") for number in range(length)]


def body(wire: MessagesWire, messages: list[Message], **more: Any) -> dict[str, Any]:
    return from_json(wire.body(ModelRequest("claude-sonnet-4-5", messages, **more)))


def marks(told: dict[str, Any]) -> list[str]:
    """Where the marks are."""
    places: list[str] = []

    def look(value: Any, path: str) -> None:
        if isinstance(value, dict):
            if "cache_control" in value:
                places.append(path)
            for name, each in value.items():
                look(each, f"{path}.{name}" if path else name)
        if isinstance(value, list):
            for number, each in enumerate(value):
                look(each, f"{path}.{number}")

    look(told, "")
    return places


def test_the_system_prompt_and_the_tools_stand_beside_the_messages() -> None:
    told = body(MessagesWire(), history(1), system="Be brief.", tools=TOOLS)
    assert told == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 16_384,
        "stream": True,
        "system": "Be brief.",
        "tools": [
            {"name": "add", "description": "Adds.", "input_schema": TOOLS[0].parameters},
            {"name": "now", "input_schema": TOOLS[1].parameters},
        ],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "text 0"}]}],
    }
    assert not body(MessagesWire(), history(1), system=" ").keys() & {"system", "tools"}


def test_a_message_is_serialised_once_for_all_wires_of_a_provider() -> None:
    messages = history(5)
    wires = [MessagesWire(), MessagesWire(MessagesOptions(cache="1h", max_tokens=5))]
    body(wires[0], messages)
    kept = [message.wire for message in messages]
    body(wires[1], [*messages, Message("assistant", "new"), Message("user", "new")], system="x")
    assert all(message.wire is before for message, before in zip(messages, kept, strict=True))
    foreign = MessagesWire(MessagesOptions(provider="other"))
    before = body(wires[0], messages)
    body(foreign, messages)
    assert all(message.wire is not old for message, old in zip(messages, kept, strict=True))
    assert body(wires[0], messages) == before


def test_messages_in_a_row_are_joined_from_their_kept_bytes() -> None:
    messages = [Message("user", [ToolResultBlock("t", "add", "3")]), *history(1)]
    wire = MessagesWire()
    first = body(wire, messages)
    kept = [message.wire for message in messages]
    assert body(wire, messages) == first
    assert [message.wire for message in messages] == kept
    assert [block["type"] for block in first["messages"][0]["content"]] == ["tool_result", "text"]


def test_a_tool_is_built_once_whatever_the_list() -> None:
    wire = MessagesWire()
    first = wire.body(ModelRequest("m", history(1), tools=TOOLS))
    assert wire.body(ModelRequest("m", history(1), tools=list(TOOLS))) == first
    other = wire.body(ModelRequest("m", history(1), tools=TOOLS[1:]))
    assert [tool["name"] for tool in from_json(other)["tools"]] == ["now"]


def test_more_lists_of_tools_than_are_kept_are_built_again() -> None:
    wire = MessagesWire()
    specs = [ToolSpec(f"tool{number}", "", {"type": "object"}) for number in range(200)]
    for spec in [*specs, *specs]:
        told = from_json(wire.body(ModelRequest("m", history(1), tools=(spec,))))
        assert [tool["name"] for tool in told["tools"]] == [spec.name]


def test_without_the_setting_there_is_no_mark() -> None:
    assert marks(body(MessagesWire(), history(3), system="x", tools=TOOLS)) == []


def test_marks_are_put_on_tools_system_prompt_and_the_last_two_messages_of_the_user() -> None:
    wire = MessagesWire(MessagesOptions(cache="5m"))
    told = body(wire, history(7), system="x", tools=TOOLS)
    assert marks(told) == ["system.0", "tools.1", "messages.4.content.0", "messages.6.content.0"]
    assert told["system"] == [{"type": "text", "text": "x", "cache_control": MARK}]
    assert told["messages"][6]["content"][0]["cache_control"] == MARK
    assert marks(body(wire, history(6))) == ["messages.2.content.0", "messages.4.content.0"]
    assert marks(body(wire, history(1))) == ["messages.0.content.0"]
    assert marks(body(wire, [Message("assistant", "a")])) == ["messages.0.content.0"]


def test_a_mark_lasts_as_long_as_it_was_asked_to() -> None:
    told = body(MessagesWire(MessagesOptions(cache="1h")), history(1))
    assert told["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_a_mark_is_put_on_the_last_block_of_a_message() -> None:
    results = [ToolResultBlock("t1", "add", "3"), ToolResultBlock("t2", "add", [TextBlock("4")])]
    messages = [
        *history(1),
        Message("assistant", [ThinkingBlock("hm", "S", provider="anthropic"), ToolUseBlock("t1", "add", {})]),
        Message("user", [TextBlock("first"), *results]),
        Message("user", "and"),
    ]
    told = body(MessagesWire(MessagesOptions(cache="5m")), messages)
    assert marks(told) == ["messages.0.content.0", "messages.2.content.3"]
    assert marks(body(MessagesWire(MessagesOptions(cache="5m")), messages[:3])) == [
        "messages.0.content.0",
        "messages.2.content.2",
    ]


def test_marks_take_nothing_from_the_kept_bytes_and_change_nothing_else() -> None:
    messages = history(9)
    plain = body(MessagesWire(), messages, system="x", tools=TOOLS)
    kept = [message.wire for message in messages]
    marked = body(MessagesWire(MessagesOptions(cache="5m")), messages, system="x", tools=TOOLS)
    assert [message.wire for message in messages] == kept
    assert without_marks(marked)["messages"] == plain["messages"]
    assert body(MessagesWire(), messages, system="x", tools=TOOLS) == plain


def without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_marks(each) for name, each in value.items() if name != "cache_control"}
    return [without_marks(each) for each in value] if isinstance(value, list) else value


def test_a_mark_that_is_there_already_stays_alone() -> None:
    upload = {"cache_control": {"type": "ephemeral", "ttl": "1h"}, "type": "container_upload", "file_id": "f"}
    data = MessagesWire(MessagesOptions(cache="5m")).body(
        ModelRequest("m", [Message("user", [TextBlock("a"), ProviderBlock("anthropic", upload)])])
    )
    assert data.count(b"cache_control") == 1
    assert from_json(data)["messages"][0]["content"][1] == upload


def test_text_that_looks_like_a_mark_is_none() -> None:
    text = '"cache_control":{"type":"ephemeral"}}'
    told = body(MessagesWire(MessagesOptions(cache="5m")), [Message("user", text)])
    assert told["messages"][0]["content"][0] == {"type": "text", "text": text, "cache_control": MARK}


def test_the_output_is_held_to_its_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}
    told = body(MessagesWire(), history(1), output=OutputSpec("out", schema))
    assert told["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"a": {"type": "integer", "description": "(minimum: 1)"}},
                "required": ["a"],
                "additionalProperties": False,
            },
        }
    }


def test_an_output_that_cannot_be_held_to_its_schema_is_asked_for_in_words() -> None:
    wire, output = MessagesWire(), OutputSpec("prices", {"type": "object", "additionalProperties": True})
    request = ModelRequest("claude-sonnet-4-5", history(1), system="Be brief.", output=output)
    told = from_json(wire.body(request))
    assert "output_config" not in told
    assert told["system"].startswith("Be brief.\n\nAnswer with one JSON value and nothing else")
    assert told["system"].endswith('{"type":"object","additionalProperties":true}')
    (warning,) = wire.warnings(request)
    assert warning.startswith(
        "the output 'prices' cannot be held to its schema, for it has an object with keys"
    )


def test_a_strict_tool_is_held_to_its_schema_or_is_sent_with_a_warning() -> None:
    closed = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}
    free = {"type": "object", "properties": {"a": {}}}
    tools = (
        ToolSpec("held", "d", closed, strict=True),
        ToolSpec("free", "d", free, strict=True),
        ToolSpec("plain", "d", closed, strict=False),
    )
    wire = MessagesWire()
    request = ModelRequest("m", history(1), tools=tools)
    told = from_json(wire.body(request))["tools"]
    assert told[0]["strict"] is True
    assert told[0]["input_schema"] == {
        "type": "object",
        "properties": {"a": {"type": "string", "description": "(maxLength: 3)"}},
        "additionalProperties": False,
    }
    assert "strict" not in told[1]
    assert told[1]["input_schema"] == free
    assert "strict" not in told[2]
    assert wire.warnings(request) == [
        "tool 'free' cannot be held to its schema, for it has a value of any type in it"
    ]
