"""Models behind one interface: what a provider is, what its stream is made of, and how one is found."""

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

__all__ = [
    "AbortSignal",
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
