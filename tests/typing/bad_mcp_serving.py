"""Agents as MCP servers: what must not type-check."""

from voxagent import Agent
from voxagent.mcp import ServedAgent, as_server, client_credentials, serve

agent = Agent("offline:demo", name="it")

as_server("it")  # E: a name is no agent
as_server(agent, title="crew")  # E: a server has no title
serve(agent, transport="websocket")  # E: there is no such transport
serve(agent, port="80")  # E: a port is a number
serve(agent, tokens=["x"])  # E: there is one token
ServedAgent(agent, deps=agent)  # E: deps are given by a function
ServedAgent(agent, sessions="s")  # E: whether, not which
client_credentials("http://x.test", client_id="a", client_secret="b")  # E: whose they are must be said
