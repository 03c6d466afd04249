"""Models behind one interface: what a provider is, what its stream is made of, and how one is found."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..abort import AbortSignal
from ..errors import InvalidModelStringError, ProviderNotFoundError
from .base import BaseProvider, KnowsModels, ModelFacts, ModelRequest, Provider, facts_of
from .chunks import (
    BlockChunk,
    ErrorChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    RetryChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from .registry import ProviderRegistry, get_default_registry

if TYPE_CHECKING:
    from .anthropic.provider import AnthropicProvider
    from .openai.provider import OpenAIChatProvider, OpenAIProvider

_OPENAI = dict.fromkeys(("OpenAIChatProvider", "OpenAIProvider"), ".openai.provider")
_WIRES = {"AnthropicProvider": ".anthropic.provider", **_OPENAI}

if not TYPE_CHECKING:  # providers that speak HTTP are loaded when they are first named

    def __getattr__(name: str) -> Any:
        module = _WIRES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(module, __name__), name)


__all__ = [
    "AbortSignal",
    "AnthropicProvider",
    "BaseProvider",
    "BlockChunk",
    "ErrorChunk",
    "FailoverChunk",
    "InvalidModelStringError",
    "KnowsModels",
    "MessageEndChunk",
    "MessageStartChunk",
    "ModelFacts",
    "ModelRequest",
    "OpenAIChatProvider",
    "OpenAIProvider",
    "Provider",
    "ProviderNotFoundError",
    "ProviderRegistry",
    "RetryChunk",
    "StreamChunk",
    "TextDeltaChunk",
    "ThinkingDeltaChunk",
    "ToolCallDeltaChunk",
    "ToolUseChunk",
    "facts_of",
    "get_default_registry",
]
