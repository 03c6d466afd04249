"""The bytes of Anthropic's wire."""

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
    compact,
    flat,
    implied,
    named,
    quoted,
)
from voxagent.providers.anthropic.provider import AnthropicProvider
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries


def anthropic_error(kind: str, words: str) -> Any:
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


ANTHROPIC_ERRORS: Mapping[str, tuple[int, Any]] = {
    "authentication": (401, anthropic_error("authentication_error", f"invalid x-api-key: {KEY}")),
    "permission": (403, anthropic_error("permission_error", "Your API key does not have permission.")),
    "not_found": (404, anthropic_error("not_found_error", "model: m")),
    "bad_request": (400, anthropic_error("invalid_request_error", quoted("top_p: Input should be a number"))),
    "context_length": (
        400,
        anthropic_error("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
    ),
    "rate_limit": (429, anthropic_error("rate_limit_error", "This request would exceed your rate limit.")),
    "quota": (400, anthropic_error("invalid_request_error", "Your credit balance is too low.")),
    "server": (500, anthropic_error("api_error", "Internal server error")),
    "overloaded": (529, anthropic_error("overloaded_error", "Overloaded")),
}


class AnthropicDialect:
    """Anthropic's Messages."""

    name = "anthropic"
    provider_name = "anthropic"
    path = "/v1/messages"
    auth = ("authorization", f"Bearer {KEY}")
    own_headers: Mapping[str, str] = {"anthropic-version": "2026-10-21"}
    reasons = ("stop", "tool_use", "length", "refusal")
    errors = ANTHROPIC_ERRORS
    inside: Mapping[str, bytes] = {
        "server": named(anthropic_error("api_error", "Internal server error")),
        "overloaded": named(anthropic_error("overloaded_error", "Overloaded")),
        "rate_limit": named(anthropic_error("rate_limit_error", "This would exceed your rate limit.")),
        "content_filter": named(
            anthropic_error("invalid_request_error", "Output blocked by content filtering policy")
        ),
    }
    hollow: Sequence[Any] = (
        {},
        {"type": "message"},
        {"type": "message", "content": []},
        {"type": "message", "content": None},
        {"type": "message", "content": [None], "stop_reason": "end_turn"},
        {"type": "message", "content": [{}], "stop_reason": "end_turn"},
        {"type": "message", "content": "none", "stop_reason": "end_turn"},
        {"type": "message", "content": [], "stop_reason": "end_turn"},
        [],
        None,
        7,
        "none",
    )
    misfits: Sequence[Any] = (
        {},
        {"type": "message_start"},
        {"type": "content_block_start", "index": 9},
        {"type": "content_block_start", "index": 9, "content_block": None},
        {"type": "content_block_start", "index": 9, "content_block": {}},
        {"type": "content_block_start", "index": 9, "content_block": {"type": "text", "text": 7}},
        {"type": "content_block_delta", "index": 9, "delta": {"type": "text_delta", "text": "x"}},
        {"type": "content_block_delta", "index": 0, "delta": None},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 7}},
        {"type": "content_block_stop", "index": 9},
        {"type": "message_delta"},
        [],
        None,
        7,
        "none",
    )
    REASONS: Mapping[str, str] = {
        "stop": "end_turn",
        "tool_use": "tool_use",
        "length": "max_tokens",
        "refusal": "refusal",
    }

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return AnthropicProvider("m", key, url, retries=retries, **options)

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        usage = {"input_tokens": USAGE.input - USAGE.cached, "cache_read_input_tokens": USAGE.cached}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": []}
        message |= {"stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1}}
        told: list[Any] = [{"type": "message_start", "message": message}]
        rest: list[Any] = []
        for index, part in enumerate(parts):
            told += rest
            told.append({"type": "content_block_start", "index": index, "content_block": self._block(part)})
            told += [{"type": "ping"}] if index == 0 else []
            told += [
                {"type": "content_block_delta", "index": index, "delta": self._delta(part, piece)}
                for piece in part.pieces
            ]
            rest = [{"type": "content_block_stop", "index": index}]
            if isinstance(part, Thinking):
                seal = {"type": "signature_delta", "signature": "Eo4ECkYI"}
                rest.insert(0, {"type": "content_block_delta", "index": index, "delta": seal})
        finish = {"stop_reason": self.REASONS[reason or implied(parts)], "stop_sequence": None}
        counted = {**usage, "output_tokens": USAGE.output}
        rest += [{"type": "message_delta", "delta": finish, "usage": counted}, {"type": "message_stop"}]
        return Events([named(event, ascii) for event in told], [named(event, ascii) for event in rest])

    def _block(self, part: Part) -> Any:
        match part:
            case Text():
                return {"type": "text", "text": ""}
            case Thinking():
                return {"type": "thinking", "thinking": "", "signature": ""}
            case Call():
                return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}

    def _delta(self, part: Part, piece: str) -> Any:
        match part:
            case Text():
                return {"type": "text_delta", "text": piece}
            case Thinking():
                return {"type": "thinking_delta", "thinking": piece}
            case Call():
                return {"type": "input_json_delta", "partial_json": piece}

    def whole(self, words: str) -> Any:
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1"}
        usage = {"input_tokens": USAGE.input, "output_tokens": USAGE.output}
        return {
            **head,
            "content": [{"type": "text", "text": words}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }

    def _blocks(self, body: Any, kind: str) -> list[Any]:
        lists = [message["content"] for message in body["messages"] if isinstance(message["content"], list)]
        return [block for blocks in lists for block in blocks if block["type"] == kind]

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        return [
            (block["id"], block["name"], compact(block["input"])) for block in self._blocks(body, "tool_use")
        ]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        return [(block["tool_use_id"], flat(block["content"])) for block in self._blocks(body, "tool_result")]
