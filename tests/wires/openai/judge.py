"""A second reading of recorded answers, written for clarity and with nothing of the decoders in it."""

import json
from collections.abc import Iterator
from typing import Any

from .answers import Answer
from .recordings import Exchange

REASONS = {"stop": "stop", "length": "length", "tool_calls": "tool_use", "content_filter": "content_filter"}


class Broken(Exception):
    """The stream has something in it that is no JSON."""


def expected(exchange: Exchange) -> Answer:
    """What the answer says."""
    read = _chat if exchange.wire == "openai-chat" else _responses
    return read(exchange)


def events(text: str) -> Iterator[Any]:
    """The JSON values of a stream, without its comments and its `[DONE]`."""
    for block in text.replace("\r\n", "\n").split("\n\n"):
        data = "\n".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))
        if data and data != "[DONE]":
            try:
                yield json.loads(data)
            except ValueError:
                raise Broken from None


def _error_kind(error: Any) -> str:
    """The errors that the recordings have inside answers are few."""
    if error.get("code") == 400 or error.get("type") == "invalid_request_error":
        return "bad_request"
    assert "server_error" in (error.get("type"), error.get("code"))
    return "server"


# --- Chat Completions


def _chat(exchange: Exchange) -> Answer:
    answer = Answer()
    if exchange.kind == "json":
        body = exchange.answer
        if not body.get("choices"):
            return Answer(error="malformed")
        _chat_choice(answer, body["choices"][0], "message")
        _chat_sources(answer, body)
        answer.model, answer.usage = body["model"], _chat_usage(body.get("usage"))
        return _chat_ended(answer, body["choices"][0].get("finish_reason"))
    reason = None
    try:
        for event in events(exchange.answer):
            if event.get("error"):
                return Answer(text=answer.text, error=_error_kind(event["error"]))
            answer.model = event["model"] or answer.model
            usage = event.get("usage") or (event.get("x_groq") or {}).get("usage")
            answer.usage = _chat_usage(usage) or answer.usage
            for choice in event["choices"]:
                if choice.get("index", 0) == 0:
                    _chat_choice(answer, choice, "delta")
                    reason = choice.get("finish_reason") or reason
    except Broken:
        pass
    if exchange.broken_off or reason is None:
        return Answer(text=answer.text, error="broken off" if exchange.broken_off else "truncated")
    return _chat_ended(answer, reason)


def _chat_ended(answer: Answer, reason: str | None) -> Answer:
    answer.calls = [(id, name, arguments or "{}") for id, name, arguments in answer.calls]
    answer.reason = REASONS[reason] if reason else None
    if reason == "stop" and (answer.calls or answer.refusal):
        answer.reason = "tool_use" if answer.calls else "refusal"
    return answer


def _chat_choice(answer: Answer, choice: Any, field: str) -> None:
    said = choice[field]
    content = said.get("content") or ""
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if part["type"] == "thinking":
            answer.thinking += "".join(piece["text"] for piece in part["thinking"])
        else:
            answer.text += part["text"]
    details = "".join(
        each.get("text", each.get("summary", "")) for each in said.get("reasoning_details") or []
    )
    answer.thinking += said.get("reasoning_content") or said.get("reasoning") or details
    answer.refusal += said.get("refusal") or ""
    answer.citations += said.get("annotations") or []
    for call in said.get("tool_calls") or []:
        function = call["function"]
        piece = function.get("arguments", "")
        # In the recordings a call begins exactly where an id stands.
        if "id" in call:
            answer.calls.append((call["id"], function["name"], piece))
        else:
            id, name, before = answer.calls[call["index"]]
            answer.calls[call["index"]] = (id, name, before + piece)


def _chat_sources(answer: Answer, body: Any) -> None:
    answer.citations = answer.citations or body.get("search_results") or []


def _chat_usage(usage: Any) -> tuple[int, int, int, int, int] | None:
    if not usage:
        return None
    read, written = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    names = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
    cached = read.get("cached_tokens") or max(usage.get(name) or 0 for name in names)
    return (
        usage["prompt_tokens"],
        usage["completion_tokens"],
        cached,
        read.get("cache_write_tokens") or 0,
        written.get("reasoning_tokens") or 0,
    )


# --- Responses


def _responses(exchange: Exchange) -> Answer:
    if exchange.kind == "json":
        if exchange.answer["status"] == "queued":
            return Answer(error="malformed")
        return _response(exchange.answer, exchange.answer["output"])
    text, items, final = "", dict[int, Any](), None
    try:
        for event in events(exchange.answer):
            match event["type"]:
                case "response.output_text.delta":
                    text += event["delta"]
                case "response.output_item.done":
                    items[event["output_index"]] = event["item"]
                case "response.completed" | "response.incomplete":
                    final = event["response"]
                case "error":
                    return Answer(text=text, error=_error_kind(event))
                case _:
                    pass
    except Broken:
        pass
    if final is None:
        return Answer(text=text, error="broken off" if exchange.broken_off else "truncated")
    # What the events tell of an item counts, also where the final object differs (another encryption).
    output = [*items.values(), *(item for place, item in enumerate(final["output"]) if place not in items)]
    answer = _response(final, output)
    assert answer.text == text
    return answer


def _response(response: Any, output: list[Any]) -> Answer:
    answer = Answer(model=response["model"])
    for item in output:
        match item["type"]:
            case "message":
                for part in item["content"]:
                    answer.text += part.get("text", "")
                    answer.refusal += part.get("refusal", "")
                    answer.citations += part.get("annotations", [])
            case "function_call":
                answer.calls.append((item["call_id"], item["name"], item["arguments"]))
            case "reasoning":
                opened = [part["text"] for part in item.get("content") or []]
                summary = [part["text"] for part in item["summary"]]
                answer.thinking += "".join(opened or summary)
                if opened:
                    answer.items.append("reasoning")
                elif item.get("encrypted_content"):
                    answer.seals.append((item["id"], item["encrypted_content"], tuple(summary)))
            case other:
                answer.items.append(other)
    usage = response["usage"]
    answer.usage = (
        usage["input_tokens"],
        usage["output_tokens"],
        usage["input_tokens_details"]["cached_tokens"],
        usage["input_tokens_details"].get("cache_write_tokens", 0),
        usage["output_tokens_details"]["reasoning_tokens"],
    )
    if response["status"] == "incomplete":
        answer.reason = {"max_output_tokens": "length"}[response["incomplete_details"]["reason"]]
    else:
        answer.reason = "tool_use" if answer.calls else "refusal" if answer.refusal else "stop"
    return answer
