"""A protected MCP server and its authorization server on one address, which remember who came."""

import base64
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.mcp.auth.running import running
from voxagent import Agent
from voxagent.mcp import ServedAgent, as_server
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider
from voxagent.types import Message

CLIENT, CLIENT_SECRET = "the-program", "s3cret-of-the-program-4711"


class Authority:
    """The authorization server, and what the MCP server asks it.

    Args:
        url: The address of both.
        lifetime: Seconds that a token holds.
    """

    def __init__(self, url: str, lifetime: int = 3600) -> None:
        self.url, self.issuer = url, f"{url}/"
        self.lifetime = lifetime
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.spoken: set[str] = set()
        self.refuses = False
        self._numbers = itertools.count(1)

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the MCP server is told of a token."""
        if token not in self.tokens:
            return None
        return AccessToken(token=token, client_id=CLIENT, scopes=["use"], resource=f"{self.url}/mcp")

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "registration_endpoint": f"{self.url}/register",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )

    async def register(self, request: Request) -> Response:
        self.asked.append("register")
        told = await request.json()
        given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET}
        return JSONResponse({**told, **given, "token_endpoint_auth_method": "client_secret_basic"}, 201)

    async def authorize(self, request: Request) -> Response:
        self.asked.append("authorize")
        back = {"code": "the-code", "state": request.query_params["state"]}
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: Request) -> Response:
        told = dict(parse_qsl((await request.body()).decode()))
        self.asked.append(told["grant_type"])
        shown = told.get("client_secret") or _basic(request.headers.get("authorization", ""))
        if self.refuses or shown != CLIENT_SECRET:
            return JSONResponse({"error": "invalid_client", "error_description": f"{shown} is wrong"}, 401)
        access = f"t0ken-number-{next(self._numbers)}-of-this-test"
        self.tokens.add(access)
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": self.lifetime,
                "refresh_token": "r3fresh-of-this-test-4711",
                "scope": "use",
            },
            headers={"cache-control": "no-store"},
        )

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/oauth-authorization-server", self.metadata),
            Route("/register", self.register, methods=["POST"]),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
        ]


def _basic(header: str) -> str:
    decoded = base64.b64decode(header.removeprefix("Basic ")).decode()
    return unquote(decoded.partition(":")[2])


def says_hello(messages: Any, request: ModelRequest) -> Any:
    said: list[Message] = [message for message in messages if message.role == "user"]
    return f"hello {said[-1].text}"


@asynccontextmanager
async def protected(lifetime: int = 3600) -> AsyncGenerator[Authority]:
    """An MCP server that wants tokens of the authority that is given."""

    def made(url: str) -> Any:
        authority = Authority(url, lifetime)
        agent = ServedAgent(
            Agent(FunctionProvider(says_hello), name="greeter"),
            deps=lambda call: authority.spoken.add(call.headers["mcp-protocol-version"]),
        )
        settings = AuthSettings(
            issuer_url=AnyHttpUrl(url),
            resource_server_url=AnyHttpUrl(f"{url}/mcp"),
            required_scopes=["use"],
            validate_token_resource=True,
        )
        app = as_server(agent).streamable_http_app(
            auth=settings, token_verifier=authority, custom_starlette_routes=authority.routes()
        )
        return authority, app

    async with running(made) as authority:
        yield authority
