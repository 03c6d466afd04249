"""A tool with a name that no service takes has another one on the wire, and its own everywhere else."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.behaviour.dialects import DIALECTS, every_dialect
from tests.behaviour.server import FaultServer, streamed
from tests.behaviour.wire import Call, Dialect, text
from tests.wires.crossing.rules import GOOGLE_NAME, NAME
from voxagent.providers import ModelRequest, OpenAIProvider, ToolCallDeltaChunk, ToolUseChunk
from voxagent.providers.http.names import wire_id, wire_name
from voxagent.types import Message, ToolResultBlock, ToolSpec, ToolUseBlock

NOTHING = {"type": "object", "properties": {}}
ODD = ("größe", "files.read", "函数", "get weather", "1st", "", "very_" * 20)


@given(name=st.text(max_size=200))
def test_every_name_becomes_one_that_every_service_takes(name: str) -> None:
    made = wire_name(name)
    assert NAME.fullmatch(made)
    assert GOOGLE_NAME.fullmatch(made)
    assert wire_name(made) == made
    assert (made == name) == bool(NAME.fullmatch(name) and GOOGLE_NAME.fullmatch(name))


def test_names_that_differ_stay_different() -> None:
    names = [*ODD, "a.b", "a b", "a_b", "very_" * 20 + "x"]
    assert len({wire_name(name) for name in names}) == len(names)


def test_an_id_is_cut_where_it_is_too_long_and_stays_itself_elsewhere() -> None:
    assert wire_id("x" * 40, 40) == "x" * 40
    assert len({wire_id("x" * number, 40) for number in range(40, 90)}) == 50
    assert {len(wire_id("x" * number, 40)) for number in range(40, 90)} == {40}


@every_dialect
@pytest.mark.parametrize("name", ODD)
async def test_a_call_of_a_tool_with_an_odd_name_comes_back_under_it(dialect: Dialect, name: str) -> None:
    specs = [ToolSpec(name, "", NOTHING), ToolSpec("add", "", NOTHING)]
    history = [
        Message("user", "go"),
        Message("assistant", [ToolUseBlock("call_9", name, {})]),
        Message("user", [ToolResultBlock("call_9", name, "2")]),
    ]
    told = dialect.events(text("so"), Call(wire_name(name), ("{}",)), Call("add", ("{}",), "call_2"))
    with FaultServer(streamed(*told.all)) as server:
        request = ModelRequest("m", history, tools=specs, settings={"tool_choice": name})
        async with dialect.provider(server.url).open(request) as chunks:
            seen = [chunk async for chunk in chunks]
    assert [chunk.tool_call.name for chunk in seen if isinstance(chunk, ToolUseChunk)] == [name, "add"]
    assert {chunk.name for chunk in seen if isinstance(chunk, ToolCallDeltaChunk)} <= {name, "add"}
    written = json.dumps(server.asked[0].body, ensure_ascii=False)
    assert f'"{wire_name(name)}"' in written
    if dialect.name != "proxy":  # it is told the history as it is, and names there what has to be named
        assert not name or f'"{name}"' not in written


async def test_tools_that_need_no_other_name_are_sent_as_they_are_and_again() -> None:
    bodies: list[Any] = []

    def refuse(sent: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(sent.content))
        return httpx2.Response(400, json={})

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
    provider = OpenAIProvider("gpt-5", "k", client=client)
    for names in ("größe", "add"), ("add",), ("add",), ():
        specs = [ToolSpec(name, "", NOTHING) for name in names]
        request = ModelRequest("gpt-5", [Message("user", "go")], tools=specs, settings={"tool_choice": "add"})
        with pytest.raises(Exception, match="400"):
            async with provider.open(request) as chunks:
                assert [chunk async for chunk in chunks] == []
    await client.aclose()
    told = [[tool["name"] for tool in body.get("tools", ())] for body in bodies]
    assert told == [[wire_name("größe"), "add"], ["add"], ["add"], []]
    assert [body.get("tool_choice", {}).get("name") for body in bodies] == ["add", "add", "add", None]


def test_every_dialect_is_asked() -> None:
    assert len(DIALECTS) > 10
