"""The bytes of the proxy's wire."""

import json
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
    quoted,
    text,
    unnamed,
)
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries
from voxagent.providers.proxy.provider import ProxyProvider

AGAIN = ("rate_limit", "server", "overloaded")


def proxy_error(kind: str, words: str) -> Any:
    return {"error": {"kind": kind, "message": words, "retryable": kind in AGAIN}}


def inside(kind: str, words: str) -> bytes:
    return unnamed({"type": "error", **proxy_error(kind, words)})


class ProxyDialect:
    """What a proxy of voxagent speaks."""

    name = "proxy"
    provider_name = "proxy"
    path = "/v1/stream"
    auth = ("authorization", f"Bearer {KEY}")
    own_headers: Mapping[str, str] = {}
    reasons = ("stop", "tool_use", "length", "content_filter", "refusal")
    errors: Mapping[str, tuple[int, Any]] = {
        "authentication": (401, proxy_error("authentication", f"no such token: {KEY}")),
        "permission": (403, proxy_error("permission", "this proxy takes no extra_body")),
        "not_found": (404, proxy_error("not_found", "model 'm' is not allowed here")),
        "bad_request": (400, proxy_error("bad_request", quoted("the request cannot be read"))),
        "context_length": (400, proxy_error("context_length", "prompt is too long")),
        "rate_limit": (429, proxy_error("rate_limit", "the model's service has had too many requests")),
        "quota": (429, proxy_error("quota", "the budget is spent")),
        "server": (500, proxy_error("server", "the model's service had an error")),
        "overloaded": (503, proxy_error("overloaded", "the model's service has too much to do")),
    }
    inside: Mapping[str, bytes] = {
        "server": inside("server", "the model's service broke"),
        "overloaded": inside("overloaded", "the model's service has too much to do"),
        "rate_limit": inside("rate_limit", "the model's service has had too many requests"),
        "content_filter": inside("content_filter", "the answer was stopped"),
    }
    hollow: Sequence[Any] = (
        {},
        {"events": None},
        {"events": []},
        {"events": [None]},
        {"events": [{}]},
        {"events": [{"type": "end"}]},
        {"events": [{"type": "finish", "finish_reason": "stop"}]},
        {"events": "none"},
        {"error": None},
        {"error": {"kind": "server", "message": "it broke"}},
        [],
        None,
        7,
        "none",
    )
    misfits: Sequence[Any] = (
        {},
        {"type": None},
        {"type": "something new"},
        {"type": "text"},
        {"type": "text", "delta": 7},
        {"type": "call", "tool_call": None},
        {"type": "block", "block": {}},
        {"type": "finish", "finish_reason": "because"},
        {"type": "error"},
        {"type": "error", "error": "none"},
        [],
        None,
        7,
        "none",
    )

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return ProxyProvider("m", key, url, retries=retries, **options)

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        told, rest = self._told(parts, reason)
        return Events([unnamed(event, ascii) for event in told], [unnamed(event, ascii) for event in rest])

    def _told(self, parts: Sequence[Part], reason: str) -> tuple[list[Any], list[Any]]:
        told: list[Any] = [{"type": "start", "provider": "proxy", "model": "m-1"}]
        rest: list[Any] = []
        for part in parts:
            told += rest
            rest = []
            match part:
                case Text():
                    told += [{"type": "text", "delta": piece} for piece in part.pieces]
                case Thinking():
                    told += [{"type": "thinking", "delta": piece} for piece in part.pieces]
                    sealed = {"text": "".join(part.pieces), "signature": "Eo4E", "type": "thinking"}
                    rest = [{"type": "block", "block": sealed}]
                case Call():
                    told += [
                        {"type": "arguments", "id": part.id, "name": part.name, "delta": piece}
                        for piece in part.pieces
                    ]
                    rest = [{"type": "call", "tool_call": self._call(part)}]
        usage = {
            "input_tokens": USAGE.input,
            "output_tokens": USAGE.output,
            "cache_read_tokens": USAGE.cached,
        }
        finish = {"type": "finish", "finish_reason": reason or implied(parts), "usage": usage}
        return told, [*rest, finish, {"type": "end"}]

    def _call(self, part: Call) -> Any:
        """Arguments as the server has read them: what is no object is text."""
        written = "".join(part.pieces) or "{}"
        try:
            read = json.loads(written)
        except (ValueError, RecursionError):
            read = None
        return {
            "id": part.id,
            "name": part.name,
            "params": read if isinstance(read, dict) else {},
            "arguments": written,
        }

    def whole(self, words: str) -> Any:
        told, rest = self._told([text(words)], "")
        return {"events": [*told, *rest]}

    def _blocks(self, body: Any, kind: str) -> list[Any]:
        lists = [message["content"] for message in body["messages"] if isinstance(message["content"], list)]
        return [block for blocks in lists for block in blocks if block["type"] == kind]

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        return [
            (block["id"], block["name"], json.dumps(block["input"]))
            for block in self._blocks(body, "tool_use")
        ]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        return [(block["tool_use_id"], flat(block["content"])) for block in self._blocks(body, "tool_result")]
