"""The protocol between a client and the proxy, as a wire.

A request is one JSON object (see `asked`); an answer is a stream of events (see `events`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import ProviderError
from ...types.config import ToolSpec
from ...types.native import ProviderTool
from ..base import ModelRequest
from ..http.jsontext import dumped, loaded
from ..http.wire import Decoder, kind_of, retry_after
from ..openai.failures import excerpt
from ..openai.wirebytes import body_of, key_for, message_pieces
from .asked import head_of, told_message
from .decoder import WRONG, AnswerDecoder
from .failures import failure_in

KEY = key_for("proxy")


class ProxyWire:
    """Speaks to a proxy; each message and each tool is serialised once."""

    def __init__(self) -> None:
        self._tools: Mapping[int, tuple[ToolSpec, bytes]] = {}

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request."""
        messages = message_pieces(request.messages, KEY, told_message)
        return body_of(head_of(request), "messages", messages, self._told(request.tools))

    def headers(self, request: ModelRequest) -> Mapping[str, str]:
        """None: the protocol is told by the address."""
        return {}

    def warnings(self, request: ModelRequest) -> Sequence[str]:
        """None: what a model does not take is known to the server, and logged there."""
        return ()

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer."""
        return AnswerDecoder()

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means: the proxy's own error, or that of something ahead of it."""
        try:
            error = failure_in(loaded(body)).error()
        except WRONG:
            shown = excerpt(body)
            error = kind_of(status)(f"the proxy answered {shown!r}" if shown else "the proxy gave no reason")
        error.status = error.status or status
        error.request_id = error.request_id or headers.get("x-request-id")
        error.retry_after = retry_after(headers) if error.retry_after is None else error.retry_after
        return error

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Nothing: the server knows what its model can be given, and refuses the rest."""
        return ""

    def _told(self, tools: Sequence[ToolSpec]) -> bytes:
        before = self._tools
        self._tools = {id(spec): before.get(id(spec)) or (spec, dumped(spec.model_dump())) for spec in tools}
        return b",".join([data for _, data in self._tools.values()])
