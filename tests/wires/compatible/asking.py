"""A request as a vendor's provider sends it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2

from voxagent.errors import ProviderError
from voxagent.providers import ModelRequest, StreamChunk
from voxagent.providers.http.provider import WireProvider
from voxagent.types import Message

DONE = {
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}
ASK = (Message("user", "go"),)


class _Reads(httpx2.AsyncByteStream):
    def __init__(self, reads: list[str]) -> None:
        self._reads = reads

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for read in self._reads:
            yield read.encode()


@dataclass
class Sent:
    """What was sent, what came back, and what was logged about what was left out."""

    url: str
    headers: dict[str, str]
    body: Any
    chunks: list[StreamChunk]
    error: ProviderError | None = None
    times: int = 1


async def sent(
    kind: Any, model: str, messages: Any = ASK, *, options: Any = None, answer: Any = DONE, **asked: Any
) -> Sent:
    """Let a provider of a kind ask.

    Args:
        kind: The provider.
        model: The model.
        messages: The conversation.
        options: Options of the provider.
        answer: What the service answers: JSON, or the text of a stream, or the texts of its reads, or a pair
            of a status and one of these.
        asked: Everything else of the request.
    """
    seen: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        if isinstance(body, list):
            return httpx2.Response(status, stream=_Reads(body))
        return httpx2.Response(status, **({"text": body} if isinstance(body, str) else {"json": body}))

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(respond))
    provider: WireProvider = kind(model, client=client, **{"api_key": "key-of-a-test", **(options or {})})
    request = ModelRequest(model, messages, **asked)
    chunks: list[StreamChunk] = []
    failure: ProviderError | None = None
    try:
        async with client, provider.open(request) as stream:
            async for chunk in stream:
                chunks.append(chunk)
    except ProviderError as error:
        failure = error
    first = seen[0]
    return Sent(str(first.url), dict(first.headers), json.loads(first.content), chunks, failure, len(seen))
