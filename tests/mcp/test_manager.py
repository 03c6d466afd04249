"""Who keeps the servers of a manager connected, and that nobody keeps them by mistake."""

import asyncio

import anyio
import pytest

from tests.mcp.demo import made
from tests.mcp.servers import eventually, faulty, results, script
from voxagent import Agent
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServer, MCPServerInProcess, MCPServerManager, MCPServerStdio
from voxagent.testing import tool_call


def server(name: str) -> MCPServer:
    return MCPServerInProcess(made(), name=name, prefix=True)


async def test_an_agent_that_leaves_does_not_disconnect_those_who_are_still_there() -> None:
    manager = MCPServerManager([server("a")])
    agents = [Agent(script(tool_call("a_add", a=1, b=2)), toolsets=[manager]) for _ in range(2)]
    async with manager:
        async with agents[0]:
            pass
        assert dict(manager.states) == {"a": "connected"}
        async with agents[0], agents[1]:
            assert results(await agents[1].run("?")) == [("3", False)]
        assert dict(manager.states) == {"a": "connected"}
    assert dict(manager.states) == {"a": "idle"}


async def test_two_contexts_that_overlap_keep_the_servers_until_the_last_is_left() -> None:
    manager = MCPServerManager([server("a")])
    await manager.__aenter__()
    await manager.__aenter__()
    await manager.__aexit__(None, None, None)
    assert dict(manager.states) == {"a": "connected"}
    await manager.__aexit__(None, None, None)
    assert dict(manager.states) == {"a": "idle"}


async def test_a_context_that_takes_longer_to_enter_than_a_later_one_leaves_what_the_later_one_needs() -> (
    None
):
    with faulty("stdio", name="a") as a:
        manager = MCPServerManager([a])
        first = asyncio.create_task(manager.__aenter__())
        await eventually(lambda: a.state == "connecting")
        contexts = manager._contexts
        await manager.add_servers([server("b")])
        await manager.__aenter__()
        await first
        manager._contexts = dict(reversed(contexts.items()))  # whoever was done first
        await manager.__aexit__(None, None, None)
        assert dict(manager.states) == {"a": "connected", "b": "connected"}
        await manager.__aexit__(None, None, None)
        assert dict(manager.states) == {"a": "idle", "b": "idle"}


async def test_what_is_connected_within_a_context_is_left_with_it() -> None:
    manager = MCPServerManager([server("a")])
    async with manager:
        await manager.add_servers([server("b")])
        assert {tool.name for tool in await manager.connect_all()} >= {"a_add", "b_add"}
        async with Agent(script(), toolsets=[manager]):
            pass
        assert dict(manager.states) == {"a": "connected", "b": "connected"}
    assert dict(manager.states) == {"a": "idle", "b": "idle"}


async def test_what_is_connected_by_hand_stays_so_until_it_is_left_by_hand() -> None:
    manager = MCPServerManager([server("a")])
    await manager.connect_all()
    async with Agent(script(), toolsets=[manager]):
        pass
    assert dict(manager.states) == {"a": "connected"}
    async with manager:
        await manager.disconnect_all()
        assert dict(manager.states) == {"a": "idle"}
    assert dict(manager.states) == {"a": "idle"}


async def test_a_server_that_cannot_be_connected_later_costs_the_others_nothing() -> None:
    manager = MCPServerManager([server("a")])
    async with manager:
        await manager.add_servers([server("b"), MCPServerStdio("no-such-program", name="gone")])
        with pytest.raises(ToolsetError, match="'gone'"):
            await manager.connect_all()
        assert dict(manager.states) == {"a": "connected", "b": "idle", "gone": "failed"}


async def test_a_manager_that_is_cancelled_while_it_is_left_leaves_nothing_connected() -> None:
    """A scope of anyio cancels at every step, so there is none at which leaving could begin."""
    with faulty("stdio", name="a") as a:
        manager = MCPServerManager([a, server("b")])
        with anyio.CancelScope() as scope:
            async with manager:
                scope.cancel()
                await asyncio.sleep(60)
        await eventually(lambda: dict(manager.states) == {"a": "idle", "b": "idle"})


async def test_a_manager_that_is_cancelled_at_every_step_of_connecting_leaves_nothing_connected() -> None:
    with faulty("stdio", name="a") as a:
        manager = MCPServerManager([a])
        connecting = asyncio.create_task(manager.connect_all())
        await eventually(lambda: a.state == "connecting")
        while not connecting.done():
            connecting.cancel()
            await asyncio.sleep(0)
        await eventually(lambda: dict(manager.states) == {"a": "idle"})
