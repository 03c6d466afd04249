"""What each vendor answers with status 400, as far as it is documented or seen: one function a protocol.

They know bodies only, and nothing of how voxagent builds them. Each gives what is wrong, in words; nothing if
the service would take the body. Sources: the vendors' references of their APIs; what these leave out is told
by the errors that the services are known to answer with.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Problems = Iterator[str]

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
PICTURES = ("image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp")


def is_base64(data: str) -> bool:
    try:
        b64decode(data, validate=True)
    except ValueError:
        return False
    return bool(data)


def usual(data: str) -> str:
    """Base64 as protobuf reads it: of both alphabets, padded or not."""
    data = data.translate(str.maketrans("-_", "+/"))
    return data + "=" * (-len(data) % 4)


def named(tools: Sequence[Any], names: Sequence[str]) -> Problems:
    """Tools have names that can be sent, and each its own."""
    for name in names:
        if not NAME.fullmatch(name):
            yield f"a tool called {name!r}"
    if len({*names}) < len(names):
        yield "two tools of one name"


def picture(url: str) -> Problems:
    if url.startswith("data:"):
        media, _, data = url[5:].partition(";base64,")
        if media not in PICTURES or not is_base64(data):
            yield f"a picture of type {media!r}"
    elif not url.startswith(("https://", "http://")):
        yield f"a picture at {url!r}"


# --- Chat Completions -----------------------------------------------------------------------------

SAID = {"role", "content", "tool_calls"}
BACK = {
    "deepseek": {"reasoning_content", "prefix"},
    "openrouter": {"reasoning_details"},
    "mistral": {"prefix"},
}


def chat(body: Any, vendor: str) -> Problems:
    """OpenAI's Chat Completions, and what a vendor that speaks it wants besides."""
    messages = body["messages"]
    yield from named(body.get("tools", ()), [tool["function"]["name"] for tool in body.get("tools", ())])
    if not messages:
        yield "no messages"
    due: list[str] = []
    taken: set[str] = set()
    for message in messages:
        role = message["role"]
        if role == "tool":
            if message["tool_call_id"] not in due:
                yield "a tool message that answers no call ahead of it"
            else:
                due.remove(message["tool_call_id"])
            if not isinstance(message["content"], str):
                yield "a result that is no text"
            continue
        if due:
            yield f"calls without a result: {due}"
        due = []
        if role == "assistant":
            yield from _chat_answer(message, vendor)
            due = [call["id"] for call in message.get("tool_calls", ())]
            if taken & {*due} or len({*due}) < len(due):
                yield "an id that is there twice"
            taken |= {*due}
        else:
            yield from _chat_parts(message, vendor)
    if due:
        yield f"calls without a result: {due}"
    yield from VENDORS.get(vendor, _nothing)(messages)


def _chat_answer(message: Any, vendor: str) -> Problems:
    if message.keys() - SAID - BACK.get(vendor, set()):
        yield f"fields that {vendor} does not know: {sorted(message)}"
    content, calls = message.get("content"), message.get("tool_calls")
    if not content and not calls:
        yield "an answer with nothing in it"
    if calls == []:
        yield "an empty list of calls"
    if isinstance(content, list) and vendor != "mistral":
        yield "an answer in parts"
    for call in calls or ():
        function = call["function"]
        if not NAME.fullmatch(function["name"]):
            yield f"a call of {function['name']!r}"
        if not 0 < len(call["id"]) <= 40:
            yield f"an id of {len(call['id'])} characters"
        if not isinstance(json.loads(function["arguments"]), dict):
            yield "arguments that are no object"


def _chat_parts(message: Any, vendor: str) -> Problems:
    content = message["content"]
    if isinstance(content, str):
        return
    if not content:
        yield "a message without parts"
    for part in content:
        match part["type"]:
            case "text":
                if not part["text"]:
                    yield "an empty text"
            case "image_url":
                yield from picture(part["image_url"]["url"])
                if vendor == "deepseek":
                    yield "unknown variant image_url, expected text"
            case "input_audio":
                if part["input_audio"]["format"] not in ("wav", "mp3") or vendor in ("deepseek", "groq"):
                    yield "sound that is not taken"
            case "file":
                if vendor in ("deepseek", "groq") or (vendor == "mistral"):
                    yield "a file where none is taken"
            case "document_url" if vendor == "mistral":
                pass
            case other:
                yield f"a part of type {other!r}"


def _nothing(messages: Any) -> Problems:
    yield from ()


def _framed(messages: Any) -> Problems:
    spoken = [message for message in messages if message["role"] != "system"]
    if spoken[0]["role"] != "user":
        yield "the first message is not the user's"
    if spoken[-1]["role"] == "assistant" and not spoken[-1].get("prefix"):
        yield "the last message is the assistant's, and no prefix"
    if any(message.get("prefix") for message in spoken[:-1]):
        yield "a prefix that is not the last message"


def _mistral(messages: Any) -> Problems:
    yield from _framed(messages)
    for message in messages:
        for id in [call["id"] for call in message.get("tool_calls", ())] + [message.get("tool_call_id")]:
            if id is not None and not re.fullmatch(r"[a-zA-Z0-9]{9}", id):
                yield f"an id that is not nine letters and digits: {id!r}"
    for one, other in pairwise(messages):
        if one["role"] == "tool" and other["role"] == "user":
            yield "Unexpected role 'user' after role 'tool'"


def _deepseek(messages: Any) -> Problems:
    yield from _framed(messages)
    for message in messages:
        if message.get("tool_calls") and "reasoning_content" not in message:
            yield "calls without the thoughts ahead of them"


VENDORS = {"mistral": _mistral, "deepseek": _deepseek}


# --- Responses ------------------------------------------------------------------------------------


def responses(body: Any, model: str) -> Problems:
    """OpenAI's Responses, with nothing kept by the service."""
    items = body["input"]
    yield from named(body.get("tools", ()), [tool["name"] for tool in body.get("tools", ())])
    if body["store"] or "previous_response_id" in body:
        yield "a request that relies on what the service keeps"
    if not items:
        yield "no input"
    calls: list[str] = []
    results: list[str] = []
    for item, after in zip(items, [*items[1:], None], strict=True):
        match item.get("type", "message"):
            case "message":
                yield from _said(item)
            case "function_call":
                if not NAME.fullmatch(item["name"]) or not 0 < len(item["call_id"]) <= 64:
                    yield f"a call {item['call_id']!r} of {item['name']!r}"
                if not isinstance(json.loads(item["arguments"]), dict):
                    yield "arguments that are no object"
                calls.append(item["call_id"])
            case "function_call_output":
                if item["call_id"] not in calls:
                    yield "no tool call found for function call output"
                results.append(item["call_id"])
                if not isinstance(item["output"], str):
                    yield from _shown(item["output"])
            case "reasoning":
                yield from _reasoning(item, after, model)
            case "reasoning_details":
                yield "an item of an unknown type"
            case _:
                pass
    if sorted(calls) != sorted(results) or len({*calls}) < len(calls):
        yield "no tool output found for function call, or two"


def _said(item: Any) -> Problems:
    content = item["content"]
    if isinstance(content, str):
        if not content and item["role"] == "assistant":
            yield "an answer with nothing in it"
        return
    yield from _shown(content)


def _shown(parts: Any) -> Problems:
    if not parts:
        yield "a message without parts"
    for part in parts:
        match part["type"]:
            case "input_text" | "output_text":
                if not part["text"]:
                    yield "an empty text"
            case "input_image":
                yield from picture(part["image_url"])
            case "input_file":
                pass
            case other:
                yield f"a part of type {other!r}"


def _reasoning(item: Any, after: Any, model: str) -> Problems:
    if model.startswith(("gpt-4", "gpt-3")):
        yield "Reasoning input items can only be provided to a reasoning model"
    if after is None or after.get("role") == "user" or after.get("type") == "function_call_output":
        yield "reasoning was provided without its required following item"
    if "encrypted_content" not in item and not item.get("content"):
        yield "reasoning that is kept nowhere"


# --- Anthropic ------------------------------------------------------------------------------------

ANTHROPIC_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
THOUGHTS = ("thinking", "redacted_thinking")


def anthropic(body: Any, *, prefill: bool) -> Problems:
    """Anthropic's Messages."""
    messages = body["messages"]
    ours = [tool["name"] for tool in body.get("tools", ()) if "input_schema" in tool]
    yield from named(body.get("tools", ()), ours)
    if not messages or messages[0]["role"] != "user":
        yield "the first message is not the user's"
    taken: set[str] = set()
    due: list[str] = []
    for number, message in enumerate(messages):
        content = message["content"]
        if not content:
            yield "a message without content"
        results = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
        if sorted(results) != sorted(due):
            yield f"tool_use ids without tool_result blocks behind them, or more of these: {due}, {results}"
        if any(block["type"] != "tool_result" for block in content[: len(results)]):
            yield "text ahead of results"
        due = [block["id"] for block in content if block["type"] == "tool_use"]
        if len({*due}) < len(due) or taken & {*due}:
            yield "tool_use ids are not unique"
        taken |= {*due}
        if message["role"] == "assistant":
            yield from _anthropic_answer(content)
            if due and number == len(messages) - 1:
                yield "calls without results"
        elif due:
            yield "a call of the user's"
        for block in content:
            yield from _anthropic_block(block, message["role"])
    if messages and not _is_paused(messages[-1]):
        yield from _anthropic_end(messages[-1], body, prefill)
    if [one for one, other in pairwise(messages) if one["role"] == other["role"]]:
        yield "roles that do not alternate"


def _anthropic_answer(content: Any) -> Problems:
    if content and content[-1]["type"] in THOUGHTS:
        yield "The final block in an assistant message cannot be thinking"


def _is_paused(message: Any) -> bool:
    return message["role"] == "assistant" and message["content"][-1]["type"].endswith(
        ("_tool_use", "_tool_result")
    )


def _anthropic_end(message: Any, body: Any, prefill: bool) -> Problems:
    if message["role"] != "assistant":
        return
    if not prefill:
        yield "This model does not support assistant message prefill"
    if body.get("thinking", {}).get("type") == "enabled":
        yield "an answer that is begun, of a model that thinks"
    last = message["content"][-1]
    if last["type"] == "text" and last["text"] != last["text"].rstrip():
        yield "final assistant content cannot end with trailing whitespace"


def _anthropic_block(block: Any, role: str) -> Problems:
    match block["type"]:
        case "text":
            if not block["text"].strip():
                yield "text content blocks must contain non-whitespace text"
        case "tool_use":
            if not re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]) or not NAME.fullmatch(block["name"]):
                yield f"a call {block['id']!r} of {block['name']!r}"
        case "tool_result":
            yield from _anthropic_result(block)
        case "thinking":
            if not block["signature"]:
                yield "thoughts without a signature"
        case "redacted_thinking":
            if not block["data"]:
                yield "thoughts without data"
        case "image":
            yield from _anthropic_picture(block, role)
        case "document":
            if role != "user":
                yield "a document in an answer"
        case _:
            pass


def _anthropic_result(block: Any) -> Problems:
    content = block.get("content", "")
    if isinstance(content, str):
        if block.get("is_error") and not content:
            yield "an error without content"
        return
    if block.get("is_error") and any(part["type"] != "text" for part in content):
        yield "all content must be type text if is_error is true"
    for part in content:
        yield from _anthropic_block(part, "user")


def _anthropic_picture(block: Any, role: str) -> Problems:
    source = block["source"]
    if role != "user":
        yield "a picture in an answer"
    if source["type"] == "base64" and (
        source["media_type"] not in ANTHROPIC_PICTURES or not is_base64(source["data"])
    ):
        yield f"a picture of type {source['media_type']!r}"


# --- Google ---------------------------------------------------------------------------------------

GOOGLE_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
GOOGLE_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")


def google(body: Any, *, seals: bool) -> Problems:
    """The Gemini API.

    Args:
        body: The request.
        seals: Whether the model refuses calls without a seal (generation 3 and later).
    """
    contents = body["contents"]
    if not contents or contents[0]["role"] != "user":
        yield "the first content is not the user's"
    if [one for one, other in pairwise(contents) if one["role"] == other["role"]]:
        yield "roles that do not alternate"
    due: list[str] = []
    for content in contents:
        parts = content["parts"]
        if not parts:
            yield "a content without parts"
        results = [part["functionResponse"]["name"] for part in parts if "functionResponse" in part]
        if results != due:
            yield f"function response parts {results} for function call parts {due}"
        calls = [part for part in parts if "functionCall" in part]
        due = [part["functionCall"]["name"] for part in calls]
        if calls and content["role"] != "model":
            yield "a call of the user's"
        if calls and seals and not calls[0].get("thoughtSignature"):
            yield "Function call is missing a thought_signature"
        for part in parts:
            yield from _google_part(part)
    if due:
        yield "calls without results"
    declared = [each for tool in body.get("tools", ()) for each in tool.get("functionDeclarations", ())]
    for each in declared:
        if not GOOGLE_NAME.fullmatch(each["name"]):
            yield f"a tool called {each['name']!r}"


def _google_part(part: Any) -> Problems:
    call = part.get("functionCall") or part.get("functionResponse")
    if call and not GOOGLE_NAME.fullmatch(call["name"]):
        yield f"a function called {call['name']!r}"
    if part.get("text") == "" and "thoughtSignature" not in part:
        yield "an empty part"
    if part.keys() <= {"thought", "thoughtSignature"}:
        yield "a part without data"
    blob = part.get("inlineData")
    if blob is not None:
        media = blob["mimeType"]
        if not media or not is_base64(usual(blob["data"])):
            yield "bytes without a type, or none"
        if media.startswith("image/") and media not in GOOGLE_PICTURES:
            yield f"Unsupported MIME type: {media}"


# --- Ollama ---------------------------------------------------------------------------------------

OLLAMA: Mapping[str, set[str]] = {
    "system": {"role", "content"},
    "user": {"role", "content", "images"},
    "assistant": {"role", "content", "thinking", "tool_calls"},
    "tool": {"role", "content", "tool_name", "tool_call_id"},
}


def ollama(body: Any) -> Problems:
    """Ollama's own protocol, as its documentation shows it."""
    for message in body["messages"]:
        if message.keys() - OLLAMA[message["role"]]:
            yield f"fields that are not known: {sorted(message)}"
        if not isinstance(message["content"], str):
            yield "content that is no text"
        if not isinstance(message.get("thinking", ""), str):
            yield "thinking that is no text"
        for image in message.get("images", ()):
            if not is_base64(image):
                yield "a picture that is no base64"
        for call in message.get("tool_calls", ()):
            if not isinstance(call["function"]["arguments"], dict):
                yield "arguments that are no object"
