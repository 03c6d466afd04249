"""The one place that knows httpx2 from httpx.

Both have the same API, and unrelated exceptions. A client of either may be handed in; errors are told by the
library that the client comes from.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ...errors import ConfigError, ProviderConnectionError, ProviderError, ProviderTimeoutError

if TYPE_CHECKING:
    import httpx2

    Client: TypeAlias = httpx2.AsyncClient

LIBRARIES = ("httpx2", "httpx")


def library_of(client: object, other: str = "") -> ModuleType:
    """The library of a client; raises `ConfigError`, which names what `other` is taken, for anything else."""
    for kind in type(client).__mro__:
        name = kind.__module__.partition(".")[0]
        if kind.__name__ == "AsyncClient" and name in LIBRARIES:
            return sys.modules[name]
    raise ConfigError(
        f"client={client!r} is not an httpx2.AsyncClient (or httpx's){other}, nor a function for one"
    )


def told_error(library: ModuleType, error: Exception) -> ProviderError | None:
    """What an exception of the library means; None if it is none of its own."""
    timeout = cast("type[Exception]", cast("Any", library).TimeoutException)
    if isinstance(error, timeout):
        return ProviderTimeoutError(f"the connection timed out: {_said(error)}")
    if isinstance(error, (cast("Any", library).HTTPError, cast("Any", library).InvalidURL, OSError)):
        return ProviderConnectionError(f"the connection failed: {_said(error)}")
    return None


def told_by_any(error: Exception) -> ProviderError | None:
    """What an exception of either library means; None if it is none of theirs."""
    libraries = [sys.modules[name] for name in LIBRARIES if name in sys.modules]
    return next((told for library in libraries if (told := told_error(library, error))), None)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
