"""Recorded request bodies as voxagent's requests, and both kinds of bodies in a form that can be compared."""

import json
from collections.abc import Iterable
from typing import Any

from voxagent.providers.base import ModelRequest
from voxagent.providers.http.names import wire_id
from voxagent.types import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    ModelSettings,
    OutputSpec,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)

OWN = ("messages", "input", "model", "stream", "stream_options", "tools", "instructions", "store", "include")


class Foreign(Exception):
    """The recorded request has something in it that no request of ours has; the text says what."""


def request_of(body: Any) -> ModelRequest:
    """The request that asks what a recorded body asks."""
    messages, system = _messages(body["messages"]) if "messages" in body else _items(body["input"])
    extra = {name: value for name, value in body.items() if name not in OWN}
    return ModelRequest(
        body.get("model", "gpt-4o"),
        messages,
        "\n\n".join([*([body["instructions"]] if body.get("instructions") else []), *system]),
        [_tool(tool) for tool in body.get("tools") or [] if _is_function(tool)],
        _output(extra),
        _settings(extra, [tool for tool in body.get("tools") or [] if not _is_function(tool)]),
    )


def _is_function(tool: Any) -> bool:
    return tool.get("type") == "function" or "function" in tool


def _tool(tool: Any) -> ToolSpec:
    told = tool.get("function", tool)
    schema = told.get("parameters") or {"type": "object", "properties": {}}
    return ToolSpec(told["name"], told.get("description") or "", schema, False)


def _output(extra: dict[str, Any]) -> OutputSpec | None:
    wanted = extra.get("response_format") or (extra.get("text") or {}).get("format") or {}
    if wanted.get("type") != "json_schema":
        return None
    extra.pop("response_format", None), extra.pop("text", None)
    told = wanted.get("json_schema", wanted)
    return OutputSpec(told["name"], told["schema"], told.get("description", ""))


def _settings(extra: dict[str, Any], tools: list[Any]) -> ModelSettings:
    settings: ModelSettings = {}
    for name in ("temperature", "top_p", "seed", "stop", "parallel_tool_calls"):
        if extra.get(name) is not None:
            settings[name] = extra[name]  # type: ignore[literal-required]
        extra.pop(name, None)
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        if name in extra:
            settings["max_tokens"] = extra.pop(name)
    choice = extra.pop("tool_choice", None)
    if isinstance(choice, str):
        settings["tool_choice"] = "required" if choice == "any" else choice
    elif choice and choice["type"] == "function":
        settings["tool_choice"] = choice.get("function", choice)["name"]
    elif choice:
        extra["tool_choice"] = choice
    settings["extra_body"] = {**extra, **({"tools": tools} if tools else {})}
    return settings


# --- Chat Completions


def _messages(recorded: Iterable[Any]) -> tuple[list[Message], list[str]]:
    messages: list[Message] = []
    system: list[str] = []
    names: dict[str, str] = {}
    for each in recorded:
        role, content = each["role"], each.get("content")
        if role in ("system", "developer"):
            if messages:
                raise Foreign("a system message amid the conversation")
            system += [content] if isinstance(content, str) else [part["text"] for part in content]
        elif role == "tool":
            id = each["tool_call_id"]
            block = ToolResultBlock(id, names.get(id, ""), content)
            if messages and messages[-1].tool_results:
                messages[-1] = Message("user", [*messages[-1].blocks, block])
            else:
                messages.append(Message("user", [block]))
        elif role == "assistant":
            blocks = _assistant(each)
            names |= {block.id: block.name for block in blocks if isinstance(block, ToolUseBlock)}
            messages.append(Message("assistant", blocks))
        else:
            messages.append(Message("user", content if isinstance(content, str) else _parts(content)))
    return messages, system


def _assistant(each: Any) -> list[ContentBlock]:
    blocks: list[ContentBlock] = []
    thought = each.get("reasoning_content") or each.get("reasoning")
    content = each.get("content") or ""
    for part in [] if isinstance(content, str) else content:
        if part["type"] == "thinking":
            thought = "".join(piece["text"] for piece in part["thinking"])
    if thought:
        blocks.append(ThinkingBlock(thought))
    if each.get("reasoning_details"):
        blocks.append(ProviderBlock("openai", {"type": "details", "details": each["reasoning_details"]}))
    if not isinstance(content, str):
        content = "".join(part.get("text", "") for part in content)
    if content:
        blocks.append(TextBlock(content))
    for call in each.get("tool_calls") or []:
        blocks.append(_use(call["id"], call["function"]["name"], call["function"]["arguments"]))
    return blocks


def _use(id: str, name: str, arguments: str) -> ToolUseBlock:
    return ToolUseBlock(id, name, json.loads(arguments or "{}"))


def _parts(parts: Iterable[Any]) -> list[ContentBlock]:
    return [_part(part) for part in parts]


def _part(part: Any) -> ContentBlock:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return TextBlock(part["text"])
        case "image_url":
            return ImageBlock(**_source(part["image_url"]["url"]))
        case "input_image" if "image_url" in part:
            return ImageBlock(**_source(part["image_url"]))
        case "file" if "file_data" in part["file"]:
            return DocumentBlock(**_source(part["file"]["file_data"]), name=part["file"]["filename"])
        case "input_file" if "file_data" in part:
            return DocumentBlock(**_source(part["file_data"]), name=part["filename"])
        case "input_file" if "file_url" in part:
            return DocumentBlock(url=part["file_url"])
        case "input_audio":
            return AudioBlock(f"audio/{part['input_audio']['format']}", part["input_audio"]["data"])
        case other:
            raise Foreign(f"a part of type {other!r}: {sorted(part)}")


def _source(url: str) -> dict[str, str]:
    if not url.startswith("data:"):
        return {"url": url}
    media_type, _, data = url[5:].partition(";base64,")
    return {"media_type": media_type, "data": data}


# --- Responses


def _items(recorded: Any) -> tuple[list[Message], list[str]]:
    messages: list[Message] = []
    system: list[str] = []
    if isinstance(recorded, str):
        return [Message("user", recorded)], system
    for item in recorded:
        role = item.get("role")
        if role in ("system", "developer") and item.get("type") in (None, "message"):
            if messages:
                raise Foreign("a system message amid the conversation")
            system.append(item["content"])
        elif role == "user":
            content = item["content"]
            messages.append(Message("user", content if isinstance(content, str) else _parts(content)))
        elif item.get("type") == "function_call_output":
            output = item["output"] if isinstance(item["output"], str) else _parts(item["output"])
            _append(messages, "user", [ToolResultBlock(item["call_id"], "", output)])
        else:
            _append(messages, "assistant", _answered(item))
    return messages, system


def _append(messages: list[Message], role: Any, blocks: list[ContentBlock]) -> None:
    if messages and messages[-1].role == role and (role == "assistant" or messages[-1].tool_results):
        messages[-1] = Message(role, [*messages[-1].blocks, *blocks])
    else:
        messages.append(Message(role, blocks))


def _answered(item: Any) -> list[ContentBlock]:
    match item.get("type", "message"):
        case "message":
            content = item["content"]
            texts = [content] if isinstance(content, str) else [part["text"] for part in content]
            blocks: list[ContentBlock] = [TextBlock(text) for text in texts if text]
            if item.get("phase"):
                blocks.append(ProviderBlock("openai", {"type": "message", "phase": item["phase"]}))
            return blocks
        case "function_call":
            call = _use(item["call_id"], item["name"], item["arguments"])
            space = item.get("namespace")
            kept = ProviderBlock("openai", {"type": "function_call", "namespace": space})
            return [call, kept] if space else [call]
        case "reasoning" if item.get("encrypted_content") and not item.get("content"):
            *first, last = [part["text"] for part in item["summary"]] or [""]
            id, seal = item.get("id"), item["encrypted_content"]
            told = [ThinkingBlock(text, id=id, provider="openai") for text in first]
            return [*told, ThinkingBlock(last, seal, not last, id, "openai")]
        case _:
            return [ProviderBlock("openai", item)]


# --- what matters of a body


def substance(body: Any) -> Any:
    """A body without what may be said in several ways: the same for two bodies that ask the same."""
    said = body.get("messages") if "messages" in body else body.get("input")
    if isinstance(said, str):
        said = [{"role": "user", "content": said}]
    told: list[Any] = []
    system = body.get("instructions") or ""
    for each in said:
        if each.get("role") in ("system", "developer") and each.get("type") in (None, "message"):
            system += ("\n\n" if system else "") + _plain(each["content"])
        else:
            told += _said(each)
    return {
        "system": system,
        "said": told,
        "tools": sorted((_named(tool) for tool in body.get("tools") or []), key=str),
        "model": body.get("model", "gpt-4o"),
        "choice": _chosen(body.get("tool_choice")),
    }


def _named(tool: Any) -> Any:
    if not _is_function(tool):
        return tool
    told = tool.get("function", tool)
    return told["name"], told.get("description") or ""


def _chosen(choice: Any) -> Any:
    if isinstance(choice, dict) and choice["type"] == "function":
        return choice.get("function", choice)["name"]
    return {"any": "required"}.get(choice, choice) if isinstance(choice, str) else choice


def _plain(content: Any) -> str:
    return content if isinstance(content, str) else "\n\n".join(part["text"] for part in content)


def _said(each: Any) -> list[Any]:
    kind = each.get("type") or "message"
    if kind == "function_call":
        id, arguments = wire_id(each["call_id"], 64), json.loads(each["arguments"] or "{}")
        return [("call", id, each["name"], arguments, each.get("namespace"))]
    if kind == "function_call_output":
        return [("result", wire_id(each["call_id"], 64), _content(each["output"]))]
    if kind == "reasoning":
        summary = [part["text"] for part in each["summary"]]
        return [
            ("thought", each.get("id"), each.get("encrypted_content"), summary, each.get("content") or [])
        ]
    if kind != "message" or each["role"] not in ("user", "assistant", "tool"):
        return [each]
    if each["role"] == "tool":
        return [("result", wire_id(each["tool_call_id"], 40), _content(each["content"]))]
    if each["role"] == "user":
        return [("user", _content(each["content"]))]
    text = [part for part in _content(each.get("content") or "") if part]
    told: list[Any] = [("assistant", part, each.get("phase")) for part in text]
    for name in ("reasoning_content", "reasoning_details"):
        told += [(name, each[name])] if each.get(name) else []
    for call in each.get("tool_calls") or []:
        function = call["function"]
        arguments = json.loads(function["arguments"] or "{}")
        told.append(("call", wire_id(call["id"], 40), function["name"], arguments, None))
    return told


def _content(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [content]
    return [_shown(part) for part in content]


def _shown(part: Any) -> Any:
    match part["type"]:
        case "text" | "input_text" | "output_text":
            return part["text"]
        case "image_url":
            return part["image_url"]["url"]
        case "input_image":
            return part["image_url"]
        case "file":
            return part["file"]["file_data"]
        case "input_file":
            return part.get("file_data") or part["file_url"]
        case "input_audio":
            return part["input_audio"]
        case _:
            return part
