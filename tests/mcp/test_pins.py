"""Files of pinned tools that cannot be used: what is said names the file, the server and what helps."""

import json
import os
from pathlib import Path

import pytest

from tests.mcp.demo import made
from tests.mcp.servers import opened
from voxagent import ConfigError
from voxagent.errors import ToolsChangedError
from voxagent.mcp import MCPServerInProcess

AWAY = "take the file away, and the tools are written down anew"
ANEW = "take the server out of the file, or call accept_tools() on it, and its tools are written down anew"
ELSEWHERE = "name a file that can be read and written, in a folder that is there"
NO_PIN = "does not say of it what was written"


def server(pins: Path | str) -> MCPServerInProcess:
    return MCPServerInProcess(made(), name="demo", pin_tools=pins)


async def refused(pins: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        async with opened(server(pins)):
            pass
    begun = f"pin_tools={str(pins)!r} of the MCP server 'demo' "
    assert str(caught.value).startswith(begun)
    return str(caught.value).removeprefix(begun)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", f"is not a file of hashes: Expecting value: line 1 column 1 (char 0): {AWAY}"),
        (b"\xff", "is not a file of hashes: 'utf-8' codec can't decode"),
        (b"[" * 100_000 + b"]" * 100_000, "is not a file of hashes: "),
        (b"[]", f"is not a file of hashes: no object in it: {AWAY}"),
        (b'{"demo": null}', f"{NO_PIN}: {ANEW}"),
        (b'{"demo": ["add"]}', f"{NO_PIN}: {ANEW}"),
        (b'{"demo": {"add": null}}', f"{NO_PIN}: {ANEW}"),
        (b'{"demo": {"add": {}}}', f"{NO_PIN}: {ANEW}"),
        (b'{"demo": {"add": {"hash": 1}}}', f"{NO_PIN}: {ANEW}"),
    ],
)
async def test_a_file_that_was_not_written_so_is_an_error(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "pins").write_bytes(content)
    assert (await refused(tmp_path / "pins")).startswith(said)


async def test_a_place_where_no_file_can_be_is_an_error(tmp_path: Path) -> None:
    assert await refused(tmp_path) == f"cannot be read: Is a directory: {ELSEWHERE}"
    said = f"cannot be written: No such file or directory: {ELSEWHERE}"
    assert await refused(tmp_path / "none" / "pins") == said


async def test_a_hash_alone_is_enough_to_notice_a_change(tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    async with opened(server(pins)):
        pass
    written = json.loads(pins.read_text())
    hashes = {name: {"hash": pin["hash"]} for name, pin in written["demo"].items()}
    pins.write_text(json.dumps({"demo": hashes}))
    async with opened(server(pins)):
        pass
    hashes["add"]["hash"] = "another"
    pins.write_text(json.dumps({"demo": hashes}))
    with pytest.raises(ToolsChangedError, match="the tool 'add' has changed: its title, output or annot"):
        async with opened(server(pins)):
            pass


async def test_a_server_whose_entry_cannot_be_read_is_accepted_anew(tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    pins.write_text('{"demo": null, "other": {"a": {"hash": "b"}}}')
    await server(pins).accept_tools()
    async with opened(server(pins)):
        pass
    assert json.loads(pins.read_text())["other"] == {"a": {"hash": "b"}}


async def test_a_file_may_be_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "HOME", str(tmp_path))
    async with opened(server("~/tools.lock")):
        pass
    assert "add" in json.loads((tmp_path / "tools.lock").read_text())["demo"]
