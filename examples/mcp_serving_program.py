"""A program that serves an agent over standard input and output; without `serve` it is its own client."""

import sys

from voxagent import Agent
from voxagent.mcp import MCPServerStdio, serve
from voxagent.testing import ScriptedProvider, text, tool_call

expert = Agent(
    ScriptedProvider(text("Whales are mammals."), text("Sharks are fish.")),
    name="expert",
    description="Knows about the sea.",
)

if "serve" in sys.argv:
    serve(expert)
else:
    server = MCPServerStdio(sys.executable, [__file__, "serve"], connect_timeout=30)
    asker = Agent(
        ScriptedProvider(tool_call("expert", prompt="Whales?"), text("Mammals!")), toolsets=[server]
    )
    result = asker.run_sync("What are whales?")
    print([told.text for message in result.messages for told in message.tool_results], result.output)
