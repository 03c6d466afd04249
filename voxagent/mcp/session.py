"""What happens with one server, all of it on the loop of servers: connecting, listing, calling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from ..errors import ToolError, ToolsetError, ToolsetTimeoutError, VoxAgentError, said_by
from ..tools.content import ToolReturn
from .auth import denied
from .callbacks import Callbacks
from .connection import CLOSED, Connection, Life, Options, State, leaf_of
from .listing import Listed, listed
from .messages import NO_SESSION, executed_nothing, is_ours
from .options import CONNECT_TIMEOUT, IDLE_TIMEOUT, MCPOptions, asking_run
from .pins import Pins
from .results import reason_of, returned, text_of
from .secrets import Secrets
from .target import Target
from .tool import Caller
from .traffic import DENIED
from .waiting import Requests, Waiting

logger: logging.Logger = logging.getLogger("voxagent")
T = TypeVar("T")

Tell: TypeAlias = Callable[[str], object]
Question: TypeAlias = Callable[[Any, Callable[[], object]], Awaitable[T]]
LISTEN_AGAIN = (0.1, 0.5, 2.0, 10.0)
"""Seconds to wait ahead of each try to hear of changes again; the last one is repeated."""
LISTEN_SECONDS = 1.0
MAX_SAID = 2_000
BURST = 100
"""Pieces of progress that are told at once; of more only some are."""
PER_SECOND = 20.0


class ServerSession:
    """One server.

    Args:
        name: What errors call it.
        target: What is connected to.
        options: What it may do.
        caller: Makes the calls of its tools.
        secrets: What must not be shown.
    """

    def __init__(
        self, name: str, target: Target, options: MCPOptions, caller: Caller, secrets: Secrets
    ) -> None:
        self.name = name
        self.version: int = 0
        """Changes whenever the tools may have changed."""
        self._options = options
        self._caller = caller
        self._secrets = secrets
        self._requests = Requests()
        self._callbacks = Callbacks(name, options, self._requests, self._changed, secrets)
        seconds = options.get("connect_timeout", CONNECT_TIMEOUT)
        told = Options(seconds, options.get("mode", "auto"), self._callbacks.arguments())
        self._connection = Connection(name, target, told, self._connected, secrets)
        self._pins = Pins(name, options.get("pin_tools"), secrets)
        self._tools: Listed | None = None
        self._newest = Listed()
        self._listing: tuple[int, asyncio.Task[Listed]] | None = None
        self._listings: set[asyncio.Task[Listed]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._users = 0

    @property
    def state(self) -> State:
        """How the connection stands."""
        return self._connection.state

    # --- taking part ------------------------------------------------------------------------------

    async def taken(self) -> None:
        """One more user."""
        self._users += 1

    async def acquired(self) -> Listed:
        """One more user, who needs the tools; raises `ToolsetError` if there are none to be had."""
        self._users += 1
        try:
            return await self.tools()
        except BaseException:  # the connection is left, and it is raised again
            await self.released()
            raise

    async def released(self) -> None:
        """One user less; the last one closes, and is not stopped in that."""
        self._users -= 1
        if self._users == 0:
            self._closing = asyncio.create_task(self._ended(self._left()))
            await asyncio.shield(self._closing)

    async def close(self) -> None:
        """End the connection; the next user makes it anew."""
        await self._ended(self._left())

    def _left(self) -> tuple[list[asyncio.Task[Any]], Callable[[], Awaitable[None]]]:
        """Let go of the connection, at once: who comes next shall not be given one that is being closed."""
        tasks: list[asyncio.Task[Any]] = [*self._listings]
        if self._listening is not None:
            tasks.append(self._listening)
        self._tools = self._listening = self._listing = None
        for task in tasks:
            task.cancel()
        return tasks, self._connection.left()

    async def _ended(self, left: tuple[list[asyncio.Task[Any]], Callable[[], Awaitable[None]]]) -> None:
        tasks, end = left
        if tasks:
            await asyncio.wait(tasks)
        await end()

    # --- what the server says by itself -------------------------------------------------------------

    async def _connected(self, client: Any) -> None:
        """The connection was made, perhaps anew: what was known may be old."""
        self._changed()
        await self._callbacks.connected(client)
        if self._listening is not None:
            self._listening.cancel()
        if str(client.protocol_version or "") < "2026" or not _tells_changes(client):
            self._listening = None
            return
        listens = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(client, listens))
        with suppress(TimeoutError):  # what changes from here on is not to be missed
            async with asyncio.timeout(LISTEN_SECONDS):
                await listens.wait()

    async def roots_changed(self) -> None:
        """Tell the server of other roots, where it knows any and does not ask by itself."""
        if self.state == "connected" and self._options.get("roots") is not None:
            await self._callbacks.roots_changed(await self.client())

    def _changed(self) -> None:
        self._tools = None
        self.version += 1

    async def _listen(self, client: Any, listens: asyncio.Event) -> None:
        """From 2026-07-28 on a server tells of changes to those who listen."""
        failures = 0
        while True:
            try:
                async with client.listen(tools_list_changed=True) as events:
                    listens.set()
                    failures = 0
                    async for _ in events:
                        self._changed()
            except Exception as error:  # it goes on without being told of changes
                logger.debug("the MCP server %r tells no changes: %s", self.name, said_by(leaf_of(error)))
                if not listens.is_set():
                    listens.set()
                    return
            await asyncio.sleep(LISTEN_AGAIN[min(failures, len(LISTEN_AGAIN) - 1)])
            failures += 1
            self._changed()  # nobody knows what was missed

    # --- tools ----------------------------------------------------------------------------------------

    async def tools(self) -> Listed:
        """The server's tools; listed once for all who ask, until they change.

        A listing that was begun ahead of a change is not waited for: it may not tell of that.
        """
        await self.client()
        if self._tools is not None:
            return self._tools
        if self._listing is None or self._listing[0] != self.version:
            task = asyncio.create_task(self._list())
            self._listing = self.version, task
            self._listings.add(task)
            task.add_done_callback(self._listing_ended)
        return await asyncio.shield(self._listing[1])

    def _listing_ended(self, task: asyncio.Task[Listed]) -> None:
        self._listings.discard(task)
        if self._listing is not None and self._listing[1] is task:
            self._listing = None
        if not task.cancelled():
            task.exception()  # who waited for it has it

    async def _list(self) -> Listed:
        found = await self._found()
        if self._newest.version > found.version:
            return self._newest  # another listing has begun later and ended sooner
        changes = self._pins.check(found.tools)
        if changes:
            told = f"the MCP server {self.name!r} has changed: {'; '.join(changes)}"
            found = replace(found, changes=(told,))
        self._newest = found
        if found.version == self.version:
            self._tools = found
        return found

    async def _found(self) -> Listed:
        """The tools that the server lists now.

        To list is harmless: where the connection or the session is lost it is done once more in a new one.
        """
        seconds = self._options.get("connect_timeout", CONNECT_TIMEOUT) * 2
        again = True
        while True:
            async with self._connection.used() as life:
                version = self.version
                try:
                    found = await listed(
                        life.client, self.name, self._options, self._caller, self._secrets, seconds
                    )
                    return replace(found, version=version)
                except VoxAgentError:
                    raise
                except Exception as error:  # becomes a ToolsetError
                    why = await self._gone(life, error)
                    if again and why is not None:
                        again = False
                        continue
                    raise ToolsetError(
                        f"the tools of the MCP server {self.name!r} cannot be listed:"
                        f" {why or self._short(error)}"
                    ) from None

    async def _gone(self, life: Life, error: Exception) -> str | None:
        """Why a connection is of no more use, if it is not; nobody is given it any more."""
        if is_ours(error, NO_SESSION):
            self._connection.retire(life)
            return self._short(error)
        return await self._connection.lost(life)

    async def accept_tools(self) -> None:
        """Take the tools as they are now for those that are pinned."""
        found = await self._found()
        self._pins.accept(found.tools)
        self._changed()

    async def client(self) -> Any:
        """The SDK's client, connected."""
        return await self._connection.client()

    # --- calls ----------------------------------------------------------------------------------------

    async def call(
        self, name: str, arguments: Mapping[str, Any], meta: Mapping[str, Any] | None, tell: Tell
    ) -> ToolReturn[Any]:
        """Call a tool for the run in `asking_run`; raises `ToolError` with what the model shall know."""
        spare = _Spare(asyncio.get_running_loop().time())

        async def answer(client: Any, heard: Callable[[], object]) -> Any:
            async def progressed(done: float, total: float | None, message: str | None) -> None:
                heard()
                if spare.taken(asyncio.get_running_loop().time()):
                    tell(self._secrets.text(progress_text(done, total, message))[:MAX_SAID])

            return await client.call_tool(
                name,
                dict(arguments),
                progress_callback=progressed,
                meta=None if meta is None else dict(meta),
            )

        try:
            result = await self.asked(name, answer)
        except ToolsetError as error:
            raise ToolError(error.message) from None
        try:
            if result.is_error:
                raise ToolError(self._secrets.text(text_of(result)) or f"the tool {name!r} failed")
            return self._secrets.value(returned(result))
        except ValueError as error:
            raise ToolError(self._invalid(name, error)) from None

    async def told(self, what: str, ask: Question[T]) -> T:
        """What the server answers, as `asked`, with placeholders for its secrets."""
        return self._secrets.value(await self.asked(what, ask))

    async def asked(self, what: str, ask: Question[T]) -> T:
        """Ask the server something for the run in `asking_run`; raises `ToolsetError`.

        Args:
            what: What errors call it.
            ask: Asks the client, and tells whenever something has been heard of the server.
        """
        self._users += 1
        try:
            return await self._asked(what, ask)
        finally:
            await self.released()

    async def _asked(self, what: str, ask: Question[T]) -> T:
        from mcp import MCPError

        again = True
        while True:
            async with self._connection.used() as life:
                try:
                    return await self._answered(life.client, what, ask)
                except MCPError as error:
                    if again and executed_nothing(error):
                        again = False
                        self._connection.retire(life)
                        continue
                    if is_ours(error, DENIED):
                        raise denied(self.name, self._short(error)) from None
                    raise ToolsetError(await self._why(what, life, error)) from None

    async def _answered(self, client: Any, what: str, ask: Question[T]) -> T:
        """The answer; a question that is met with silence for too long is cancelled, at the server too."""
        idle = self._options.get("idle_timeout", IDLE_TIMEOUT)
        try:
            async with Waiting(self._requests, asking_run.get(), idle) as waiting:
                return await ask(client, waiting.heard)
        except TimeoutError:
            raise ToolsetTimeoutError(
                f"the MCP server {self.name!r} did not answer {what!r} within {idle:g} s"
            ) from None
        except VoxAgentError:
            raise
        except (ValueError, RuntimeError) as error:
            raise ToolsetError(self._invalid(what, error)) from None

    def _invalid(self, what: str, error: Exception) -> str:
        return f"the MCP server {self.name!r} gave no valid answer to {what!r}: {self._short(error)}"

    async def _why(self, name: str, life: Life, error: Any) -> str:
        """Why a call failed, in words."""
        if error.code == CLOSED:
            why = await self._connection.lost(life)
            if why is not None:
                said = why or self._short(error)
                return f"the MCP server {self.name!r} was lost during the call of {name!r}: {said}"
        return f"the MCP server {self.name!r} could not do {name!r}: {self._short(error)}"

    def _short(self, error: BaseException) -> str:
        """What an error says, without secrets, and not all of it if it is long."""
        lines = self._secrets.text(reason_of(error)).strip().splitlines()
        return next(iter(lines), type(error).__name__)[:MAX_SAID]


def _tells_changes(client: Any) -> bool:
    tools = getattr(client.server_capabilities, "tools", None)
    return bool(getattr(tools, "list_changed", False))


class _Spare:
    """Of progress that comes too fast, what may still be told."""

    def __init__(self, now: float) -> None:
        self._left = float(BURST)
        self._last = now

    def taken(self, now: float) -> bool:
        """Whether one more may."""
        self._left = min(float(BURST), self._left + (now - self._last) * PER_SECOND)
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def progress_text(done: float, total: float | None, message: str | None) -> str:
    """Progress in words: "3/10 working"."""
    counted = f"{done:g}" if total is None else f"{done:g}/{total:g}"
    return f"{counted} {message}" if message else counted
