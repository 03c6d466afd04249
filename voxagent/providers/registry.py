"""From a name to a provider.

Built-in providers are named by the module they live in and loaded when first asked for, so that
nothing is paid for a provider that is not used. Others are registered by a call, or by an entry point of
the group `voxagent.providers` in any installed package.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeAlias, cast

from ..errors import ConfigError, ProviderNotFoundError
from ..types.config import ModelConfig
from .base import Provider

ProviderFactory: TypeAlias = Callable[..., Provider]

Guard: TypeAlias = Callable[[str, ProviderFactory], ProviderFactory]
"""Is handed a model string and what would make its provider; gives back what shall make it, or raises."""

ENTRY_POINTS = "voxagent.providers"
CHAIN = "voxagent.providers.failover.chain:chain_of"
BUILT_IN = {
    "anthropic": "voxagent.providers.anthropic.provider:AnthropicProvider",
    "augment": "voxagent.providers.cli:AugmentProvider",
    "azure": "voxagent.providers.compatible.azure:AzureProvider",
    "chatgpt": "voxagent.providers.chatgpt.provider:ChatGPTProvider",
    "claudecode": "voxagent.providers.cli:ClaudeCodeProvider",
    "codex": "voxagent.providers.cli:CodexProvider",
    "deepseek": "voxagent.providers.compatible.deepseek:DeepSeekProvider",
    "google": "voxagent.providers.google.provider:GoogleProvider",
    "groq": "voxagent.providers.compatible.groq:GroqProvider",
    "mistral": "voxagent.providers.compatible.mistral:MistralProvider",
    "offline": "voxagent.providers.offline:OfflineProvider",
    "ollama": "voxagent.providers.ollama.provider:OllamaProvider",
    "openai": "voxagent.providers.openai.provider:OpenAIProvider",
    "openai-chat": "voxagent.providers.openai.provider:OpenAIChatProvider",
    "openrouter": "voxagent.providers.compatible.openrouter:OpenRouterProvider",
    "proxy": "voxagent.providers.proxy.provider:ProxyProvider",
}


class ProviderRegistry:
    """Providers by name; names are case-insensitive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, ProviderFactory | str] = dict(BUILT_IN)
        self._looked = False

    def register(self, name: str, provider_class: ProviderFactory) -> None:
        """Make a provider known: anything that gives a `Provider` when called with `model=...`."""
        if not name or ":" in name:
            raise ConfigError(f"provider name {name!r} is empty or has a colon in it")
        with self._lock:
            self._found[name.lower()] = provider_class

    def unregister(self, name: str) -> None:
        """Forget a provider; raises `ProviderNotFoundError` if there is none of that name."""
        self._look_around()
        with self._lock:
            if self._found.pop(name.lower(), None) is None:
                raise ProviderNotFoundError(f"no provider {name!r} is registered")

    def is_registered(self, name: str) -> bool:
        """Whether a provider of that name is known."""
        self._look_around()
        return name.lower() in self._found

    def list_providers(self) -> list[str]:
        """The names of all known providers, sorted."""
        self._look_around()
        return sorted(self._found)

    def get_provider_class(self, name: str) -> ProviderFactory:
        """The provider of that name; raises `ProviderNotFoundError` with the nearest name."""
        found = self._found.get(name.lower())
        if found is None:
            self._look_around()
            found = self._found.get(name.lower())
        if found is None:
            raise ProviderNotFoundError(f"unknown provider {name!r}: {self._nearest(name)}")
        if isinstance(found, str):
            found = _loaded(name, found)
            with self._lock:
                self._found[name.lower()] = found
        return found

    def get_provider(self, model_string: str, **kwargs: Any) -> Provider:
        """A provider for "provider:model"; keyword arguments go to its constructor."""
        self.check(model_string)
        wanted = ModelConfig.from_string(model_string)
        factory = self.get_provider_class(wanted.provider)
        for guard in tuple(_guards):
            factory = guard(model_string, factory)
        return factory(model=wanted.model, **kwargs)

    def check(self, model_string: str) -> None:
        """Raise `ProviderNotFoundError`, with the nearest name, if nobody knows the provider."""
        name = ModelConfig.from_string(model_string).provider
        if name not in self._found and not self.is_registered(name):
            raise ProviderNotFoundError(
                f"unknown provider {name!r} in {model_string!r}: {self._nearest(name)}"
            )

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches

        known = self.list_providers()
        near = get_close_matches(name.lower(), known, n=1)
        return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"

    def _look_around(self) -> None:
        """Read the entry points of installed packages, once; what was registered by a call stays."""
        with self._lock:
            if self._looked:
                return
            from importlib.metadata import entry_points

            for entry in entry_points(group=ENTRY_POINTS):
                self._found.setdefault(entry.name.lower(), entry.value)
            self._looked = True


def chained(models: Sequence[str | Provider], registry: ProviderRegistry, policy: Any) -> Provider:
    """Several models, or one with a `FailoverPolicy`, as one provider."""
    return _loaded("failover", CHAIN)(models, registry, policy)


def _loaded(name: str, where: str) -> ProviderFactory:
    module, _, attribute = where.partition(":")
    try:
        return cast("ProviderFactory", getattr(import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"provider {name!r} cannot be loaded from {where!r}: {error}") from error


_default = ProviderRegistry()
_guards: list[Guard] = []


def get_default_registry() -> ProviderRegistry:
    """The registry that agents ask unless they are given another."""
    return _default


def restrict(guard: Guard) -> Callable[[], None]:
    """Let a guard watch over whatever is found by name, in the whole process; returns what ends that."""
    _guards.append(guard)

    def undo() -> None:
        if guard in _guards:
            _guards.remove(guard)

    return undo
