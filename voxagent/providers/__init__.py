"""Models behind one interface: what a provider is, what its stream is made of, and how one is found."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..abort import AbortSignal
from ..errors import (
    CLINotFoundError,
    FailoverError,
    FailoverExhaustedError,
    FailoverReason,
    InvalidModelStringError,
    NoProfilesAvailableError,
    ProviderNotFoundError,
)
from .base import (
    KeepsSecrets,
    KnowsModels,
    LongPrompt,
    ModelFacts,
    ModelRequest,
    Provider,
    RunsTools,
    facts_of,
)
from .chunks import (
    BlockChunk,
    ErrorChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    RetryChunk,
    StreamChunk,
    StreamResetChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from .registry import ProviderRegistry, get_default_registry

if TYPE_CHECKING:
    from .anthropic.provider import AnthropicProvider
    from .chatgpt.provider import ChatGPTProvider
    from .cli.programs import AugmentProvider, ClaudeCodeProvider, CodexProvider
    from .cli.provider import CLIProvider
    from .compatible.azure import AzureProvider
    from .compatible.deepseek import DeepSeekProvider
    from .compatible.groq import GroqProvider
    from .compatible.mistral import MistralProvider
    from .compatible.openrouter import OpenRouterProvider
    from .easy import BaseProvider
    from .failover.health import Health
    from .failover.policy import FailoverPolicy
    from .failover.profiles import AuthProfile, AuthProfileManager, run_with_failover
    from .google.provider import GoogleProvider
    from .known.facts import known_facts, register_model_facts
    from .known.tokens import CountsRequests, tokens_of
    from .ollama.provider import OllamaProvider
    from .openai.provider import OpenAIChatProvider, OpenAIProvider
    from .proxy.provider import ProxyProvider
    from .spoken.provider import with_text_tools

_OPENAI = dict.fromkeys(("OpenAIChatProvider", "OpenAIProvider"), ".openai.provider")
_CLI = dict.fromkeys(("AugmentProvider", "CLIProvider", "ClaudeCodeProvider", "CodexProvider"), ".cli")
_COMPATIBLE = dict.fromkeys(
    ("AzureProvider", "DeepSeekProvider", "GroqProvider", "MistralProvider", "OpenRouterProvider"),
    ".compatible",
)
_PROFILES = dict.fromkeys(("AuthProfile", "AuthProfileManager", "run_with_failover"), ".failover.profiles")
_KNOWN = dict.fromkeys(("CountsRequests", "tokens_of"), ".known.tokens")
_WIRES = {
    "AnthropicProvider": ".anthropic.provider",
    "BaseProvider": ".easy",
    "ChatGPTProvider": ".chatgpt.provider",
    "FailoverPolicy": ".failover.policy",
    "GoogleProvider": ".google.provider",
    "Health": ".failover.health",
    "OllamaProvider": ".ollama.provider",
    "ProxyProvider": ".proxy.provider",
    "known_facts": ".known.facts",
    "register_model_facts": ".known.facts",
    "with_text_tools": ".spoken.provider",
    **_CLI,
    **_COMPATIBLE,
    **_KNOWN,
    **_OPENAI,
    **_PROFILES,
}

if not TYPE_CHECKING:  # providers that speak HTTP are loaded when they are first named

    def __getattr__(name: str) -> Any:
        module = _WIRES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(module, __name__), name)


__all__ = [
    "AbortSignal",
    "AnthropicProvider",
    "AugmentProvider",
    "AuthProfile",
    "AuthProfileManager",
    "AzureProvider",
    "BaseProvider",
    "BlockChunk",
    "CLINotFoundError",
    "CLIProvider",
    "ChatGPTProvider",
    "ClaudeCodeProvider",
    "CodexProvider",
    "CountsRequests",
    "DeepSeekProvider",
    "ErrorChunk",
    "FailoverChunk",
    "FailoverError",
    "FailoverExhaustedError",
    "FailoverPolicy",
    "FailoverReason",
    "GoogleProvider",
    "GroqProvider",
    "Health",
    "InvalidModelStringError",
    "KeepsSecrets",
    "KnowsModels",
    "LongPrompt",
    "MessageEndChunk",
    "MessageStartChunk",
    "MistralProvider",
    "ModelFacts",
    "ModelRequest",
    "NoProfilesAvailableError",
    "OllamaProvider",
    "OpenAIChatProvider",
    "OpenAIProvider",
    "OpenRouterProvider",
    "Provider",
    "ProviderNotFoundError",
    "ProviderRegistry",
    "ProxyProvider",
    "RetryChunk",
    "RunsTools",
    "StreamChunk",
    "StreamResetChunk",
    "TextDeltaChunk",
    "ThinkingDeltaChunk",
    "ToolCallDeltaChunk",
    "ToolUseChunk",
    "facts_of",
    "get_default_registry",
    "known_facts",
    "register_model_facts",
    "run_with_failover",
    "tokens_of",
    "with_text_tools",
]
