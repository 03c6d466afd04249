"""Agents as MCP servers, and OAuth."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, assert_type

import httpx2
from mcp.server import Server

from voxagent import Agent, RunResult
from voxagent.mcp import (
    InMemoryTokenStorage,
    MCPServerHTTP,
    Servable,
    ServedAgent,
    ServedCall,
    ServedRun,
    TokenStorage,
    as_server,
    client_credentials,
    serve,
    serve_async,
)
from voxagent.streaming import StreamEventData


@dataclass
class User:
    name: str


plain = Agent("offline:demo", name="plain")
typed = Agent("offline:demo", name="typed", deps_type=User, output_type=User)


def user_of(call: ServedCall) -> User:
    assert_type(call.session, str | None)
    return User(call.headers["x-user"])


async def key_of(call: ServedCall) -> str | None:
    return call.session


class Counted:
    """An agent with something around it."""

    name = "counted"
    description: str | None = None
    output_type = str

    def run_stream(
        self, prompt: str, *, deps: Any, session_key: str | None
    ) -> AbstractAsyncContextManager[ServedRun]:
        return plain.run_stream(prompt, session_key=session_key)


class Run:
    def __aiter__(self) -> AsyncIterator[StreamEventData]:
        raise NotImplementedError

    async def result(self) -> RunResult[str]:
        raise NotImplementedError


servable: Servable = plain
served: ServedRun = Run()
assert_type(as_server(plain, typed, name="crew", instructions=None), Server[Any])
as_server(ServedAgent(typed, deps=user_of, session_key=key_of, input_type=User, sessions=True), plain)


async def main() -> None:
    serve(plain)
    serve(plain, typed, transport="http", host="127.0.0.1", port=0, path="/mcp", token=None, on_ready=print)
    await serve_async(ServedAgent(plain, name="it"), name="crew")


storage: TokenStorage = InMemoryTokenStorage()
auth = client_credentials("http://x.test/mcp", client_id="a", client_secret="b", issuer="http://y.test")
assert_type(auth, httpx2.Auth)
MCPServerHTTP("http://x.test/mcp", auth=auth, headers=lambda run: {})
