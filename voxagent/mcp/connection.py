"""One connection to a server: made when first needed, made anew when it was lost, used by any number of
callers.

The SDK's client must be entered and left by one task, and an error of its transport cancels that task. So a
connection has an owner task that does nothing else, on the loop of servers; callers have tasks of their own.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from .._version import __version__
from ..abort import stops_task
from ..errors import ToolsetAuthError, ToolsetError, ToolsetTimeoutError, VoxAgentError, said_by
from ..fanout.threads import in_thread
from .auth import denied
from .messages import is_ours
from .secrets import Secrets
from .target import Link, Target
from .traffic import DENIED

logger: logging.Logger = logging.getLogger("voxagent")

State: TypeAlias = Literal["idle", "connecting", "connected", "lost", "failed"]
BACKOFF = (0.0, 0.1, 0.2, 0.4)
"""Seconds to wait ahead of each try to connect, after failures in a row; the last one is repeated."""
CLOSE_SECONDS = 8.0
EXPLAIN_SECONDS = 1.0
CLOSED = -32_000
MODERN = "2026"
PROBE_SHARE = 0.4
"""Of the time for connecting, what is given to the question that only servers of the new era know."""


@dataclass(slots=True, frozen=True)
class Options:
    """What the SDK's client is told.

    Args:
        connect_timeout: Seconds until the server must have introduced itself.
        mode: The era of the protocol: "auto", "legacy" or a version.
        client: More arguments of `mcp.Client`, callbacks above all.
    """

    connect_timeout: float
    mode: str
    client: dict[str, Any]


class Life:
    """One connection from its making to its end."""

    def __init__(self) -> None:
        self.state: State = "connecting"
        self.ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.ready.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.left: asyncio.Event = asyncio.Event()
        """Set when it is to be left."""
        self.ended: bool = False
        """Whether the other side has ended it."""
        self.explained: asyncio.Event = asyncio.Event()
        self.why: str = ""
        self.users: int = 0
        self.owner: asyncio.Task[None]

    @property
    def client(self) -> Any:
        """The SDK's client, once it is connected."""
        return self.ready.result()

    def end(self) -> None:
        """The other side says no more."""
        self.ended = True
        if self.state == "connected":
            self.state = "lost"
        self.left.set()

    def explain(self, why: str) -> None:
        """What is known of the reason for its end."""
        self.why = self.why or why
        self.explained.set()


class Connection:
    """A connection; every method is called on the loop of servers.

    Args:
        name: What errors call the server.
        target: What is connected to.
        options: What the client is told.
        on_connect: Awaited with the client whenever it was connected anew, ahead of all callers.
        secrets: What must not be shown.
    """

    def __init__(
        self,
        name: str,
        target: Target,
        options: Options,
        on_connect: Callable[[Any], Awaitable[None]],
        secrets: Secrets,
    ) -> None:
        self.name = name
        self._target = target
        self._options = options
        self._mode = "legacy" if options.mode == "legacy" else "auto"
        self._on_connect = on_connect
        self._secrets = secrets
        self._failures = 0
        self._life: Life | None = None
        self._retired: set[Life] = set()

    @property
    def state(self) -> State:
        """How it stands."""
        return "idle" if self._life is None else self._life.state

    async def client(self) -> Any:
        """The connected client; raises `ToolsetError` if there is none to be had."""
        return (await self._lives()).client

    @asynccontextmanager
    async def used(self) -> AsyncGenerator[Life]:
        """The connection as it is now, which is not left by `retire` as long as it is used.

        Raises:
            ToolsetError: There is none to be had.
        """
        life = await self._lives()
        life.users += 1
        try:
            yield life
        finally:
            life.users -= 1
            if life in self._retired and not life.users:
                life.left.set()

    def retire(self, life: Life) -> None:
        """Give nobody this connection any more: it is left once those who use it have ended.

        One that another has taken the place of is not touched: whoever is late does no harm.
        """
        if self._life is life:
            self._life = None
            self._retired.add(life)
            life.owner.add_done_callback(lambda _: self._retired.discard(life))

    async def _lives(self) -> Life:
        while (life := self._life) is not None and life.state in ("lost", "failed"):
            await asyncio.wait([life.owner])
            self._life = None if self._life is life else self._life
        if life is None:
            life = self._life = Life()
            life.owner = asyncio.create_task(self._own(life), name=f"mcp {self.name}")
        try:
            await asyncio.shield(life.ready)
        except ToolsetError as error:  # each who asks gets one of its own
            raise type(error)(error.message) from error.__cause__
        return life

    def left(self) -> Callable[[], Awaitable[None]]:
        """Leave the connection; a later call makes a new one. What is given ends the old one."""
        lives = [*self._retired, *([] if self._life is None else [self._life])]
        if self.state != "failed":  # which is remembered
            self._life = None
        for life in lives:
            life.left.set()
            if life.state == "connecting":
                life.owner.cancel()
        return lambda: self._ended([life.owner for life in lives])

    async def _ended(self, owners: Sequence[asyncio.Task[None]]) -> None:
        """Wait for the end of connections, in bounded time."""
        _, late = await asyncio.wait(owners, timeout=CLOSE_SECONDS) if owners else ((), ())
        for owner in late:
            logger.error("the connection to the MCP server %r did not close and was cancelled", self.name)
            owner.cancel()

    async def lost(self, life: Life) -> str | None:
        """Why a connection was lost, if it was; waits a moment until that is known."""
        if life.state != "lost":
            return None
        try:
            async with asyncio.timeout(EXPLAIN_SECONDS):
                await life.explained.wait()
        except TimeoutError:
            return ""
        return life.why

    # --- the owner's ------------------------------------------------------------------------------

    async def _own(self, life: Life) -> None:
        """The only task that enters and leaves the client."""
        seconds = self._options.connect_timeout
        try:
            await in_thread(_load_sdk)
            await asyncio.sleep(BACKOFF[min(self._failures, len(BACKOFF) - 1)])
            async with asyncio.timeout(None) as clock:
                clock.reschedule(asyncio.get_running_loop().time() + seconds)
                while await self._lived(life, clock):
                    self._mode = "legacy"
        except BaseException as error:  # nothing leaves the owner but its cancellation
            if stops_task(error):
                self._fail(life, ToolsetError(f"the MCP server {self.name!r} was closed while connecting"))
                raise
            self._broken(life, error)
        finally:
            life.explain("")

    async def _lived(self, life: Life, clock: asyncio.Timeout) -> bool:
        """Connect and stay; gives whether to try again with the older protocol.

        There are servers that end when they are asked what they do not know.
        """
        link: Link | None = None
        patience = self._options.connect_timeout * PROBE_SHARE
        try:
            async with (
                self._target.linked(life.end, patience) as link,
                self._made(link.client) as client,
            ):
                self._check_era(client)
                await self._on_connect(client)
                clock.reschedule(None)
                self._failures, life.state = 0, "lost" if life.ended else "connected"
                life.ready.set_result(client)
                await life.left.wait()
                if life.ended:
                    life.explain(self._secrets.text(await link.told()))
        except BaseException as error:  # told as the reason of the loss
            if link is not None:
                life.why = life.why or self._secrets.text(await link.told())
            if self._mode == "auto" and not life.ready.done() and _closed(leaf_of(error)) and life.ended:
                life.ended, life.why = False, ""
                life.left.clear()
                return True
            raise
        return False

    def _made(self, target: Any) -> Any:
        from mcp import Client
        from mcp.types import Implementation

        return Client(
            target,
            mode=self._mode,
            client_info=Implementation(name="voxagent", version=__version__),
            cache=None,
            **self._options.client,
        )

    def _check_era(self, client: Any) -> None:
        """Where the new era is asked for, the old one is not what is wanted."""
        found = str(client.protocol_version)
        if self._options.mode.startswith(MODERN) and not found.startswith(MODERN):
            raise ToolsetError(f"it speaks {found}, and mode={self._options.mode!r} was asked for")

    def _broken(self, life: Life, error: BaseException) -> None:
        """The connection could not be made, or was lost."""
        leaf = leaf_of(error)
        said = self._secrets.text(leaf.message if isinstance(leaf, VoxAgentError) else _said(leaf))
        if life.ready.done():
            life.state = "lost"
            life.explain(said)
            logger.info("the connection to the MCP server %r was lost: %s", self.name, said)
            return
        self._failures += 1
        if isinstance(leaf, TimeoutError):
            seconds = self._options.connect_timeout
            text = f"the MCP server {self.name!r} did not introduce itself within {seconds:g} s"
            text += "; if it needs longer, set connect_timeout"
            self._fail(life, ToolsetTimeoutError("; ".join(filter(None, [text, life.why]))))
            return
        if isinstance(leaf, ToolsetAuthError) or is_ours(leaf, DENIED):
            self._fail(life, denied(self.name, said))
            return
        text = f"the MCP server {self.name!r} cannot be connected: {said}"
        failure = ToolsetError("; ".join(filter(None, [text, life.why if life.why != said else ""])))
        failure.__cause__ = leaf if self._secrets.text(said_by(leaf)) == said_by(leaf) else None
        self._fail(life, failure)

    def _fail(self, life: Life, failure: ToolsetError) -> None:
        life.state = "failed"
        if not life.ready.done():
            life.ready.set_exception(failure)


def _load_sdk() -> None:
    """Import the SDK, which takes most of a second, ahead of the clock and beside the loop."""
    importlib.import_module("mcp.client.streamable_http")  # what is used of the SDK is loaded with it


def _said(error: BaseException) -> str:
    return next(iter(said_by(error).strip().splitlines()), "") or type(error).__name__


def _closed(error: BaseException) -> bool:
    return getattr(error, "code", None) == CLOSED


def leaf_of(error: BaseException) -> BaseException:
    """What really happened, out of groups of exceptions; a cancellation only if there is nothing else."""
    while isinstance(error, BaseExceptionGroup):
        all_of_them = cast("Sequence[BaseException]", error.exceptions)
        inner = [each for each in all_of_them if not isinstance(each, asyncio.CancelledError)]
        error = (inner or all_of_them)[0]
    return error
