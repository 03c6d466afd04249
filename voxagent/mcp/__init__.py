"""Servers of the Model Context Protocol as toolsets, and agents as such servers."""

from .auth import InMemoryTokenStorage, TokenStorage, client_credentials
from .config import load_mcp_servers
from .manager import MCPServerManager
from .names import sanitize_tool_name
from .options import Elicitation, MCPOptions
from .resource_tools import ResourceTools
from .resources import PromptArgument, PromptDescription, Resource, ResourceTemplate
from .served import Servable, ServedAgent, ServedCall, ServedRun
from .server import MCPServer, MCPServerHTTP, MCPServerInProcess, MCPServerSSE, MCPServerStdio
from .serving import as_server
from .tool import MCPToolDefinition
from .transports import ServeOptions, serve, serve_async

__all__ = [
    "Elicitation",
    "InMemoryTokenStorage",
    "MCPOptions",
    "MCPServer",
    "MCPServerHTTP",
    "MCPServerInProcess",
    "MCPServerManager",
    "MCPServerSSE",
    "MCPServerStdio",
    "MCPToolDefinition",
    "PromptArgument",
    "PromptDescription",
    "Resource",
    "ResourceTemplate",
    "ResourceTools",
    "Servable",
    "ServeOptions",
    "ServedAgent",
    "ServedCall",
    "ServedRun",
    "TokenStorage",
    "as_server",
    "client_credentials",
    "load_mcp_servers",
    "sanitize_tool_name",
    "serve",
    "serve_async",
]
