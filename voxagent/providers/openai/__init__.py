"""The two protocols of OpenAI, without I/O: requests become bytes, and bytes become answers."""

from .chat import ChatWire
from .dialects import ChatDialect, ResponsesDialect
from .responses import ResponsesWire

__all__ = ["ChatDialect", "ChatWire", "ResponsesDialect", "ResponsesWire"]
