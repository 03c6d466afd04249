"""A ready client of a vendor's SDK as the way to its service.

The client lets itself in, knows its addresses and holds the connections: Azure, Bedrock and Vertex need no
code here. What is sent and what the answer means stays ours: the client is handed a body, through the door
that it has for requests of one's own, and gives back the response unread. It tries nothing again, and its
own timeouts do not count: both are decided above it, for all providers alike. No SDK is imported here; that
its client was made means that it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import httpx2
from pydantic_core import from_json

from ...errors import (
    AuthenticationError,
    ConfigError,
    ProviderConnectionError,
    ProviderError,
    ProviderTimeoutError,
    said_by,
)
from .keys import forget, secrets_in_headers
from .library import told_by_any
from .pool import CONNECT_SECONDS
from .refusals import beginning
from .wire import Wire

KEYS = (
    "api_key",
    "auth_token",
    "admin_api_key",
    "access_token",
    "aws_access_key",
    "aws_secret_key",
    "aws_session_token",
)
"""Where the clients keep what lets them in."""
SENT = ("authorization", "api-key", "x-api-key", "x-goog-api-key", "x-amz-security-token")
"""Headers that carry it."""
UNAUTHORIZED = 401
PROGRAM = (TypeError, ValueError, RuntimeError, ImportError)
"""What a client raises that was made without something it needs."""


@dataclass(slots=True, frozen=True)
class Sdk:
    """One vendor's SDK.

    Args:
        package: The package that its clients come from.
        client: Its plain client, which sends bytes as they are; the others read in the body where to send it.
        path: Where the wire is spoken, below the client's base URL.
    """

    package: str
    client: str
    path: str

    def takes(self, client: object) -> bool:
        """Whether this is an async client of the SDK."""
        return any(
            kind.__name__ == "AsyncAPIClient" and kind.__module__.partition(".")[0] == self.package
            for kind in type(client).__mro__
        )

    async def send(
        self, client: Any, body: bytes, headers: Mapping[str, str], wire: Wire, keys: list[str]
    ) -> Any:
        """The response to a body, its head read; `keys` takes what let it in.

        Raises:
            ProviderError: The service refuses, cannot be reached, or the client is not let in.
            ConfigError: The client was made without something it needs.
        """
        _watch(client)
        as_it_is = type(client).__name__ == self.client and not getattr(client, "middleware", ())
        content: dict[str, Any] = {"content": body} if as_it_is else {"body": from_json(body)}
        ours = _ours.set(True)
        try:
            response = await client.post(
                self.path,
                cast_to=httpx2.Response,
                stream=True,
                options={
                    "headers": dict(headers),
                    "timeout": httpx2.Timeout(None, connect=CONNECT_SECONDS),
                    "max_retries": 0,
                },
                **content,
            )
            keys += keys_of(client, response)
            return response
        except Exception as error:  # becomes a failure of ours, or is raised again
            cause = error.__cause__ if isinstance(error.__cause__, _RefusedError) else error
            failure, response = self._told(cause, wire), getattr(cause, "response", None)
            keys += keys_of(client, response)
            forget(failure, keys)
        finally:
            _ours.reset(ours)
        if response is not None or _is_unsendable(cause):
            raise failure  # what the SDK says quotes the body as it came, or the key
        raise failure from cause

    def _told(self, error: Exception, wire: Wire) -> ProviderError | ConfigError:
        sdk = cast("Any", sys.modules[self.package])
        if isinstance(error, (_RefusedError, sdk.APIStatusError)):
            response = cast("Any", error).response
            headers = {name.lower(): value for name, value in response.headers.items()}
            body = error.body if isinstance(error, _RefusedError) else _content(response)
            return wire.error(response.status_code, headers, body)
        if _is_unsendable(error):
            return ConfigError("a header of the client, or its key, has a character that no header may have")
        if isinstance(error, sdk.APITimeoutError):
            return ProviderTimeoutError(f"the connection timed out: {_said(error.__cause__ or error)}")
        if isinstance(error, sdk.APIConnectionError):
            return ProviderConnectionError(f"the connection failed: {_said(error.__cause__ or error)}")
        if isinstance(error, PROGRAM):
            return ConfigError(f"the client that was handed in cannot send: {_said(error)}")
        return told_by_any(error) or AuthenticationError(
            f"the client that was handed in was not let in: {_said(error)}"
        )


class _RefusedError(Exception):
    """The service has refused a request: what it says, as far as it matters."""

    def __init__(self, response: Any, body: bytes) -> None:
        super().__init__(response.status_code)
        self.response: Any = response
        self.body: bytes = body


_ours: ContextVar[bool] = ContextVar("a request of ours is being sent", default=False)


def _watch(client: Any) -> None:
    """Read the bodies of errors ourselves: the SDK reads them to their end, and they may have none."""
    hooks: list[Any] = client._client.event_hooks["response"]
    if _refused not in hooks:
        hooks.append(_refused)


async def _refused(response: Any) -> None:
    """Raise ahead of the body; but not for a key that is refused, for some clients then fetch another."""
    if _ours.get() and response.status_code >= 400 and response.status_code != UNAUTHORIZED:
        raise _RefusedError(response, await beginning(response))


def _is_unsendable(error: BaseException | None) -> bool:
    """Whether a header could not be written; the error quotes it."""
    while error is not None:
        if isinstance(error, UnicodeError) or type(error).__name__ == "LocalProtocolError":
            return True
        error = error.__cause__
    return False


def check_alone(*given: object) -> None:
    """Raise `ConfigError` if something was given beside a client that it could not reach."""
    if any(each is not None for each in given):
        raise ConfigError("a client of an SDK has its own api_key and base_url: hand in the client alone")


def keys_of(client: object, response: Any) -> list[str]:
    """What lets a client in: what it keeps, and what was sent if there is a response."""
    sent: Mapping[str, str] = response.request.headers if response is not None else {}
    kept: list[object] = [getattr(client, name, None) for name in KEYS]
    told = [sent.get(name, "").rpartition(" ")[2] for name in SENT]
    told += [secret for _, secret in secrets_in_headers("", sent)]
    return [key for key in dict.fromkeys((*kept, *told)) if isinstance(key, str)]


def _content(response: Any) -> bytes:
    try:
        return bytes(response.content)
    except RuntimeError:  # it was closed before it was read; the status tells enough
        return b""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {said_by(error)}"
