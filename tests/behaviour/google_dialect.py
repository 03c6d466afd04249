"""The bytes of Google's wire."""

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
    unnamed,
)
from voxagent.providers.google.provider import GoogleProvider
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries


def google_error(code: int, status: str, words: str, *details: Any) -> Any:
    told = {"code": code, "message": words, "status": status}
    return {"error": {**told, "details": list(details)} if details else told}


INVALID_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
DAILY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}
GOOGLE_ERRORS: Mapping[str, tuple[int, Any]] = {
    "authentication": (
        400,
        google_error(400, "INVALID_ARGUMENT", f"API key not valid: {KEY}", INVALID_KEY),
    ),
    "permission": (403, google_error(403, "PERMISSION_DENIED", "Permission denied on resource project.")),
    "not_found": (404, google_error(404, "NOT_FOUND", "models/m is not found for API version v1beta")),
    "bad_request": (400, google_error(400, "INVALID_ARGUMENT", quoted("Invalid value at 'top_p'"))),
    "context_length": (
        400,
        google_error(
            400,
            "INVALID_ARGUMENT",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        ),
    ),
    "rate_limit": (
        429,
        google_error(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
    ),
    "quota": (429, google_error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", DAILY)),
    "server": (500, google_error(500, "INTERNAL", "An internal error has occurred.")),
    "overloaded": (503, google_error(503, "UNAVAILABLE", "The model is overloaded.")),
}
CANDIDATE_ODD = [
    {"content": "none"},
    {"content": {"parts": "none"}},
    {"content": {"parts": [None]}},
    {"content": {"parts": [{"text": 7}]}},
    {"content": {"parts": [{"text": "x", "thoughtSignature": 7}]}},
    {"content": {"parts": [{"functionCall": None}]}},
    {"content": {"parts": [{"functionCall": {"name": 7}}]}},
    {"content": {"parts": [{"inlineData": {}}]}},
    {"finishReason": 7},
    {"finishReason": "MALFORMED_FUNCTION_CALL"},
    "none",
]
GOOGLE_ODD: Sequence[Any] = (
    {},
    {"candidates": 7},
    *({"candidates": [candidate]} for candidate in CANDIDATE_ODD),
    [],
    None,
    7,
    "none",
)


class GoogleDialect:
    """Google's Gemini API."""

    name = "google"
    provider_name = "google"
    path = "/v1beta/models/m:streamGenerateContent?alt=sse"
    auth = ("x-goog-api-key", KEY)
    own_headers: Mapping[str, str] = {}
    reasons = ("stop", "tool_use", "length", "content_filter")
    errors = GOOGLE_ERRORS
    inside: Mapping[str, bytes] = {
        kind: unnamed(GOOGLE_ERRORS[kind][1]) for kind in ("server", "overloaded", "rate_limit")
    }
    hollow: Sequence[Any] = (
        *GOOGLE_ODD,
        {"candidates": []},
        {"candidates": None},
        {"candidates": [{}]},
        {"usageMetadata": {"promptTokenCount": 3}},
        {"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}]},
        [{"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}]}],
    )
    misfits = GOOGLE_ODD
    REASONS: Mapping[str, str] = {
        "stop": "STOP",
        "tool_use": "STOP",
        "length": "MAX_TOKENS",
        "content_filter": "SAFETY",
    }

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return GoogleProvider("m", key, f"{url}/v1beta", retries=retries, **options)

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        told: list[Any] = [{"text": ""}]
        for part in parts:
            match part:
                case Text():
                    told += [{"text": piece} for piece in part.pieces]
                case Thinking():
                    told += [{"text": piece, "thought": True} for piece in part.pieces]
                case Call():
                    told.append(self._call(part))
        last = {"text": "", "thoughtSignature": "Eo4ECkYI"}
        return Events(
            [unnamed(self._chunk([part]), ascii) for part in told],
            [unnamed(self._chunk([last], self.REASONS[reason or implied(parts)]))],
        )

    def _call(self, part: Call) -> Any:
        """Arguments are an object; what is none can only be a text."""
        written = "".join(part.pieces)
        try:
            read = json.loads(written or "{}")
        except (ValueError, RecursionError):
            read = written
        call = {"name": part.name, "args": read if isinstance(read, dict) else written}
        return {"functionCall": {"id": part.id, **call} if part.id else call, "thoughtSignature": "Eo4ECkYI"}

    def _chunk(self, parts: Any, finish: str = "") -> Any:
        candidate: Any = {"content": {"parts": parts, "role": "model"}, "index": 0}
        usage = {
            "promptTokenCount": USAGE.input,
            "totalTokenCount": USAGE.input + 1,
            "candidatesTokenCount": 1,
        }
        if finish:
            candidate["finishReason"] = finish
            usage |= {"candidatesTokenCount": USAGE.output, "cachedContentTokenCount": USAGE.cached}
        head = {"modelVersion": "m-1", "responseId": "kbFrauHHJ8Diz7IPks"}
        return {"candidates": [candidate], "usageMetadata": usage, **head}

    def whole(self, words: str) -> Any:
        return self._chunk([{"text": words}], "STOP")

    def _parts(self, body: Any, kind: str) -> list[Any]:
        return [part[kind] for content in body["contents"] for part in content["parts"] if kind in part]

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        """A call without an id is told by its place."""
        return [
            (call.get("id", f"#{place}"), call["name"], compact(call["args"]))
            for place, call in enumerate(self._parts(body, "functionCall"))
        ]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        return [
            (result.get("id", f"#{place}"), "".join(result["response"].values()))
            for place, result in enumerate(self._parts(body, "functionResponse"))
        ]
