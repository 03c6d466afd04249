"""What no MCP server takes is refused."""

from __future__ import annotations

from voxagent import MCPServerManager
from voxagent.mcp import Elicitation, MCPServerHTTP, MCPServerInProcess, MCPServerStdio


def answers_a_number(question: Elicitation) -> int:
    return 3


async def asked(server: MCPServerStdio) -> None:
    await server.get_prompt("greet", {"age": 5})  # E: an argument of a prompt that is no text
    await server.read_resource(5)  # E: a number as a URI


MCPServerStdio()  # E: a process without a program
MCPServerStdio("uvx", idle_time=5)  # E: an option that there is not
MCPServerStdio("uvx", sampling="yes")  # E: a text as a switch
MCPServerHTTP("https://example.com", mode="2024")  # E: an era that there is not
MCPServerHTTP("https://example.com", elicit=answers_a_number)  # E: an answer that is none
MCPServerInProcess(object(), log_level="loud")  # E: a level that there is not
MCPServerManager(["uvx"])  # E: a command as a server
