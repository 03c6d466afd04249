"""Recorded request bodies read into our words, and the form in which two bodies are compared."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, cast

from voxagent.providers.base import ModelRequest
from voxagent.types.blocks import (
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from voxagent.types.config import ModelSettings, ToolSpec
from voxagent.types.message import Message

OWN = {
    "model",
    "max_tokens",
    "messages",
    "stream",
    "system",
    "stop_sequences",
    "temperature",
    "cache_control",
    "tool_choice",
}


def request_of(body: Mapping[str, Any]) -> ModelRequest:
    """The request that a recorded body was made for."""
    names: dict[str, str] = {}
    messages = [_message(each, names) for each in body["messages"]]
    tools = [each for each in body.get("tools", ()) if "type" not in each and "defer_loading" not in each]
    extra = {name: value for name, value in body.items() if name not in OWN}
    extra["tools"] = [without_marks(each) for each in body.get("tools", ()) if each not in tools]
    if not extra["tools"]:
        del extra["tools"]
    return ModelRequest(
        body["model"],
        messages,
        system=_system(body.get("system", "")),
        tools=tuple(_tool(each) for each in tools),
        settings=_settings(body, extra, bool(tools)),
    )


def _settings(body: Mapping[str, Any], extra: dict[str, Any], tools: bool) -> ModelSettings:
    settings: ModelSettings = {"max_tokens": body["max_tokens"], "extra_body": extra}
    if "stop_sequences" in body:
        settings["stop"] = body["stop_sequences"]
    if "temperature" in body:
        settings["temperature"] = body["temperature"]
    choice = body.get("tool_choice")
    if choice is not None and tools:
        kinds = {"any": "required", "tool": choice.get("name")}
        settings["tool_choice"] = kinds.get(choice["type"]) or choice["type"]
        if choice.get("disable_parallel_tool_use"):
            settings["parallel_tool_calls"] = False
    elif choice is not None:
        extra["tool_choice"] = choice
    return settings


def _system(system: str | Sequence[Mapping[str, Any]]) -> str:
    return system if isinstance(system, str) else "\n\n".join(block["text"] for block in system)


def _tool(tool: Mapping[str, Any]) -> ToolSpec:
    return ToolSpec(tool["name"], tool.get("description", ""), tool["input_schema"], tool.get("strict"))


def _message(message: Mapping[str, Any], names: dict[str, str]) -> Message:
    content = message["content"]
    if isinstance(content, str):
        return Message(message["role"], content)
    return Message(message["role"], [_block(without_marks(block), names) for block in content])


def _block(block: Mapping[str, Any], names: dict[str, str]) -> ContentBlock:
    match block:
        case {"type": "text"}:
            return TextBlock(block["text"], tuple(block.get("citations") or ()))
        case {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}:
            return ImageBlock(media, data)
        case {"type": "image", "source": {"type": "url", "url": url}}:
            return ImageBlock(url=url)
        case {"type": "document", "source": {"type": "base64" | "text" as how} as source} if (
            "citations" not in block
        ):
            data = source["data"] if how == "base64" else b64encode(source["data"].encode()).decode()
            return DocumentBlock(source["media_type"], data, name=block.get("title", ""))
        case {"type": "document", "source": {"type": "url", "url": url}}:
            return DocumentBlock(url=url)
        case {"type": "tool_use"}:
            names[block["id"]] = block["name"]
            return ToolUseBlock(block["id"], block["name"], block["input"])
        case {"type": "tool_result"}:
            return _result(block, names)
        case {"type": "thinking"}:
            return ThinkingBlock(block["thinking"], block["signature"], provider="anthropic")
        case {"type": "redacted_thinking"}:
            return ThinkingBlock("", block["data"], redacted=True, provider="anthropic")
        case _:
            return ProviderBlock("anthropic", dict(block))


def _result(block: Mapping[str, Any], names: dict[str, str]) -> ToolResultBlock:
    content = block.get("content", "")
    if not isinstance(content, str):
        content = [_block(each, names) for each in content]
    id = block["tool_use_id"]
    return ToolResultBlock(id, names.get(id, ""), content, block.get("is_error", False))


def without_marks(value: Any) -> Any:
    """The value without marks for the cache."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {name: without_marks(each) for name, each in fields.items() if name != "cache_control"}
    if isinstance(value, list):
        return [without_marks(each) for each in cast("list[Any]", value)]
    return value


def comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body in a form in which only what matters to the model differs."""
    told = {name: value for name, value in without_marks(body).items() if name != "stream"}
    told["messages"] = _turns(told["messages"])
    told["system"] = _system(told.pop("system", ""))
    told["tools"] = [_without(each, "strict", False) for each in told.pop("tools", ())]
    told["tools"] = [_without(each, "description", "") for each in told["tools"]]
    if "tool_choice" in told:
        told["tool_choice"] = _without(told["tool_choice"], "disable_parallel_tool_use", False)
    return told


def _without(fields: Mapping[str, Any], name: str, default: object) -> dict[str, Any]:
    """The fields without one that says what is meant anyway."""
    return {key: value for key, value in fields.items() if key != name or value != default}


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """Messages of one role in a row are one to the API, and a string is short for a block of text.

    Text without a visible character says nothing; the API took it in one recording and refuses it in general.
    """
    turns: list[tuple[str, list[Any]]] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        blocks = [block for block in blocks if block["type"] != "text" or block["text"].strip()]
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(map(_plain, blocks))
        else:
            turns.append((message["role"], [_plain(block) for block in blocks]))
    return [
        (role, sorted(blocks, key=lambda block: role == "user" and block["type"] != "tool_result"))
        for role, blocks in turns
    ]


def _plain(block: Mapping[str, Any]) -> dict[str, Any]:
    """`is_error: false` and an empty result are what is meant by saying nothing."""
    return {
        name: value
        for name, value in block.items()
        if not (name == "is_error" and value is False)
        and not (name == "content" and value in ("", []))
        and not (name == "citations" and not value)
    }


def loaded(data: bytes) -> dict[str, Any]:
    """A body's JSON."""
    return cast("dict[str, Any]", json.loads(data))
