"""A server that asks: `python asker.py stdio|http|sse [PORT]`. It also has resources and prompts."""

import asyncio
import base64
import json
import sys
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Resolve
from mcp.server.mcpserver.resolve import Elicit, ListRoots, Sample
from mcp.types import (
    AudioContent,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestURLParams,
    ImageContent,
    InputRequiredResult,
    ListRootsResult,
    ModelPreferences,
    SamplingMessage,
    TextContent,
    Tool,
)
from pydantic import BaseModel, Field

PIXEL = base64.b64encode(b"pixel").decode()
SOUND = base64.b64encode(b"sound").decode()


class Person(BaseModel):
    name: str = Field(min_length=2)
    age: int = 7
    tier: Literal["free", "paid"] = "free"


def user(text: str) -> SamplingMessage:
    return SamplingMessage(role="user", content=TextContent(type="text", text=text))


def said_by_model(text: str) -> SamplingMessage:
    return SamplingMessage(role="assistant", content=TextContent(type="text", text=text))


def thought_of(question: str) -> Sample:
    return Sample(
        [user("Hello"), said_by_model("Hi"), user(question)],
        max_tokens=50,
        system_prompt="Be brief.",
        temperature=0.5,
        stop_sequences=["END"],
        model_preferences=ModelPreferences(cost_priority=1),
    )


def media() -> Sample:
    parts: list[Any] = [
        TextContent(type="text", text="What is this?"),
        ImageContent(type="image", data=PIXEL, mime_type="image/png"),
        AudioContent(type="audio", data=SOUND, mime_type="audio/wav"),
    ]
    return Sample([SamplingMessage(role="user", content=parts)], max_tokens=5)


def person() -> Elicit[Person]:
    return Elicit("Who are you?", Person)


def folders() -> ListRoots:
    return ListRoots()


def said(result: CreateMessageResult) -> str:
    content = result.content
    assert isinstance(content, TextContent)
    return f"{content.text}|{result.model}|{result.stop_reason}"


def questions(server: MCPServer[Any]) -> None:
    """What is asked in both eras, and what only servers of the older one can ask."""

    @server.tool(structured_output=False)
    def think(question: str, thought: Annotated[CreateMessageResult, Resolve(thought_of)]) -> str:
        return said(thought)

    @server.tool(structured_output=False)
    def look(thought: Annotated[CreateMessageResult, Resolve(media)]) -> str:
        return said(thought)

    @server.tool(structured_output=False)
    def register(who: Annotated[ElicitationResult[Person], Resolve(person)]) -> str:
        return who.data.model_dump_json() if isinstance(who, AcceptedElicitation) else who.action

    @server.tool(structured_output=False)
    def roots(found: Annotated[ListRootsResult, Resolve(folders)]) -> str:
        return " ".join(str(root.uri) for root in found.roots)

    @server.tool(structured_output=False)
    async def push(wanted: Literal["tools", "conversation"], ctx: Context) -> str:
        tools = [Tool(name="t", input_schema={"type": "object"})] if wanted == "tools" else None
        context: Any = "allServers" if wanted == "conversation" else None
        params = CreateMessageRequestParams(
            messages=[user("?")], max_tokens=5, tools=tools, include_context=context
        )
        request = CreateMessageRequest(params=params)
        return said(await ctx.session.send_request(request, CreateMessageResult))

    @server.tool(structured_output=False)
    async def visit(ctx: Context) -> str:
        return (await ctx.elicit_url("Sign in, please", "https://example.test/in", "e1")).action

    @server.tool(structured_output=False)
    async def go(ctx: Context) -> str | InputRequiredResult:
        answers = ctx.input_responses
        if answers:
            return str(json.loads(answers["q"].model_dump_json())["action"])
        params = ElicitRequestURLParams(mode="url", message="Sign in, please", url="https://example.test/in")
        return InputRequiredResult(
            result_type="input_required",
            input_requests={"q": ElicitRequest(params=params)},
            request_state="s",
        )


def others(server: MCPServer[Any]) -> None:
    """Silence, and log messages."""

    @server.tool(structured_output=False)
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    @server.tool(structured_output=False)
    async def log(ctx: Context) -> str:
        await ctx.debug("said at debug")
        await ctx.info("said at info")
        await ctx.warning("said at warning", logger_name="asker")
        await ctx.error("said at error")
        return "logged"


def library(server: MCPServer[Any]) -> None:
    """Resources and prompts."""

    @server.resource("memo://today", title="Today", description="What is on", mime_type="text/plain")
    def today() -> str:
        return "nothing"

    @server.resource("memo://picture", mime_type="image/png")
    def picture() -> bytes:
        return b"pixel"

    @server.resource("memo://paper", mime_type="application/pdf")
    def paper() -> bytes:
        return b"x" * 5_000

    @server.resource("memo://day/{day}")
    def day(day: str) -> str:
        return f"on {day}"

    @server.resource("memo://broken")
    def broken() -> str:
        raise RuntimeError("kaput")

    @server.prompt(title="Greet", description="Say hello")
    def greet(name: str, mood: str = "good") -> list[Any]:
        return [
            {"role": "user", "content": {"type": "text", "text": f"I am {name}, in a {mood} mood"}},
            {"role": "assistant", "content": {"type": "text", "text": "Hello!"}},
            {"role": "user", "content": {"type": "image", "data": PIXEL, "mimeType": "image/png"}},
        ]


def made() -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("asker", log_level="ERROR")
    questions(server)
    others(server)
    library(server)
    return server


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        made().run("stdio")
    elif sys.argv[1] == "sse":
        made().run("sse", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        made().run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
