"""One answer as it grows: how it ends, what it cost, and what it rests on.

A stream is a row of answers, each with the parts that are new and with all that was used so far. Of several
candidates the first counts. The last of the row has a finish reason; there is no other end mark, and some
services put a reason on every one. So an answer that has a reason, and tells its usage with it, only may be
over (`rests`). An answer without a reason was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import (
    BadRequestError,
    MalformedAnswerError,
    PermissionDeniedError,
    ProviderError,
    StreamTruncatedError,
)
from ...types.message import FinishReason
from ...types.usage import Usage
from ..chunks import BlockChunk, MessageEndChunk, MessageStartChunk, StreamChunk
from .errors import failure
from .grounding import Grounding
from .parts import Parts

REASONS: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
            "MODEL_ARMOR",
            "ESCALATION",
        ),
        "content_filter",
    ),
}
NOTHING: Mapping[str, Any] = {}
NO_REASON = (None, "", "FINISH_REASON_UNSPECIFIED")
FAILURES: Mapping[str, type[ProviderError]] = {
    "MISSING_THOUGHT_SIGNATURE": BadRequestError,
    "PUP_LIMITED_DISABLED": PermissionDeniedError,
}
"""Reasons that are errors of another kind than an answer that went wrong, which another try may mend."""
KNOWN = frozenset(("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"))


class Answer:
    """An answer as it grows."""

    def __init__(self, provider: str) -> None:
        self.rests: bool = False
        self._grounding = Grounding()
        self._parts = Parts(provider, lambda: self._grounding.citations)
        self._provider = provider
        self._model = ""
        self._usage: Mapping[str, Any] | None = None
        self._reason: str | None = None
        self._metadata: dict[str, Any] = {}

    @property
    def received(self) -> str:
        """The text so far."""
        return "".join(self._parts.pieces)

    def take(self, told: Any, chunks: list[StreamChunk]) -> None:
        """Take one of the row; raises what reading a value raises if it has not the shape it should have."""
        if told.get("error"):
            raise failure(told["error"], self.received)
        if not KNOWN & told.keys():
            raise TypeError("nothing in it is known")
        self._begin(told, chunks)
        feedback: Mapping[str, Any] = told.get("promptFeedback") or NOTHING
        usage, blocked = told.get("usageMetadata"), feedback.get("blockReason")
        if usage:
            self._usage = {**usage}
        if blocked:
            self._reason, self._metadata["block_reason"] = "SAFETY", blocked
        for candidate in told.get("candidates") or ():
            if not candidate.get("index"):
                self._grow(candidate, chunks)
        self.rests = self._reason is not None and bool(usage or blocked)

    def _begin(self, told: Mapping[str, Any], chunks: list[StreamChunk]) -> None:
        model, id = told.get("modelVersion"), told.get("responseId")
        if isinstance(model, str) and model != self._model:
            self._model = model
            chunks.append(MessageStartChunk(self._provider, model, id if isinstance(id, str) else None))

    def _grow(self, candidate: Mapping[str, Any], chunks: list[StreamChunk]) -> None:
        reason = candidate.get("finishReason")
        if reason not in NO_REASON:
            self._note(reason, candidate)
        self._grounding.note(candidate)
        content: Mapping[str, Any] = candidate.get("content") or NOTHING
        for part in content.get("parts") or ():
            self._parts.take(part, chunks)

    def _note(self, reason: Any, candidate: Mapping[str, Any]) -> None:
        """How the answer ended; raises if that is no end of an answer."""
        words = candidate.get("finishMessage")
        if reason not in REASONS:
            kind = FAILURES.get(reason, MalformedAnswerError)
            said = f": {words}" if words else ""
            raise kind(f"the answer ended with {reason}{said}", received=self.received)
        self._reason, self._metadata["finish_reason"] = reason, reason
        told = {"finish_message": words, "safety_ratings": candidate.get("safetyRatings")}
        told |= {"logprobs": candidate.get("logprobsResult"), "avg_logprobs": candidate.get("avgLogprobs")}
        self._metadata.update((name, value) for name, value in told.items() if value is not None)

    def end(self, chunks: list[StreamChunk]) -> None:
        """The body is over."""
        if self._reason is None:
            raise StreamTruncatedError("the answer ended without a finish reason", received=self.received)
        self._parts.close(chunks)
        sources = self._grounding.block(self._provider)
        if sources is not None:
            chunks.append(BlockChunk(sources))
        reason = REASONS[self._reason]
        if reason == "stop" and self._parts.called:
            reason = "tool_use"
        chunks.append(MessageEndChunk(reason, usage_of(self._usage), self._metadata or None))


def usage_of(told: Mapping[str, Any] | None) -> Usage | None:
    """The usage: thoughts are told beside the answer, and what tools read beside the prompt."""
    if told is None:
        return None
    thought = _count(told, "thoughtsTokenCount")
    return Usage(
        input_tokens=_count(told, "promptTokenCount") + _count(told, "toolUsePromptTokenCount"),
        output_tokens=_count(told, "candidatesTokenCount") + thought,
        cache_read_tokens=_count(told, "cachedContentTokenCount"),
        reasoning_tokens=thought,
    )


def _count(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if type(value) is int and value >= 0 else 0
