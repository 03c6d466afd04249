"""The proxy's server: an ASGI app that holds the keys, and relays what its models answer.

A client shows a token and asks one of the models that are allowed. It never sees a key, an address or a
message of the server's side; what it sees of a model's answer is what the model's provider gave. Whatever a
client could use to reach beyond the model that it was given (fields of the request's body that are passed on
as they are, tools that run in the account of the key) is refused, unless all clients are trusted.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
)
from ...security.registry import SecretRegistry
from ..base import Provider, check_native_tools, check_provider, model_of
from ..registry import ProviderRegistry, get_default_registry
from .asked import Asked
from .failures import Failure
from .relay import Limits, Relay
from .telling import Teller, known_secrets

Models: TypeAlias = Sequence[str] | Mapping[str, str | Provider]

logger: logging.Logger = logging.getLogger("voxagent")

SHORTEST_TOKEN = 16
OVERFLOW = 8
"""How many times the limit is read of a body that is too large, so that its sender hears of it."""


def proxy_app(
    models: Models,
    *,
    tokens: Sequence[str],
    registry: ProviderRegistry | None = None,
    secrets: SecretRegistry | None = None,
    trusted: bool = False,
    max_body: int = 10_000_000,
    max_seconds: float = 3600.0,
    heartbeat: float = 15.0,
) -> Starlette:
    """An ASGI app that answers for models whose keys only it has, to clients that have a token.

    Serve it with any ASGI server that runs on asyncio, such as `uvicorn`, which listens on loopback unless it
    is told otherwise; put TLS ahead of it where it is reached over a network.

    Args:
        models: The models that may be asked: model strings, or names with the model string or the provider
            that each stands for. All others are refused.
        tokens: The bearer tokens of the clients, 16 characters or more.
        registry: Where model strings are looked up.
        secrets: What clients must not be told besides keys in the environment and of well-known shapes.
        trusted: Whether clients may use `extra_body` and native tools, by which they reach whatever the key
            reaches: other models, files, money.
        max_body: Bytes of a request.
        max_seconds: Seconds that an answer may take.
        heartbeat: Seconds of silence after which a comment is sent, so that nobody between closes the stream.

    Raises:
        ConfigError: There is no model or no token, a token is too short, or a provider is not known.
    """
    lookup = registry or get_default_registry()
    allowed: dict[str, str | Provider] = (
        dict(models) if isinstance(models, Mapping) else {name: name for name in _listed(models)}
    )
    if not allowed:
        raise ConfigError("the proxy has no model that may be asked: models=['openai:gpt-5'], for one")
    for target in allowed.values():
        if isinstance(target, str):
            lookup.check(target)
    known = _checked(tokens)
    named = {f"token {number}": token for number, token in enumerate(tokens, 1)}
    teller = Teller(known_secrets(secrets, named))
    proxy = Proxy(Targets(allowed, lookup), known, teller, Limits(max_body, max_seconds, heartbeat), trusted)
    return Starlette(routes=[Route("/v1/stream", proxy.stream, methods=["POST"])])


def _listed(models: Sequence[str]) -> Sequence[str]:
    if isinstance(models, str):
        raise ConfigError(f"models={models!r}: a list of model strings is expected, [{models!r}]")
    return models


def _checked(tokens: Sequence[str]) -> list[bytes]:
    """The tokens to compare with; no message shows one."""
    if isinstance(tokens, str) or not tokens:
        raise ConfigError("the proxy needs tokens=[...], a list with at least one: secrets.token_urlsafe(32)")
    for number, token in enumerate(tokens, 1):
        if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError(
                f"token {number} of the proxy is not {SHORTEST_TOKEN} or more printable ASCII characters"
                " without blanks: secrets.token_urlsafe(32) makes one"
            )
    return [token.encode() for token in tokens]


class Targets:
    """The models that may be asked; each provider is made when it is first needed."""

    def __init__(self, allowed: dict[str, str | Provider], registry: ProviderRegistry) -> None:
        self._allowed = allowed
        self._registry = registry

    def provider(self, name: str) -> Provider:
        """The provider that a name stands for; raises `ModelNotFoundError` if it is not allowed."""
        target = self._allowed.get(name)
        if target is None:
            raise ModelNotFoundError(
                f"model {name!r} is not allowed here; these are: {', '.join(self._allowed)}", status=404
            )
        if isinstance(target, str):
            target = self._allowed[name] = self._registry.get_provider(target)
        return target


class Proxy:
    """Answers requests."""

    def __init__(
        self, targets: Targets, tokens: Sequence[bytes], teller: Teller, limits: Limits, trusted: bool
    ) -> None:
        self._targets = targets
        self._tokens = tokens
        self._teller = teller
        self._limits = limits
        self._trusted = trusted

    async def stream(self, request: Request) -> Response:
        """Answer `POST /v1/stream`."""
        try:
            self._let_in(request)
            return self._answer(await self._asked(request))
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        except ProviderError as error:
            return _refused(error)
        except Exception as error:  # of the server's own making, so nothing that a client may read
            return _refused(self._teller.unexpected(error))

    def _let_in(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        shown = token.strip().encode("utf-8", "replace")
        # all are compared, so that the time it takes tells nothing
        known = [hmac.compare_digest(shown, each) for each in self._tokens]
        if kind.lower() != "bearer" or not any(known):
            raise AuthenticationError("the proxy does not know this token", status=401)

    async def _asked(self, request: Request) -> Asked:
        most = self._limits.max_body
        size, pieces = 0, list[bytes]()
        async for piece in request.stream():
            size += len(piece)
            if size <= most:
                pieces.append(piece)
            elif size > OVERFLOW * most:
                break
        if size > most:
            raise BadRequestError(f"the request is larger than {most:,} bytes", status=413)
        try:
            return Asked.model_validate_json(b"".join(pieces))
        except ValidationError as error:
            raise BadRequestError(f"the request cannot be read: {_first(error)}", status=400) from None

    def _answer(self, asked: Asked) -> Response:
        self._check(asked)
        provider = self._targets.provider(asked.model)
        check_provider(provider)
        try:
            request = asked.request(model_of(provider))
            check_native_tools(provider, request.model, request.native_tools)
        except (ConfigError, ValidationError) as error:
            raise BadRequestError(str(error), status=400) from error
        return Streamed(Relay(provider, request, self._teller, self._limits))

    def _check(self, asked: Asked) -> None:
        if "extra_headers" in asked.settings:
            raise PermissionDeniedError("this proxy passes no extra_headers on", status=403)
        if self._trusted:
            return
        for what, there in (
            ("extra_body", "extra_body" in asked.settings),
            ("native tools", bool(asked.native_tools)),
        ):
            if there:
                raise PermissionDeniedError(f"this proxy takes no {what} (trusted=False)", status=403)


class Streamed(Response):
    """An answer that is relayed."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._relay = relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._relay.answer(receive, send)


def _refused(error: ProviderError) -> Response:
    failure = Failure.of(error, error.message)
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse({"error": failure.model_dump()}, error.status or 500, headers)


def _first(error: ValidationError) -> str:
    """Where the first thing is wrong, and what."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
