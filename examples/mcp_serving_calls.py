"""What a call brings along decides whom an agent works for; what it tells is an error without secrets."""

import asyncio
from dataclasses import dataclass

from mcp import Client

from voxagent import Agent, ToolContext
from voxagent.mcp import ServedAgent, ServedCall, as_server
from voxagent.testing import FunctionProvider, text, tool_call


@dataclass
class User:
    name: str


def user_of(call: ServedCall) -> User:
    name = call.headers.get("x-user") or call.meta.get("user")
    if name is None:
        raise PermissionError("a call without a user; the database is at 10.0.0.7")
    return User(name)


clerk = Agent(
    FunctionProvider(
        lambda messages, request: (
            text(messages[-1].tool_results[0].text) if messages[-1].tool_results else tool_call("whoami")
        )
    ),
    name="clerk",
    deps_type=User,
)


@clerk.tool
async def whoami(ctx: ToolContext[User]) -> str:
    return f"you are {ctx.deps.name}"


async def main() -> None:
    async with Client(as_server(ServedAgent(clerk, deps=user_of, sessions=True))) as client:
        for meta in ({"user": "Ada"}, None):
            result = await client.call_tool("clerk", {"prompt": "Who am I?", "session": "s1"}, meta=meta)
            print(result.is_error, result.content[0].model_dump()["text"].partition(" (call")[0])


asyncio.run(main())
