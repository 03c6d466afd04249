"""Every recorded conversation with its answer, as it stands in a history of ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.wires.anthropic import asked as anthropic_asked
from tests.wires.anthropic import folded as anthropic_folded
from tests.wires.anthropic import recorded as anthropic_recorded
from tests.wires.compatible import vendors
from tests.wires.google import asked as google_asked
from tests.wires.google import folded as google_folded
from tests.wires.google import recorded as google_recorded
from tests.wires.ollama import recorded as ollama_recorded
from tests.wires.openai import recordings as openai_recorded
from tests.wires.openai.answers import chunks_of, message_of
from tests.wires.openai.conversations import Foreign, request_of
from voxagent.errors import ProviderError
from voxagent.providers.anthropic import MessagesWire
from voxagent.providers.google import GeminiWire
from voxagent.providers.http.wire import Decoder
from voxagent.providers.ollama import OllamaWire
from voxagent.types import Message

FULL = openai_recorded.FULL
GO = Message("user", "And now?")


@dataclass(frozen=True)
class Conversation:
    """What was said, by which provider, and its answer if it has one that can be read."""

    name: str
    provider: str
    messages: Sequence[Message]
    answer: Message | None

    @property
    def whole(self) -> list[Message]:
        """The conversation, answered, and gone on with."""
        return [*self.messages, self.answer or Message("assistant", "Well."), GO]


def _told(name: str, provider: str, messages: Sequence[Message], answer: Message | None) -> Conversation:
    """The conversation, whose answers name who gave them."""
    named = [_named(message, provider) for message in messages if message.role != "system"]
    return Conversation(name, provider, named, answer and _named(answer, provider))


def _named(message: Message, provider: str) -> Message:
    return replace(message, provider=provider) if message.role == "assistant" else message


def _read(decoder: Decoder, data: bytes) -> Message | None:
    try:
        return message_of(chunks_of(decoder, data))
    except ProviderError:
        return None


def openai(exchanges: Sequence[openai_recorded.Exchange]) -> Iterator[Conversation]:
    for exchange in exchanges:
        body = exchange.request
        if not isinstance(body, dict) or not (body.get("messages") or body.get("input")):
            continue
        try:
            messages = request_of(body).messages
        except Foreign:
            continue
        answer = None
        if exchange.status == 200:
            answer = _read(openai_recorded.answering(exchange).decoder(""), exchange.data)
        yield _told(exchange.name, "openai", messages, answer)


def compatible(exchanges: Sequence[vendors.Recorded]) -> Iterator[Conversation]:
    for recorded in exchanges:
        body = recorded.exchange.request
        if not isinstance(body, dict) or not (body.get("messages") or body.get("input")):
            continue
        try:
            messages = vendors.asked_of(recorded).messages
        except Foreign:
            continue
        yield _told(recorded.name, recorded.vendor, messages, None)


def ollama(exchanges: Sequence[openai_recorded.Exchange]) -> Iterator[Conversation]:
    for exchange in exchanges:
        answer = _read(OllamaWire().decoder(""), exchange.data) if exchange.status == 200 else None
        yield _told(exchange.name, "ollama", request_of(exchange.request).messages, answer)


def anthropic(folder: Path) -> Iterator[Conversation]:
    wire = MessagesWire()
    for name, exchange in anthropic_recorded.exchanges(folder).items():
        answer = None
        if exchange.status == 200:
            read = anthropic_folded.decoded(wire.decoder(exchange.content_type), [exchange.body])
            if read.error is None:
                answer = Message(
                    "assistant", anthropic_folded.content(read.chunks), finish_reason=read.end.finish_reason
                )
        yield _told(name, "anthropic", anthropic_asked.request_of(exchange.request).messages, answer)


def google(folder: Path) -> Iterator[Conversation]:
    wire = GeminiWire()
    for name, exchange in google_recorded.exchanges(folder).items():
        if not isinstance(exchange.request, dict) or "contents" not in exchange.request:
            continue
        answer = None
        if exchange.status == 200:
            read = google_folded.decoded(wire.decoder(exchange.content_type), [exchange.body])
            answer = read.message if read.error is None else None
        yield _told(
            name, "google", google_asked.request_of(exchange.model, exchange.request).messages, answer
        )


def kept() -> list[Conversation]:
    """The conversations that are kept with the tests."""
    return [
        *openai(openai_recorded.part()),
        *compatible(vendors.part()),
        *ollama(ollama_recorded.part()),
        *anthropic(anthropic_recorded.KEPT),
        *google(google_recorded.KEPT),
    ]


def all_of_them() -> list[Conversation]:
    """All recorded conversations; none where they are not at hand."""
    return [
        *openai(openai_recorded.full()),
        *compatible(vendors.full()),
        *ollama(ollama_recorded.full()),
        *anthropic(anthropic_recorded.ALL),
        *google(google_recorded.ALL),
    ]
