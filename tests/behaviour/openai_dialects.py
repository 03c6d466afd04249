"""The bytes of OpenAI's two wires."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.behaviour.wire import (
    KEY,
    QUICK,
    USAGE,
    Call,
    Events,
    Part,
    Text,
    Thinking,
    flat,
    implied,
    named,
    quoted,
    text,
    unnamed,
)
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries
from voxagent.providers.openai.provider import OpenAIProvider


def openai_error(words: str, kind: str, code: str | None = None) -> Any:
    return {"error": {"message": words, "type": kind, "param": None, "code": code}}


OPENAI_ERRORS: Mapping[str, tuple[int, Any]] = {
    "authentication": (
        401,
        openai_error(f"Incorrect API key provided: {KEY}.", "invalid_request_error", "invalid_api_key"),
    ),
    "permission": (403, openai_error("Country, region, or territory not supported", "request_forbidden")),
    "not_found": (
        404,
        openai_error("The model `m` does not exist", "invalid_request_error", "model_not_found"),
    ),
    "bad_request": (400, openai_error(quoted("Invalid value for 'top_p'"), "invalid_request_error")),
    "context_length": (
        400,
        openai_error(
            "This model's maximum context length is 8192 tokens.",
            "invalid_request_error",
            "context_length_exceeded",
        ),
    ),
    "rate_limit": (
        429,
        openai_error(
            "Rate limit reached for gpt-4o: Limit 500, Used 500.", "requests", "rate_limit_exceeded"
        ),
    ),
    "quota": (
        429,
        openai_error("You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    ),
    "server": (500, openai_error("The server had an error processing your request.", "server_error")),
    "overloaded": (503, openai_error("The engine is currently overloaded.", "server_error")),
}
CHAT_ODD = [
    {},
    {"choices": []},
    {"choices": None},
    {"choices": [{}]},
    {"choices": [None]},
    {"choices": "none"},
    {"choices": [{"index": 0, "delta": "none", "message": "none"}]},
    [],
    None,
    7,
    "none",
]


class ChatDialect:
    """OpenAI's Chat Completions."""

    name = "chat"
    provider_name = "openai"
    path = "/v1/chat/completions"
    auth = ("authorization", f"Bearer {KEY}")
    own_headers: Mapping[str, str] = {}
    reasons = ("stop", "tool_use", "length", "content_filter")
    errors = OPENAI_ERRORS
    inside: Mapping[str, bytes] = {
        "server": unnamed(OPENAI_ERRORS["server"][1]),
        "overloaded": unnamed(OPENAI_ERRORS["overloaded"][1]),
        "rate_limit": unnamed(OPENAI_ERRORS["rate_limit"][1]),
    }
    hollow = CHAT_ODD
    misfits: Sequence[Any] = tuple(
        each for each in CHAT_ODD if each not in ({"choices": []}, {"choices": [{}]})
    )
    REASONS: Mapping[str, str] = {
        "stop": "stop",
        "tool_use": "tool_calls",
        "length": "length",
        "content_filter": "content_filter",
    }

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return OpenAIProvider("m", key, f"{url}/v1", api="chat", retries=retries, **options)

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        deltas: list[Any] = [{"role": "assistant", "content": "", "refusal": None}]
        number = 0
        for part in parts:
            match part:
                case Text():
                    deltas += [{"content": piece} for piece in part.pieces]
                case Thinking():
                    deltas += [{"reasoning_content": piece} for piece in part.pieces]
                case Call():
                    head = {
                        "id": part.id,
                        "type": "function",
                        "function": {"name": part.name, "arguments": ""},
                    }
                    deltas.append({"tool_calls": [{"index": number, **head}]})
                    deltas += [
                        {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}
                        for piece in part.pieces
                    ]
                    number += 1
        finish = self.REASONS[reason or implied(parts)]
        usage = {
            "prompt_tokens": USAGE.input,
            "completion_tokens": USAGE.output,
            "total_tokens": USAGE.input + USAGE.output,
            "prompt_tokens_details": {"cached_tokens": USAGE.cached, "audio_tokens": 0},
        }
        return Events(
            [unnamed(self._chunk([self._choice(delta)]), ascii) for delta in deltas],
            [
                unnamed(self._chunk([self._choice({}, finish)])),
                unnamed(self._chunk([], usage)),
                b"data: [DONE]\n\n",
            ],
        )

    def _choice(self, delta: Any, finish: str | None = None) -> Any:
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}

    def _chunk(self, choices: Any, usage: Any = None) -> Any:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767625745, "model": "m-1"}
        return {**head, "choices": choices, "usage": usage}

    def whole(self, words: str) -> Any:
        message = {"role": "assistant", "content": words, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        usage = {"prompt_tokens": USAGE.input, "completion_tokens": USAGE.output}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1767625745, "model": "m-1"}
        return {**head, "choices": [choice], "usage": usage}

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
        return [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        results = [message for message in body["messages"] if message["role"] == "tool"]
        return [(result["tool_call_id"], flat(result["content"])) for result in results]


# --- OpenAI: Responses ------------------------------------------------------------------------------


RESPONSES_ODD = [
    {},
    {"output": None},
    {"output": "none"},
    {"output": [None]},
    {"output": [{}]},
    {"output": []},
    [],
    None,
    7,
    "none",
]


class ResponsesDialect:
    """OpenAI's Responses."""

    name = "responses"
    provider_name = "openai"
    path = "/v1/responses"
    auth = ("authorization", f"Bearer {KEY}")
    own_headers: Mapping[str, str] = {}
    reasons = ("stop", "tool_use", "length", "content_filter")
    errors = OPENAI_ERRORS
    inside: Mapping[str, bytes] = {
        "server": named({"type": "error", "code": "server_error", "message": "The server had an error."}),
        "overloaded": named({"type": "error", "code": "server_error", "message": "currently overloaded"}),
        "rate_limit": named(
            {"type": "error", "code": "rate_limit_exceeded", "message": "Rate limit reached for m."}
        ),
    }
    hollow = RESPONSES_ODD
    misfits: Sequence[Any] = (
        {},
        {"type": None},
        {"type": "response.output_text.delta"},
        {"type": "response.output_text.delta", "delta": 7},
        {"type": "response.function_call_arguments.delta"},
        {"type": "response.output_item.done"},
        {"type": "response.output_item.added", "item": None},
        {"type": "response.completed"},
        {"type": "response.completed", "response": None},
        {"type": "response.completed", "response": {"status": "completed", "output": 7}},
        [],
        None,
        7,
        "none",
    )

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return OpenAIProvider("m", key, f"{url}/v1", api="responses", retries=retries, **options)

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        told: list[Any] = [
            {"type": "response.created", "response": self._response([], "in_progress")},
            {"type": "response.in_progress", "response": self._response([], "in_progress")},
        ]
        items, rest = [], []
        for place, part in enumerate(parts):
            told += rest
            item, begin, rest = self._item(place, part)
            items.append(item)
            told += begin
        reason = reason or implied(parts)
        incomplete = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reason)
        status = "incomplete" if incomplete else "completed"
        final = {**self._response(items, status), "usage": self._usage()}
        final["incomplete_details"] = {"reason": incomplete} if incomplete else None
        rest = [*rest, {"type": f"response.{status}", "response": final}]
        return Events([named(event, ascii) for event in told], [named(event, ascii) for event in rest])

    def _item(self, place: int, part: Part) -> tuple[Any, list[Any], list[Any]]:
        """The item, the events up to its last piece, and those that end it."""
        where = {"output_index": place, "item_id": f"it_{place}"}
        whole = "".join(part.pieces)
        item: Any
        match part:
            case Text():
                kind, begun, more = "response.output_text", {"content": []}, {"content_index": 0}
                content = {"type": "output_text", "annotations": [], "logprobs": [], "text": whole}
                item = {"id": f"it_{place}", "type": "message", "role": "assistant", "content": [content]}
                closing = [{"type": "response.content_part.done", **where, **more, "part": content}]
                done = {"text": whole}
            case Thinking():
                kind, begun, more = "response.reasoning_summary_text", {"summary": []}, {"summary_index": 0}
                summary = {"type": "summary_text", "text": whole}
                item = {"id": f"it_{place}", "type": "reasoning", "summary": [summary]}
                item["encrypted_content"] = "gAAAAABo"
                closing = [{"type": "response.reasoning_summary_part.done", **where, **more, "part": summary}]
                done = {"text": whole}
            case Call():
                kind, begun, more = "response.function_call_arguments", {"arguments": ""}, {}
                item = {"id": f"it_{place}", "type": "function_call", "name": part.name}
                item |= {"arguments": whole, "call_id": part.id}
                closing, done = [], {"arguments": whole}
        added = {**item, **begun, "status": "in_progress"}
        begin = [{"type": "response.output_item.added", "output_index": place, "item": added}]
        begin += [{"type": f"{kind}.delta", **where, **more, "delta": piece} for piece in part.pieces]
        item["status"] = "completed"
        rest = [{"type": f"{kind}.done", **where, **more, **done}, *closing]
        rest.append({"type": "response.output_item.done", "output_index": place, "item": item})
        return item, begin, rest

    def _response(self, items: Any, status: str) -> Any:
        head = {"id": "resp_1", "object": "response", "created_at": 1768953201, "model": "m-1"}
        return {**head, "status": status, "error": None, "output": items, "usage": None}

    def _usage(self) -> Any:
        return {
            "input_tokens": USAGE.input,
            "input_tokens_details": {"cached_tokens": USAGE.cached},
            "output_tokens": USAGE.output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": USAGE.input + USAGE.output,
        }

    def whole(self, words: str) -> Any:
        item, _, _ = self._item(0, text(words))
        return {**self._response([item], "completed"), "usage": self._usage()}

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        items = [item for item in body["input"] if item.get("type") == "function_call"]
        return [(item["call_id"], item["name"], item["arguments"]) for item in items]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        items = [item for item in body["input"] if item.get("type") == "function_call_output"]
        return [(item["call_id"], flat(item["output"])) for item in items]
