"""The tools of a server beside the agent's own; here the server runs in this program."""

from mcp.server import MCPServer

from voxagent import Agent, tool
from voxagent.mcp import MCPServerInProcess
from voxagent.testing import ScriptedProvider, answer, text, tool_call

weather = MCPServer("weather")


@weather.tool(structured_output=False)
def forecast(city: str) -> str:
    """What the weather will be like."""
    return f"rain in {city}"


@tool
def umbrella(city: str) -> str:
    """Where the next umbrella is."""
    return f"at the station of {city}"


# Others: MCPServerStdio("uvx", ["mcp-server-time"]), MCPServerHTTP("https://example.com/mcp", headers={...})
server = MCPServerInProcess(weather, prefix=True)
model = ScriptedProvider(
    answer(tool_call("weather_forecast", city="Oslo"), tool_call("umbrella", city="Oslo")),
    text("Take one."),
)
result = Agent(model, tools=[umbrella], toolsets=[server]).run_sync("Do I need an umbrella in Oslo?")
print([spec.name for spec in model.requests[0].tools])
print([block.text for message in result.messages for block in message.tool_results])
print(result.output)
