"""Recorded exchanges, and a plain second reading of their answers that knows nothing of the decoder."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "tests" / "data" / "anthropic"
ALL = ROOT.parent / "shared" / "recordings"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    name: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    kind: str
    body: bytes
    cut: bool

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "text/event-stream" if self.kind == "sse" else "text/html")


@lru_cache
def exchanges(folder: Path) -> dict[str, Exchange]:
    """All exchanges of this protocol in a folder and those below it."""
    found: dict[str, Exchange] = {}
    for path in sorted(folder.rglob("*.json")):
        recording = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(recording, dict) or recording.get("wire") != "anthropic":
            continue
        for number, exchange in enumerate(recording["exchanges"]):
            answer = exchange["response"]
            body = answer["body"]
            text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            name = f"{path.stem}#{number}"
            found[name] = Exchange(
                name,
                exchange["request"]["body"],
                answer["status"],
                answer["headers"],
                answer["kind"],
                text.encode(),
                answer.get("end") == "abort",
            )
    return found


@dataclass
class Read:
    """An answer as the plain reading sees it: content in the API's own words."""

    model: str = ""
    content: list[dict[str, Any]] = field(default_factory=list)
    stop_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    complete: bool = False


def read(exchange: Exchange) -> Read:
    """An answer of status 200, read the plain way."""
    if exchange.kind == "json":
        message = json.loads(exchange.body)
        told = {name: value for name, value in message["usage"].items() if value is not None}
        return Read(message["model"], message["content"], message["stop_reason"], told, None, True)
    return _streamed(exchange.body.decode())


def _streamed(text: str) -> Read:
    answer, arguments = Read(), dict[int, str]()
    for line in text.splitlines():
        if not line.startswith("data: "):
            continue
        try:
            event = json.loads(line[6:])
        except ValueError:
            break  # the recording was cut within a line
        match event["type"]:
            case "message_start":
                answer.model = event["message"]["model"]
                answer.usage.update(_known(event["message"]["usage"]))
            case "content_block_start":
                assert event["index"] == len(answer.content)
                answer.content.append(event["content_block"])
            case "content_block_delta":
                _grow(answer.content[event["index"]], event["delta"], arguments, event["index"])
            case "message_delta":
                answer.stop_reason = event["delta"]["stop_reason"]
                answer.usage.update(_known(event["usage"]))
            case "message_stop":
                answer.complete = True
            case "error":
                answer.error = event["error"]["type"]
            case other:
                assert other in ("ping", "content_block_stop")
    for index, text in arguments.items():
        answer.content[index]["input"] = json.loads(text) if answer.complete and text else {}
    return answer


def _known(usage: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in usage.items() if value is not None}


def _grow(block: dict[str, Any], delta: dict[str, Any], arguments: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] += delta["signature"]
        case "input_json_delta":
            arguments[index] = arguments.get(index, "") + delta["partial_json"]
        case other:
            raise AssertionError(other)
