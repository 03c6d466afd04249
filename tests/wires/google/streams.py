"""Answers of the API, made by hand."""

import json
from typing import Any

from tests.wires.google.folded import Decoded, decoded
from voxagent.providers.google import GeminiWire

USAGE = {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}


def chunk(*parts: Any, finish: str | None = None, usage: Any = USAGE, **candidate: Any) -> dict[str, Any]:
    """One of the row that an answer is."""
    told: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, **candidate}
    if finish:
        told["finishReason"] = finish
    whole: dict[str, Any] = {"candidates": [told], "modelVersion": "m-1", "responseId": "r_1"}
    return {**whole, "usageMetadata": usage} if usage else whole


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"text": words, **more}


def call(name: str, args: Any = None, *, id: str = "", **more: Any) -> dict[str, Any]:
    told = {"name": name, **({} if args is None else {"args": args}), **({"id": id} if id else {})}
    return {"functionCall": told, **more}


def sse(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + b"\r\n\r\n" for each in chunks)


def streamed(*chunks: Any) -> Decoded:
    """What a stream decodes to."""
    return decoded(GeminiWire().decoder("text/event-stream"), [sse(*chunks)])


def told(body: Any) -> Decoded:
    """What an answer decodes to that came as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decoded(GeminiWire().decoder("application/json"), [data])
