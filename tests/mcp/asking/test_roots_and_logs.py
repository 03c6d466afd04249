"""What else a server may know of us, and what it says by itself."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.asking.places import WAIT, asker, everywhere
from tests.mcp.servers import eventually, faulty, logged
from voxagent.errors import ConfigError, ToolError
from voxagent.mcp import MCPServer
from voxagent.tools import ToolContext

HERE = ("here", "auto")
OLD = ("here", "legacy")


async def told(server: MCPServer, tool: str = "roots") -> str:
    async with asyncio.timeout(WAIT):
        return str((await server.call_tool(tool, {}, ToolContext())).value)


@everywhere
async def test_a_server_is_told_the_folders_it_may_know_of(place: tuple[str, str], tmp_path: Path) -> None:
    """R-A17"""
    with asker(place, roots=[tmp_path, "file:///srv/data"]) as server:
        assert await told(server) == f"{tmp_path.as_uri()} file:///srv/data"


@pytest.mark.parametrize("place", [HERE, OLD], ids=["2026", "2025"])
async def test_folders_may_be_a_function_that_is_asked_anew(place: tuple[str, str], tmp_path: Path) -> None:
    known: list[Path] = []
    with asker(place, roots=lambda: known) as server:
        async with server:
            assert await told(server) == ""
            known.append(tmp_path)
            await server.roots_changed()
            assert await told(server) == tmp_path.as_uri()


def breaks() -> Sequence[str]:
    raise RuntimeError("no disk")


@pytest.mark.parametrize(
    ("roots", "why"), [(breaks, "no disk"), (lambda: ["https://example.test"], "URL scheme")]
)
async def test_a_function_that_fails_tells_the_server_nothing(
    roots: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        asker(HERE, roots=roots) as server,
        caplog.at_level(logging.WARNING, "voxagent.mcp"),
        pytest.raises(ToolError, match="the folders are not known"),
    ):
        await told(server)
    assert "roots= failed for the MCP server 'asker'" in caplog.text
    assert why in caplog.text


def test_only_folders_are_roots() -> None:
    with pytest.raises(ConfigError, match=r"roots=\['https://example\.test'\]: a folder or 'file://' URI"):
        asker(HERE, roots=["https://example.test"]).__enter__()


async def test_a_server_without_roots_is_not_told_of_changes() -> None:
    with asker(OLD) as server:
        await server.roots_changed()
        async with server:
            await server.roots_changed()
            with pytest.raises(ToolError, match=r"(?i)roots"):
                await told(server)


async def test_an_older_server_is_told_that_the_folders_have_changed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with faulty("stdio", log=log, roots=[tmp_path], mode="legacy") as server:
        async with server:
            await server.roots_changed()
            await eventually(
                lambda: any(each.get("method") == "notifications/roots/list_changed" for each in logged(log))
            )


@pytest.mark.parametrize("era", ["auto", "legacy"], ids=["2026", "2025"])
@pytest.mark.parametrize("kind", ["stdio", "http"])
@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
async def test_what_a_server_logs_is_logged_from_the_level_on_that_is_wanted(
    era: str, kind: str, level: str, heard: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with asker((kind, era), log_level=level) as server, caplog.at_level(logging.DEBUG, "voxagent.mcp"):
        assert await told(server, "log") == "logged"
    found = [each for each in caplog.records if each.name == "voxagent.mcp" and "said at" in each.message]
    assert [each.levelname.lower() for each in found] == heard
    assert [each.message for each in found if each.levelname == "WARNING"] == [
        "asker: asker: said at warning" for _ in heard if "warning" in heard
    ][:1]
