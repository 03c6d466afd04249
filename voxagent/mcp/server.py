"""A server of tools as a toolset: connected once for any number of runs, from any thread or event loop.

All that talks to the server happens on the process's loop of servers. A run that opens the toolset takes
part in the connection and leaves it at its end; `async with agent:` takes part in it for longer. The last
one closes it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit
from weakref import WeakSet

from typing_extensions import Unpack

from ..errors import ToolsetError
from ..fanout.background import at_exit, on_loop, server_loop
from ..streaming.events import ToolOutputEvent, ToolsetErrorEvent
from ..tools.content import ToolReturn
from ..tools.context import RunContext, ToolContext
from ..tools.definition import ToolDefinition
from ..types.blocks import ContentBlock
from ..types.message import Message
from .checks import (
    check_options,
    checked_arguments,
    checked_auth,
    checked_client,
    checked_command,
    checked_cwd,
    checked_environment,
    checked_headers,
    checked_server,
    checked_url,
)
from .connection import State
from .given import faults_told, headers_of, meta_of
from .listing import Listed
from .live import Missed, ServerTools
from .options import MCPOptions, asking_run
from .resource_tools import MAX_BYTES, ResourceTools
from .resources import (
    PromptDescription,
    Resource,
    ResourceTemplate,
    all_prompts,
    all_resources,
    all_templates,
    contents,
    written,
)
from .secrets import Secrets
from .session import ServerSession
from .taking import Taking
from .target import ObjectTarget, ProcessTarget, Target, WebTarget

T = TypeVar("T")
Headers = Mapping[str, str] | Callable[[RunContext[Any] | None], Mapping[str, str]]

_sessions: WeakSet[ServerSession] = WeakSet()


class MCPServer:
    """What all kinds of servers share: a toolset that stands for one server.

    Args:
        target: What is connected to.
        name: What it is called if the options do not say.
        options: See `MCPOptions`.
        secrets: What must not be shown of what it says.
    """

    def __init__(
        self, target: Target, name: str, options: MCPOptions, secrets: Secrets | None = None
    ) -> None:
        check_options(options)
        self._secrets = secrets or Secrets()
        self.name: str = options.get("name") or name
        self._options = options
        self._target = target
        self._session: ServerSession | None = None
        self._home: asyncio.AbstractEventLoop | None = None
        self._missed = Missed()
        self.error: ToolsetError | None = None
        """Why it could not be connected when that was tried last."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"

    @property
    def state(self) -> State:
        """How the connection stands: "idle", "connecting", "connected", "lost" or "failed"."""
        return "idle" if self._session is None else self._session.state

    def hide(self, name: str, value: str) -> None:
        """Show `[REDACTED:name]` instead of this value wherever the server's words come back."""
        self._secrets.add(name, value)

    @property
    def required(self) -> bool:
        """Whether a run fails without it."""
        return self._options.get("required", True)

    # --- as a toolset ---------------------------------------------------------------------------

    @asynccontextmanager
    async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[ToolDefinition[object]]]:
        """The server's tools, for a run."""
        async with self.joined(run) as found:
            if found is None:
                yield []
                return
            listed = self._version, self._listed
            tools = ServerTools(self.name, run, found, *listed, required=self.required)
            async with tools.given(count="max_tools" not in self._options):
                yield tools

    @asynccontextmanager
    async def joined(self, run: RunContext[Any]) -> AsyncGenerator[Listed | None]:
        """Take part in the connection for a run; None if it is not required and not to be had."""
        try:
            found = await self._acquired(run)
        except ToolsetError as error:
            if self.required:
                raise
            async with self._missed.told(run, ToolsetErrorEvent(run.run_id, self.name, error)):
                yield None
            return
        try:
            yield found
        finally:
            await self._released()

    async def __aenter__(self) -> Self:
        """Connect, and stay connected until the context is left."""
        try:
            await self._acquired()
        except ToolsetError:
            if self.required:
                raise
            await self._taken(lambda session: session.taken())  # each run tries again
        return self

    async def _acquired(self, run: RunContext[Any] | None = None) -> Listed:
        try:
            found = await self._taken(lambda session: session.acquired(), run)
        except ToolsetError as error:
            self.error = error
            raise
        self.error = None
        return found

    async def _taken(
        self, take: Callable[[ServerSession], Awaitable[T]], run: RunContext[Any] | None = None
    ) -> T:
        """Be one more user of the session, none if we are cancelled meanwhile."""
        taking = Taking(take)
        try:
            return await self._do(taking.done, run)
        except asyncio.CancelledError:
            await asyncio.shield(self._begun(taking.undone))
            raise

    def leaving(self) -> asyncio.Future[None]:
        """Leave the connection: it has begun at once, and nothing cancels it but the future that is given."""
        return self._begun(lambda session: session.released())

    def _begun(self, work: Callable[[ServerSession], Coroutine[Any, Any, None]]) -> asyncio.Future[None]:
        loop = server_loop()
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(self._here(loop)), loop))

    async def _released(self) -> None:
        await asyncio.shield(self.leaving())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._released()

    async def _do(
        self, work: Callable[[ServerSession], Awaitable[T]], run: RunContext[Any] | None = None
    ) -> T:
        """Do something on the loop of servers, on behalf of a run."""
        loop = server_loop()

        async def main() -> T:
            asking_run.set(run)
            with faults_told():
                return await work(self._here(loop))

        return await on_loop(loop, main)

    def _here(self, loop: asyncio.AbstractEventLoop) -> ServerSession:
        """The session of this process: a forked child has none of its parent's connections."""
        if self._session is None or self._home is not loop:
            session = ServerSession(self.name, self._target, self._options, self, self._secrets)
            self._session, self._home = session, loop
            if not _sessions:
                at_exit(_close_all, servers=True)
            _sessions.add(session)
        return self._session

    async def _listed(self, run: RunContext[Any]) -> Listed:
        return await self._do(lambda session: session.tools(), run)

    def _version(self) -> int:
        return 0 if self._session is None else self._session.version

    # --- calls ----------------------------------------------------------------------------------

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], context: ToolContext[Any]
    ) -> ToolReturn[Any]:
        """Call a tool by the server's name of it; raises `ToolError` with what the model shall know."""
        told = meta_of(self._options.get("meta"), context, self._secrets)

        def tell(message: str) -> None:
            context.view.tell(ToolOutputEvent(context.run_id, context.tool_call_id, message))

        return await self._do(lambda session: session.call(name, arguments, told, tell), context)

    # --- resources and prompts --------------------------------------------------------------------

    async def list_resources(self, *, run: RunContext[Any] | None = None) -> list[Resource]:
        """All resources that the server lists.

        Args:
            run: For which run: its questions and headers are that run's; None outside of a run.

        Raises:
            ToolsetError: The server cannot be connected, or has no valid answer.
        """
        return await self._do(lambda session: session.told("resources/list", all_resources), run)

    async def list_resource_templates(self, *, run: RunContext[Any] | None = None) -> list[ResourceTemplate]:
        """All templates that the server lists, of resources with URIs alike; as `list_resources`."""
        return await self._do(lambda session: session.told("resources/templates/list", all_templates), run)

    async def read_resource(self, uri: str, *, run: RunContext[Any] | None = None) -> list[ContentBlock]:
        """What a resource holds, as text, images, audio or documents; only the server opens the URI.

        Raises:
            ToolsetError: There is no such resource, or the server has no valid answer.
        """
        return await self._do(
            lambda session: session.told("resources/read", lambda client, _: contents(client, uri)), run
        )

    async def list_prompts(self, *, run: RunContext[Any] | None = None) -> list[PromptDescription]:
        """All prompts that the server lists; as `list_resources`."""
        return await self._do(lambda session: session.told("prompts/list", all_prompts), run)

    async def get_prompt(
        self, name: str, arguments: Mapping[str, str] | None = None, *, run: RunContext[Any] | None = None
    ) -> list[Message]:
        """The messages of a prompt, for `agent.run(None, message_history=...)`.

        Raises:
            ConfigError: An argument is no text.
            ToolsetError: There is no such prompt, an argument is missing, or the answer is not valid.
        """
        given = arguments or {}
        return await self._do(
            lambda session: session.told("prompts/get", lambda client, _: written(client, name, given)), run
        )

    def as_resource_tools(self, *, max_bytes: int = MAX_BYTES) -> ResourceTools:
        """The server's resources as a toolset of two tools, `NAME_list_resources` and `NAME_read_resource`.

        Args:
            max_bytes: How much of a resource a model may be shown; a larger one is an error that it reads.
        """
        prefix = self._options.get("prefix")
        return ResourceTools(self, prefix if isinstance(prefix, str) and prefix else self.name, max_bytes)

    async def roots_changed(self) -> None:
        """Tell the server that `roots` are others now; from 2026-07-28 on servers ask anew by themselves."""
        await self._do(lambda session: session.roots_changed())

    # --- pinned tools -----------------------------------------------------------------------------

    async def accept_tools(self) -> None:
        """Take the tools as they are now for those that are pinned (`pin_tools`)."""
        await self._taken(lambda session: session.taken())
        try:
            await self._do(lambda session: session.accept_tools())
        finally:
            await self._released()


async def _close_all() -> None:
    await asyncio.gather(*(session.close() for session in list(_sessions)), return_exceptions=True)
    _sessions.clear()


class MCPServerStdio(MCPServer):
    """A server that runs as a process of ours and speaks over its standard input and output.

    It is ended with the connection: its input is closed, and if it does not end, its process group is
    terminated and then killed; it does not outlive this program, however that ends.

    Args:
        command: The program.
        args: Its arguments.
        env: Variables that it sees besides PATH, HOME and a few others; nothing else of this program's is
            passed on.
        cwd: Its working directory.
        **options: See `MCPOptions`.
    """

    def __init__(
        self,
        command: str | os.PathLike[str],
        args: Sequence[str | os.PathLike[str]] = (),
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        **options: Unpack[MCPOptions],
    ) -> None:
        program, words = checked_command(command), checked_arguments(args)
        variables = checked_environment({} if env is None else env)
        secrets = Secrets()
        secrets.add_environment(variables)
        secrets.add_arguments(words)
        target = ProcessTarget(program, words, variables, checked_cwd(cwd))
        super().__init__(target, Path(program).stem or "server", options, secrets)


class MCPServerHTTP(MCPServer):
    """A server at an address, by streamable HTTP.

    Args:
        url: The address, such as "http://localhost:8000/mcp".
        headers: Headers of each request, or a function of the run that gives them.
        auth: An `httpx2.Auth`, such as the SDK's `OAuthClientProvider`.
        client: Makes the `httpx2.AsyncClient`, for transports and proxies of your own.
        **options: See `MCPOptions`.
    """

    SSE = False

    def __init__(
        self,
        url: str,
        *,
        headers: Headers | None = None,
        auth: Any = None,
        client: Callable[[], Any] | None = None,
        **options: Unpack[MCPOptions],
    ) -> None:
        given: Headers = checked_headers({} if headers is None else headers)
        secrets = Secrets()
        secrets.add_url(checked_url(url))
        if not callable(given):
            secrets.add_headers(given)

        def current() -> Mapping[str, str]:
            return headers_of(given, asking_run.get(), secrets)

        if self.SSE and options.get("mode", "auto") == "auto":
            options["mode"] = "legacy"  # newer servers do not speak it
        target = WebTarget(
            url, current, checked_auth(auth), self.SSE, checked_client(client), secrets.add_sent
        )
        super().__init__(target, _host_of(url), options, secrets)


class MCPServerSSE(MCPServerHTTP):
    """A server at an address, by the older protocol with server-sent events."""

    SSE = True


class MCPServerInProcess(MCPServer):
    """A server object of the SDK (`mcp.server.MCPServer`), in this process and on the loop of servers.

    Args:
        server: The server.
        **options: See `MCPOptions`.
    """

    def __init__(self, server: Any, **options: Unpack[MCPOptions]) -> None:
        target = ObjectTarget(checked_server(server))
        super().__init__(target, str(getattr(server, "name", "") or "server"), options)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or "server"
