"""What OAuth needs around the SDK's providers: where tokens are kept, the simplest flow, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..errors import ToolsetAuthError, said_by
from ..security.filters import RedactionFilter
from ..security.registry import NAMED_PLACEHOLDER, SecretRegistry

if TYPE_CHECKING:
    import httpx2
    from mcp.shared.auth import OAuthClientInformationFull, OAuthToken


class TokenStorage(Protocol):
    """Where the tokens for one server are kept; all of it is awaited on the loop of servers."""

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens, if there are some."""
        ...

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep these tokens."""
        ...

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """As what the program is registered, if it is."""
        ...

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep this registration."""
        ...


class InMemoryTokenStorage:
    """Keeps tokens as long as the program runs.

    Args:
        client_info: As what the program is registered already.
    """

    def __init__(self, client_info: OAuthClientInformationFull | None = None) -> None:
        self._tokens: OAuthToken | None = None
        self._client_info = client_info

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens, if there are some."""
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep these tokens."""
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """As what the program is registered, if it is."""
        return self._client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep this registration."""
        self._client_info = client_info


def client_credentials(
    url: str,
    *,
    client_id: str,
    client_secret: str,
    issuer: str,
    scope: str | None = None,
    storage: TokenStorage | None = None,
    method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic",
) -> httpx2.Auth:
    """Let a program in as itself, without a user: the `auth=` of an `MCPServerHTTP`.

    Args:
        url: The address of the MCP server.
        client_id: As what the program is known to the authorization server.
        client_secret: What proves it. It is sent to `issuer` only.
        issuer: The authorization server's own name of itself, an address.
        scope: What is asked for, with blanks between; what the server says is needed by default.
        storage: Where tokens are kept; in memory by default.
        method: Whether the secret is sent in a header or in the body.

    Raises:
        ValueError: `issuer` is no address.
    """
    from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider

    return ClientCredentialsOAuthProvider(
        server_url=url,
        storage=storage or InMemoryTokenStorage(),
        client_id=client_id,
        client_secret=client_secret,
        token_endpoint_auth_method=method,
        scope=scope,
        issuer=issuer,
    )


def denied(name: str, said: str) -> ToolsetAuthError:
    """The error of a server that does not let us in.

    Args:
        name: Name of the server.
        said: What it said, without secrets.
    """
    return ToolsetAuthError(
        f"the MCP server {name!r} does not let us in: {said}; check what headers= or auth= give it"
    )


def failure_of(error: BaseException, auth: object) -> str:
    """What an error of a flow says, without what the flow knows.

    An authorization server may say anything, the program's own secret included.
    """
    registry = SecretRegistry()
    for name, value in _secrets(auth):
        registry.register_value(name, value, found=True)
    return RedactionFilter(registry, NAMED_PLACEHOLDER).redact(said_by(error))


def _secrets(auth: object) -> Iterator[tuple[str, str]]:
    """What a provider of the SDK knows; of any other `auth`, nothing is known."""
    context: Any = getattr(auth, "context", None)
    for part, names in (
        ("client_info", ("client_secret",)),
        ("current_tokens", ("access_token", "refresh_token")),
    ):
        for name in names:
            value = getattr(getattr(context, part, None), name, None)
            if isinstance(value, str):
                yield name, value
