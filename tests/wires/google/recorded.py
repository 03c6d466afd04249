"""Recorded exchanges, and a plain second reading of their answers that knows nothing of the decoder."""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from voxagent.types.usage import Usage

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "tests" / "data" / "google"
ALL = ROOT.parent / "shared" / "recordings"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    name: str
    path: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    kind: str
    body: bytes
    cut: bool

    @property
    def content_type(self) -> str:
        return "text/event-stream" if self.kind == "sse" else "application/json"

    @property
    def model(self) -> str:
        return self.path.rpartition("/models/")[2].partition(":")[0]


@lru_cache
def exchanges(folder: Path) -> dict[str, Exchange]:
    """All exchanges of this protocol in a folder and those below it."""
    found: dict[str, Exchange] = {}
    for path in sorted(folder.rglob("*.json")):
        recording = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(recording, dict) or recording.get("wire") != "google":
            continue
        for number, exchange in enumerate(recording["exchanges"]):
            answer = exchange["response"]
            body = answer["body"]
            text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            name = f"{path.stem}#{number}"
            found[name] = Exchange(
                name,
                exchange["request"]["path"],
                exchange["request"]["body"],
                answer["status"],
                {header.lower(): value for header, value in answer["headers"].items()},
                answer["kind"],
                text.encode(),
                answer.get("end") == "abort",
            )
    return found


@dataclass
class Read:
    """An answer as the plain reading sees it, in the API's own words."""

    model: str = ""
    parts: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None
    usage: dict[str, Any] | None = None
    grounded: bool = False
    passages: int = 0
    error: str | None = None

    @property
    def text(self) -> str:
        return "".join(part.get("text", "") for part in self.parts if not part.get("thought"))

    @property
    def thoughts(self) -> str:
        return "".join(part.get("text", "") for part in self.parts if part.get("thought"))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [part["functionCall"] for part in self.parts if "functionCall" in part]


def read(exchange: Exchange) -> Read:
    """An answer of status 200, read the plain way."""
    answer = Read()
    for told in _told(exchange):
        if "error" in told:
            answer.error = told["error"]["status"]
            break
        answer.model = told["modelVersion"]
        answer.usage = told["usageMetadata"]
        (candidate,) = told["candidates"]
        assert candidate.get("index", 0) == 0
        answer.parts += candidate["content"].get("parts", [])
        answer.reason = candidate.get("finishReason", answer.reason)
        grounding = candidate.get("groundingMetadata", {})
        answer.grounded = answer.grounded or bool(grounding)
        answer.passages = len(grounding.get("groundingSupports", ())) or answer.passages
    return answer


def _told(exchange: Exchange) -> list[dict[str, Any]]:
    if exchange.kind == "json":
        return [json.loads(exchange.body)]
    found: list[dict[str, Any]] = []
    for line in exchange.body.decode().split("\n"):
        if not line.strip():
            continue
        assert line.startswith("data: ")
        try:
            found.append(json.loads(line[6:]))
        except ValueError:
            break  # the recording was cut within a line
    return found


def merged(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts as they are to be sent back: pieces of text in a row are one, but none with a seal."""
    found: list[dict[str, Any]] = []
    for part in parts:
        if part == {"text": ""}:
            continue
        last = found[-1] if found else {}
        plain = part.keys() <= {"text", "thought"} and last.keys() == part.keys()
        if plain and "text" in part:
            found[-1] = {**last, "text": last["text"] + part["text"]}
        else:
            found.append(part)
    return found


def usage(told: dict[str, Any]) -> Usage:
    thought = told.get("thoughtsTokenCount", 0)
    total = Usage(
        told["promptTokenCount"] + told.get("toolUsePromptTokenCount", 0),
        told.get("candidatesTokenCount", 0) + thought,
        told.get("cachedContentTokenCount", 0),
        reasoning_tokens=thought,
    )
    assert total.total_tokens == told["totalTokenCount"]
    return total
