"""What a server says of its tools decides which calls may be made again after a crash."""

from typing import Any

from mcp.server import MCPServer
from mcp_types import ToolAnnotations

from voxagent import Agent, Message
from voxagent.agent.history import INTERRUPTED
from voxagent.mcp import MCPServerInProcess
from voxagent.session import InMemorySessionStorage
from voxagent.testing import ScriptedProvider, text
from voxagent.types import ToolUseBlock


async def test_a_resumed_run_calls_again_what_the_server_calls_safe() -> None:
    called: list[str] = []
    server: MCPServer[Any] = MCPServer("shop", log_level="ERROR")
    hints = {
        "look": ToolAnnotations(read_only_hint=True),
        "put": ToolAnnotations(idempotent_hint=True),
        "pay": ToolAnnotations(destructive_hint=True),
        "buy": None,
    }
    for name, hint in hints.items():

        def work(name: str = name) -> str:
            called.append(name)
            return "done"

        server.add_tool(work, name=name, annotations=hint)
    storage = InMemorySessionStorage()
    asked = Message("assistant", [ToolUseBlock(name, name, {}) for name in hints])
    await storage.append("k", [Message("user", "?"), asked], expected_version=0)
    toolset = MCPServerInProcess(server)
    agent = Agent(ScriptedProvider(text("done")), toolsets=[toolset], session_storage=storage)
    result = await agent.resume("k")
    assert sorted(called) == ["look", "put"]
    assert {each.tool_use_id: each.text for each in result.messages[2].tool_results} == {
        "look": "done",
        "put": "done",
        "pay": INTERRUPTED,
        "buy": INTERRUPTED,
    }
