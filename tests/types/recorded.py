"""Requests of recorded traffic that are text only, in our words, with the tokens that the service counted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from voxagent.types import (
    ContentBlock,
    Message,
    OutputSpec,
    TextBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)

LEAST = 200
NOT_TEXT = re.compile(
    r'"(image|image_url|input_image|input_file|document|file|input_audio|inlineData|inline_data|fileData|file_data'
    r"|audio|images|server_tool_use|encrypted_content|signature|thoughtSignature|thought_signature|reasoning_details"
    r"|reasoning_content|mcp_servers|container|previous_response_id|conversation|context_management|prompt"
    r'|cachedContent|plugins|web_search_options)":'
    r'|"type": "(thinking|redacted_thinking|reasoning|item_reference|tool_reference|compaction)"'
)
"""What makes a request more than text, or hides a part of it from us."""
HIDDEN = re.compile("compound")
"""Models that are systems: they run tools of their own, whose tokens are counted too."""


class Counted(NamedTuple):
    """A request and what it came to."""

    file: str
    family: str
    model: str
    messages: list[Message]
    system: str
    tools: list[ToolSpec]
    output: OutputSpec | None
    tokens: int


def counted(root: Path) -> Iterator[Counted]:
    """The requests of at least `LEAST` tokens in a folder of recordings, each different one once."""
    seen: set[tuple[str, int, int]] = set()
    for file in sorted(root.glob("*/*.json")):
        recording = json.loads(file.read_text("utf-8"))
        if recording.get("source", {}).get("kind") in ("made", "derived", "fixture"):
            continue
        for exchange in recording.get("exchanges", ()):
            found = _counted(file, recording["wire"], exchange)
            if found is None or found.tokens < LEAST or HIDDEN.search(found.model):
                continue
            key = (found.model, found.tokens, len(found.tools))
            if key not in seen:
                seen.add(key)
                yield found


def _counted(file: Path, wire: str, exchange: Any) -> Counted | None:
    request, response = exchange["request"], exchange["response"]
    body, path = request.get("body"), request["path"]
    if not isinstance(body, dict) or response["status"] != 200 or "count" in path:
        return None
    body.pop("include", None)
    if NOT_TEXT.search(json.dumps(body)):
        return None
    tokens = _tokens(wire, response)
    try:
        parts = _READ[wire](body)
    except (KeyError, TypeError, AttributeError):  # the service's own tools, or parts of other kinds
        return None
    named = re.search(r"models/([^:/]+)", path)
    model = body.get("model") or (named[1] if named else "")
    return (
        Counted(f"{file.parent.name}/{file.name}", file.parent.name, model, *parts, tokens)
        if tokens
        else None
    )


# --- what the service counted ---------------------------------------------------------------------


def _answers(response: Any) -> Iterator[dict[str, Any]]:
    body = response["body"]
    if isinstance(body, dict):
        yield body
        return
    for line in body.splitlines() if isinstance(body, str) else ():
        try:
            value = json.loads(line.removeprefix("data:"))
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _tokens(wire: str, response: Any) -> int:
    found = 0
    for answer in _answers(response):
        inner = answer.get("response") or answer.get("message") or answer
        usage = inner.get("usage") or (inner.get("x_groq") or {}).get("usage") or {}
        if wire == "anthropic":
            cached = ("cache_read_input_tokens", "cache_creation_input_tokens")
            if answer.get("type") in ("message", "message_start"):
                found = usage.get("input_tokens", 0) + sum(usage.get(name) or 0 for name in cached)
        elif wire == "google":
            found = answer.get("usageMetadata", {}).get("promptTokenCount") or found
        elif wire == "ollama":
            found = answer.get("prompt_eval_count") or found
        else:
            found = usage.get("prompt_tokens") or usage.get("input_tokens") or found
    return found


# --- what was asked ---------------------------------------------------------------------------------

Parts = tuple[list[Message], str, list[ToolSpec], OutputSpec | None]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part if isinstance(part, str) else part["text"] for part in content or ())


def _spec(told: Any) -> ToolSpec:
    schema = told.get("parameters") or told.get("input_schema") or told.get("parametersJsonSchema") or {}
    return ToolSpec(told["name"], told.get("description") or "", schema)


def _output(schema: Any) -> OutputSpec | None:
    return OutputSpec("output", schema) if schema else None


def _call(name: str, arguments: Any) -> ToolUseBlock:
    told = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolUseBlock("", name, {}, told)


def _chat(body: Any) -> Parts:
    messages: list[Message] = []
    system: list[str] = []
    for each in body["messages"]:
        text = _text(each.get("content"))
        if each["role"] in ("system", "developer"):
            system.append(text)
        elif each["role"] == "tool":
            messages.append(Message("user", [ToolResultBlock("", "", text)]))
        else:
            calls = [call["function"] for call in each.get("tool_calls") or ()]
            blocks = [_call(call["name"], call["arguments"]) for call in calls]
            messages.append(Message(each["role"], [TextBlock(text), *blocks]))
    tools = [_spec(tool["function"]) for tool in body.get("tools") or ()]
    form = (body.get("response_format") or {}).get("json_schema") or body.get("format")
    return messages, "\n".join(system), tools, _output(form if isinstance(form, dict) else None)


def _responses(body: Any) -> Parts:
    messages: list[Message] = []
    system = [body.get("instructions") or ""]
    items = body["input"]
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        kind = item.get("type", "message")
        if kind == "function_call":
            messages.append(Message("assistant", [_call(item["name"], item["arguments"])]))
        elif kind == "function_call_output":
            messages.append(Message("user", [ToolResultBlock("", "", _text(item["output"]))]))
        elif item["role"] in ("system", "developer"):
            system.append(_text(item["content"]))
        else:
            messages.append(Message(item["role"], _text(item["content"])))
    tools = [_spec(tool) for tool in body.get("tools") or ()]
    form = (body.get("text") or {}).get("format") or {}
    return messages, "\n".join(system), tools, _output(form.get("schema"))


def _anthropic(body: Any) -> Parts:
    messages = [Message(each["role"], _anthropic_blocks(each["content"])) for each in body["messages"]]
    tools = [_spec(tool) for tool in body.get("tools") or () if tool["input_schema"] is not None]
    form = body.get("output_format") or (body.get("output_config") or {}).get("format")
    return messages, _text(body.get("system") or ""), tools, _output(form)


def _anthropic_blocks(content: Any) -> list[ContentBlock]:
    blocks: list[ContentBlock] = []
    for part in [content] if isinstance(content, str) else content:
        if isinstance(part, str):
            blocks.append(TextBlock(part))
        elif part["type"] == "tool_use":
            blocks.append(_call(part["name"], part["input"]))
        elif part["type"] == "tool_result":
            blocks.append(ToolResultBlock("", "", _text(part.get("content"))))
        else:
            blocks.append(TextBlock(part["text"]))
    return blocks


def _google(body: Any) -> Parts:
    messages: list[Message] = []
    for each in body["contents"]:
        blocks: list[ContentBlock] = []
        for part in each["parts"]:
            if "functionCall" in part:
                blocks.append(_call(part["functionCall"]["name"], part["functionCall"].get("args") or {}))
            elif "functionResponse" in part:
                blocks.append(ToolResultBlock("", "", json.dumps(part["functionResponse"].get("response"))))
            else:
                blocks.append(TextBlock(part["text"]))
        messages.append(Message("assistant" if each.get("role") == "model" else "user", blocks))
    system = body.get("systemInstruction") or body.get("system_instruction")
    tools = [_spec(told) for tool in body.get("tools") or () for told in _declared(tool)]
    config = body.get("generationConfig") or {}
    form = config.get("responseSchema") or config.get("responseJsonSchema")
    return messages, _text(system["parts"]) if system else "", tools, _output(form)


def _declared(tool: Any) -> Any:
    return tool["functionDeclarations"] if "functionDeclarations" in tool else tool["function_declarations"]


_READ = {
    "openai-chat": _chat,
    "ollama": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "google": _google,
}
