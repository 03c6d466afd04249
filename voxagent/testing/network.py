"""No test shall reach a model over the network because somebody forgot to put a fake in its place."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self

from ..errors import ConfigError
from ..providers.base import Provider
from ..providers.offline import OfflineProvider
from ..providers.registry import ProviderFactory, restrict
from ..types.config import ModelConfig
from .function import FunctionProvider
from .recorder import RequestRecorder
from .scripted import ScriptedProvider

LOCAL = (OfflineProvider, ScriptedProvider, FunctionProvider)


class NetworkBan:
    """A ban that is in force until it is lifted; made by `forbid_network()`."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo = undo

    def lift(self) -> None:
        """End the ban; a second call does nothing."""
        self._undo()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.lift()


def forbid_network(*, allow: Collection[str] = ()) -> NetworkBan:
    """Let every model string fail whose provider is not one of those that need no network.

    Those are `offline`, the providers of `voxagent.testing`, and a recorder around one of them. The ban holds
    for the whole process, at once: call it in a `conftest.py`, or write `with forbid_network():` to end it
    with the block. A provider that is handed to an agent as an object is not looked at.

    Args:
        allow: Names of providers that are let through, such as one that a test has registered.

    Raises:
        ConfigError: Later, where a model is needed: network providers are forbidden in tests.
    """
    allowed = {name.lower() for name in allow}

    def guard(model_string: str, factory: ProviderFactory) -> ProviderFactory:
        if ModelConfig.from_string(model_string).provider in allowed:
            return factory
        if isinstance(factory, type) and not issubclass(factory, (*LOCAL, RequestRecorder)):
            raise _forbidden(model_string)

        def made(**options: Any) -> Provider:
            provider = factory(**options)
            if not _is_local(provider):
                raise _forbidden(model_string)
            return provider

        return made

    return NetworkBan(restrict(guard))


def _is_local(provider: Provider) -> bool:
    while isinstance(provider, RequestRecorder):
        provider = provider.provider
    return isinstance(provider, LOCAL)


def _forbidden(model_string: str) -> ConfigError:
    return ConfigError(
        f"network providers are forbidden in tests: {model_string!r};"
        " use agent.override(model=ScriptedProvider(...)), or forbid_network(allow=[...])"
    )
