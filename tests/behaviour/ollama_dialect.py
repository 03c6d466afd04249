"""The bytes of Ollama's own wire."""

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
    compact,
    implied,
    quoted,
)
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries
from voxagent.providers.ollama.provider import OllamaProvider


def line(value: Any, ascii: bool = False) -> bytes:
    return f"{compact(value, ascii)}\n".encode()


class OllamaDialect:
    """Ollama's own protocol: lines of JSON."""

    name = "ollama"
    provider_name = "ollama"
    path = "/api/chat"
    auth = ("authorization", f"Bearer {KEY}")
    own_headers: Mapping[str, str] = {}
    reasons = ("stop", "tool_use", "length")
    errors: Mapping[str, tuple[int, Any]] = {
        "authentication": (401, {"error": f"unauthorized: {KEY}"}),
        "permission": (403, {"error": "this model requires a subscription"}),
        "not_found": (404, {"error": "model 'm' not found"}),
        "bad_request": (400, {"error": quoted("option top_p must be of type float32")}),
        "context_length": (400, {"error": "the input length exceeds the context length"}),
        "rate_limit": (429, {"error": "you've reached your hourly usage limit"}),
        "quota": (402, {"error": "insufficient credits"}),
        "server": (500, {"error": "llama runner process has terminated with an error: exit status 2"}),
        "overloaded": (503, {"error": "server busy, please try again. maximum pending requests exceeded"}),
    }
    inside: Mapping[str, bytes] = {
        "server": line({"error": "an error was encountered while running the model: unexpected EOF"}),
        "overloaded": line({"error": "server busy, please try again."}),
        "content_filter": line({"error": "the answer was stopped by the content filter"}),
    }
    hollow: Sequence[Any] = (
        {},
        {"done": False},
        {"done": True},
        {"message": None},
        {"message": {}},
        {"message": {"role": "assistant", "content": ""}, "done": True},
        {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "load"},
        {"message": "none", "done": True},
        {"message": {"tool_calls": [None]}, "done": True},
        [],
        None,
        7,
        "none",
    )
    misfits: Sequence[Any] = (
        {},
        {"done": "yes"},
        {"message": None},
        {"message": 7},
        {"message": {"content": 7}},
        {"message": {"thinking": ["x"]}},
        {"message": {"tool_calls": 7}},
        {"message": {"tool_calls": [{}]}},
        {"message": {"tool_calls": [{"function": None}]}},
        [],
        None,
        7,
        "none",
    )
    REASONS: Mapping[str, str] = {"stop": "stop", "tool_use": "stop", "length": "length"}

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return OllamaProvider("m", key, url, retries=retries, **options)

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        told: list[Any] = [{"content": ""}]
        for part in parts:
            match part:
                case Text():
                    told += [{"content": piece} for piece in part.pieces]
                case Thinking():
                    told += [{"content": "", "thinking": piece} for piece in part.pieces]
                case Call():
                    told.append({"content": "", "tool_calls": [self._call(part)]})
        return Events(
            [line(self._line(message), ascii) for message in told],
            [line(self._last({"content": ""}, self.REASONS[reason or implied(parts)]), ascii)],
        )

    def _call(self, part: Call) -> Any:
        """Arguments are an object; what is none can only be a text."""
        written = "".join(part.pieces)
        try:
            read = json.loads(written or "{}")
        except (ValueError, RecursionError):
            read = written
        arguments = read if isinstance(read, dict) else written
        call: Any = {"function": {"name": part.name, "arguments": arguments}}
        return {"id": part.id, **call} if part.id else call

    def _line(self, message: Any) -> Any:
        head = {"model": "m-1", "created_at": "2026-01-05T13:22:25.018560Z"}
        return {**head, "message": {"role": "assistant", **message}, "done": False}

    def _last(self, message: Any, reason: str) -> Any:
        counts = {"prompt_eval_count": USAGE.input, "eval_count": USAGE.output}
        times = {"total_duration": 2_544_046_375, "load_duration": 36_060_083}
        return {**self._line(message), "done_reason": reason, "done": True, **times, **counts}

    def whole(self, words: str) -> Any:
        return self._last({"content": words}, "stop")

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
        return [
            (call["id"], call["function"]["name"], compact(call["function"]["arguments"])) for call in calls
        ]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        results = [message for message in body["messages"] if message["role"] == "tool"]
        return [(result["tool_call_id"], result["content"]) for result in results]
