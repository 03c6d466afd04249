"""Agents as tools of an MCP server.

Each call is a run in a task of its own. When the client cancels the call, or goes away where that means the
same, the run is aborted and its tools with it; the call is over once the run is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .._version import __version__
from ..errors import ConfigError
from ..security.filters import PLACEHOLDER, RedactionFilter
from .answering import AgentTool, Answer, known_secrets
from .exchange import Asked
from .served import Servable, ServedAgent, ServedCall

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp.types import (
        CallToolRequestParams,
        CallToolResult,
        ListToolsResult,
        PaginatedRequestParams,
        Tool,
    )

Running: TypeAlias = set[asyncio.Task[Answer]]

NO_SUCH_TOOL = -32_602
MAX_PARALLEL = 100
"""Calls that are at work at once."""


def as_server(
    *agents: Servable | ServedAgent,
    name: str = "voxagent",
    instructions: str | None = None,
    max_parallel: int = MAX_PARALLEL,
) -> Server[Any]:
    """An MCP server that has each agent as a tool.

    A tool takes a text, or what `ServedAgent(input_type=...)` says, and answers with the agent's output, as
    structured content too where that is an object. Clients that ask for progress hear of tool calls and of
    the text as it is written. What goes wrong is a result that is an error, and tells nothing of the program.

    Args:
        *agents: The agents; as `ServedAgent(agent, ...)` where more is to be said.
        name: What the server is called.
        instructions: What clients are told of it.
        max_parallel: How many calls may be at work at once, of all clients together; one more is answered at
            once by an error that says so.

    Returns:
        A server of the SDK, to be run by `serve`, by the SDK, or in this process (`MCPServerInProcess`).

    Raises:
        ConfigError: There is no agent, one has no name or needs deps that nobody gives, two would have the
            same name, or `max_parallel` is none.
    """
    return served_by(*agents, name=name, instructions=instructions, max_parallel=max_parallel)[0]


def served_by(
    *agents: Servable | ServedAgent, name: str, instructions: str | None, max_parallel: int
) -> tuple[Server[Any], AgentTools]:
    """A server, and its tools for whoever stops it."""
    from mcp.server import Server

    if not agents:
        raise ConfigError("as_server(...) needs an agent to serve")
    if not _is_count(max_parallel):
        raise ConfigError(f"max_parallel={max_parallel!r}: how many calls may be at work, 1 or more")
    served = [each if isinstance(each, ServedAgent) else ServedAgent(each) for each in agents]
    secrets = RedactionFilter(known_secrets(), PLACEHOLDER)
    tools = AgentTools([AgentTool(each, secrets) for each in served], max_parallel)

    @asynccontextmanager
    async def kept_open(server: Any) -> AsyncGenerator[Running]:
        running: Running = set()
        async with AsyncExitStack() as stack:
            for each in served:
                if isinstance(each.agent, AbstractAsyncContextManager):
                    kept = cast("AbstractAsyncContextManager[object]", each.agent)
                    await stack.enter_async_context(kept)
            try:
                yield running
            finally:
                await _stopped(running)

    server: Server[Any] = Server(
        name,
        version=__version__,
        instructions=instructions,
        lifespan=kept_open,
        get_tool_input_schema=tools.schema_of,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
    )
    return server, tools


class AgentTools:
    """The tools of a server, and what is at work for all its clients."""

    def __init__(self, tools: Sequence[AgentTool], most: int) -> None:
        self._most = most
        self._at_work: Running = set()
        self._is_stopped = False
        self._tools: dict[str, AgentTool] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ConfigError(
                    f"two agents would be served as {tool.name!r}: name one with ServedAgent(agent, name=...)"
                )
            self._tools[tool.name] = tool

    def schema_of(self, name: str) -> Mapping[str, Any] | None:
        """The input schema of a tool, for the SDK's check of headers."""
        return self._tools[name].input.schema if name in self._tools else None

    async def list(
        self, context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        """All tools, on one page."""
        from mcp.types import ListToolsResult

        return ListToolsResult(tools=[_listed(tool) for tool in self._tools.values()])

    async def call(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        """Call a tool; a call that is cancelled is over once its run is."""
        from mcp import MCPError

        tool = self._tools.get(params.name)
        if tool is None:
            known = ", ".join(self._tools)
            raise MCPError(NO_SUCH_TOOL, f"there is no tool {params.name!r}; there are {known}")

        if self._is_stopped:
            return _result(_stopping(params.name))
        if len(self._at_work) >= self._most:
            return _result(Answer(_busy(params.name, self._most), is_error=True))

        async def report(number: float, words: str) -> None:
            await context.session.report_progress(number, None, words)

        def told(asked: Asked) -> ServedCall:
            meta = cast("Mapping[str, Any]", context.meta or {})
            return ServedCall(params.name, asked.arguments, asked.session, _headers(context), meta)

        # in a task of its own, as the SDK cancels again and again until its handler ends
        task = asyncio.create_task(tool.answer(params.arguments or {}, told, report))
        running: Running = context.lifespan_context
        running.add(task)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        try:
            await asyncio.wait({task})
            return _result(_stopping(params.name) if task.cancelled() else task.result())
        finally:
            await _stopped({task})
            running.discard(task)

    async def stop(self, seconds: float) -> None:
        """Take no more calls; those at work get this time to end, and are cancelled then."""
        self._is_stopped = True
        if self._at_work:
            await asyncio.wait(set(self._at_work), timeout=seconds)
        await _stopped(set(self._at_work))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


async def _stopped(tasks: Running) -> None:
    """Cancel what still runs, once, and wait for its end."""
    from anyio import CancelScope

    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        with CancelScope(shield=True):
            await asyncio.wait(left)


def _stopping(name: str) -> Answer:
    return Answer(f"{name} has no answer: the server is being stopped", is_error=True)


def _busy(name: str, most: int) -> str:
    at_work = "another call is" if most == 1 else f"{most} calls are"
    return f"{name} is busy: {at_work} at work, and no more may be; try again later"


def _listed(tool: AgentTool) -> Tool:
    from mcp.types import Tool

    return Tool(
        name=tool.name,
        description=tool.description,
        input_schema=dict(tool.input.schema),
        output_schema=None if tool.output.schema is None else dict(tool.output.schema),
    )


def _result(answer: Answer) -> CallToolResult:
    from mcp.types import CallToolResult, TextContent

    return CallToolResult(
        content=[TextContent(type="text", text=answer.text)],
        structured_content=answer.structured,
        is_error=answer.is_error,
    )


def _headers(context: Any) -> Mapping[str, str]:
    """The headers of an HTTP request; none elsewhere."""
    headers = getattr(context.request, "headers", None)
    return {} if headers is None else {name.lower(): value for name, value in headers.items()}
