"""MCP servers: as toolsets, what they have besides tools, and what they ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_type

from voxagent import Agent, MCPServerManager, Message
from voxagent import RunContext as Run
from voxagent.mcp import (
    Elicitation,
    MCPServer,
    MCPServerHTTP,
    MCPServerInProcess,
    MCPServerSSE,
    MCPServerStdio,
    PromptDescription,
    Resource,
    ResourceTemplate,
    load_mcp_servers,
    sanitize_tool_name,
)
from voxagent.tools import ToolDefinition
from voxagent.types import ContentBlock


@dataclass
class Account:
    token: str


def headers(run: Run[Any] | None) -> Mapping[str, str]:
    return {} if run is None else {"Authorization": f"Bearer {run.deps.token}"}


def elicit(question: Elicitation) -> dict[str, Any] | None:
    assert_type(question.url, str | None)
    return None if question.schema is None else {"name": "Ann"}


async def elicit_later(question: Elicitation) -> Mapping[str, Any] | None:
    return {}


def roots() -> list[Path]:
    return [Path.cwd()]


stdio = MCPServerStdio("uvx", ["mcp-server-time"], env={"A": "b"}, idle_timeout=None, elicit=elicit)
http = MCPServerHTTP("https://example.com/mcp", headers=headers, tool_timeouts={"slow": 5.0}, roots=roots)
sse = MCPServerSSE("https://example.com/sse", headers={"a": "b"}, elicit=elicit_later, mode="legacy")
here = MCPServerInProcess(object(), prefix="mine", sampling=True, required=False, pin_tools="tools.lock")
Agent("offline:demo", toolsets=[stdio, http, sse, here, stdio.as_resource_tools(max_bytes=5)])
typed = Agent("offline:demo", deps_type=Account, toolsets=[http])
assert_type(typed, Agent[Account, str])


async def listed() -> None:
    assert_type(await stdio.list_resources(), list[Resource])
    assert_type(await stdio.list_resource_templates(), list[ResourceTemplate])
    assert_type(await stdio.read_resource("memo://a"), list[ContentBlock])
    assert_type(await stdio.list_prompts(), list[PromptDescription])
    assert_type(await stdio.get_prompt("greet", {"name": "Ann"}), list[Message])
    await stdio.roots_changed()


async def managed() -> None:
    async with MCPServerManager([stdio]) as manager:
        assert_type(manager, MCPServerManager)
        assert_type(manager.servers, Mapping[str, MCPServer])
        await manager.add_servers([http])
        assert_type(await manager.connect_all(), list[ToolDefinition[Any]])
    Agent("offline:demo", toolsets=[manager])


assert_type(load_mcp_servers("mcp.json", required=False), list[MCPServer])
assert_type(sanitize_tool_name("get.time"), str)
