"""The client that the official conformance suite tests: voxagent, by its public names only.

The suite gives the server's address as the last argument, and tells the scenario in the environment. An agent
calls what the scenario wants to be called; without such a wish, each tool once, with arguments made from its
schema.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata
from pydantic import AnyUrl

from voxagent import Agent
from voxagent.mcp import (
    Elicitation,
    InMemoryTokenStorage,
    MCPServerHTTP,
    MCPServerManager,
    MCPToolDefinition,
    client_credentials,
)
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, text, tool_call
from voxagent.types import Message

SCENARIO = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
VERSION = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "")
CONTEXT: Mapping[str, Any] = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
CALLBACK = "http://localhost:3030/callback"
METADATA = "https://conformance-test.local/client-metadata.json"
EXAMPLES = {"string": "x", "number": 3, "integer": 3, "boolean": True, "array": [], "object": {}}


class Browser:
    """Follows the redirect that a user's browser would follow."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    async def visit(self, url: str) -> None:
        async with httpx2.AsyncClient() as client:
            response = await client.get(url, follow_redirects=False)
        query = parse_qs(urlsplit(response.headers["location"]).query)
        self._given = {name: values[0] for name, values in query.items()}

    async def result(self) -> AuthorizationCodeResult:
        given = self._given
        return AuthorizationCodeResult(code=given["code"], state=given.get("state"), iss=given.get("iss"))


def issuer_of(url: str) -> str:
    """The authorization server of an MCP server, which this scenario does not tell."""
    parts = urlsplit(url)
    response = httpx2.get(f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}")
    return str(response.json()["authorization_servers"][0])


def auth(url: str) -> Any:
    """How the program is let in."""
    if not SCENARIO.startswith("auth/"):
        return None
    if SCENARIO == "auth/client-credentials-basic":
        return client_credentials(
            url,
            client_id=CONTEXT["client_id"],
            client_secret=CONTEXT["client_secret"],
            issuer=issuer_of(url),
        )
    registered = None
    if "client_id" in CONTEXT:
        registered = OAuthClientInformationFull(
            client_id=CONTEXT["client_id"],
            client_secret=CONTEXT.get("client_secret"),
            redirect_uris=[AnyUrl(CALLBACK)],
            token_endpoint_auth_method="client_secret_basic",
        )
    browser = Browser()
    return OAuthClientProvider(
        server_url=url,
        storage=InMemoryTokenStorage(registered),
        redirect_handler=browser.visit,
        callback_handler=browser.result,
        client_metadata=OAuthClientMetadata(
            client_name="voxagent",
            redirect_uris=[AnyUrl(CALLBACK)],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
        ),
        client_metadata_url=METADATA,
    )


def made(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that a schema requires."""
    fields = schema.get("properties", {})
    return {
        name: fields.get(name, {}).get("default", EXAMPLES.get(fields.get(name, {}).get("type", ""), "x"))
        for name in schema.get("required", [])
    }


def wanted(tools: Sequence[MCPToolDefinition]) -> list[Any]:
    """The calls that shall be made."""
    by_name = {tool.original_name: tool for tool in tools}
    if SCENARIO == "json-schema-2020-12-preservation":
        schema = dict(by_name["json_schema_2020_12_tool"].input_schema)
        return [tool_call(by_name["json_schema_echo"].name, schema=schema)]
    if calls := CONTEXT.get("toolCalls"):
        return [tool_call(by_name[call["name"]].name, **call["arguments"]) for call in calls]
    return [tool_call(tool.name, **made(tool.input_schema)) for tool in tools]


def answer(question: Elicitation) -> Mapping[str, Any]:
    """The user fills in what has no default."""
    schema = question.schema or {}
    fields = schema.get("properties", {})
    return {name: value for name, value in made(schema).items() if "default" not in fields.get(name, {})}


async def main(url: str) -> None:
    server = MCPServerHTTP(
        url,
        auth=auth(url),
        mode="legacy" if VERSION < "2026" else "auto",
        elicit=answer,
        sampling=True,
        roots=[],
        connect_timeout=60,
        idle_timeout=60,
    )
    async with MCPServerManager([server]) as manager:
        tools = [tool for tool in await manager.connect_all() if isinstance(tool, MCPToolDefinition)]
        calls = wanted(tools)

        def model(messages: Sequence[Message], request: ModelRequest) -> Any:
            return calls.pop(0) if request.tools and calls else text("done")

        result = await Agent(FunctionProvider(model), toolsets=[manager]).run("go on")
        for message in result.messages:
            for told in message.tool_results:
                print(told.is_error, told.text[:200])
        result.raise_for_error()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[-1]))
