"""A conversation that begins on one wire goes on over another, whose server refuses what such services do."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from tests.behaviour.dialects import DIALECTS
from tests.behaviour.server import Answer, Connection, FaultServer, streamed, whole
from tests.behaviour.wire import ONCE, Call, Dialect, Thinking, text
from tests.failover.shared import policy
from tests.faults.script import in_loop
from tests.wires.crossing import rules
from voxagent import Agent, tool
from voxagent.providers.http.names import wire_name
from voxagent.types import ImageBlock, ToolUseBlock

LONG = "look_up_the_weather_" + "of_a_place_" * 8
"""A name that is longer than any service takes."""
JUDGES: dict[str, Callable[[Any], Iterator[str]]] = {
    "responses": partial(rules.responses, model="m"),
    "chat": partial(rules.chat, vendor="openai"),
    "anthropic": partial(rules.anthropic, prefill=True),
    "google": partial(rules.google, seals=False),
    "ollama": rules.ollama,
    "mistral": partial(rules.chat, vendor="mistral"),
    "deepseek": partial(rules.chat, vendor="deepseek"),
    "groq": partial(rules.chat, vendor="groq"),
    "openrouter": partial(rules.chat, vendor="openrouter"),
    "azure": partial(rules.responses, model="m"),
    "chatgpt": partial(rules.responses, model="m"),
}
SPOKEN = [dialect for dialect in DIALECTS if dialect.name in JUDGES]


@tool(name=LONG)
async def look_up(place: str) -> list[Any]:
    """Tell of a place, and show it."""
    return [f"fair in {place}", ImageBlock("image/png", "iVBORw0KGgo=")]


@tool
async def fail() -> str:
    """Fail."""
    raise ValueError("broken")


def judged(dialect: Dialect, answer: Answer) -> Answer:
    """The answer to a request that the service takes, and else status 400 with what is wrong."""

    async def step(connection: Connection) -> None:
        wrong = list(JUDGES[dialect.name](connection.server.asked[-1].body))
        for each in whole(400, {"error": {"message": "; ".join(wrong)}}) if wrong else answer:
            assert isinstance(each, bytes)
            await connection.send(each)

    return [step]


def asking(dialect: Dialect, *parts: Any) -> Answer:
    return judged(dialect, streamed(*dialect.events(*parts).all))


@pytest.mark.parametrize(("first", "second"), [*permutations(SPOKEN, 2)], ids=lambda dialect: dialect.name)
def test_a_conversation_goes_on_over_every_other_wire(first: Dialect, second: Dialect) -> None:
    """R-A12: thoughts, calls, ids and results of one provider are taken by the next."""
    long = wire_name(LONG)
    begun = (Thinking(("hm", ".")), text("Let ", "me see."))
    calls = Call(long, ('{"place":"Oslo"}',), "call_1"), Call("fail", ("{}",), "call_2")
    answers = asking(first, *begun, *calls), whole(*first.errors["server"])
    again = (
        asking(second, text("And "), Call(long, ('{"place":"Rome"}',), "call_1")),
        asking(second, text("Fair.")),
    )
    with FaultServer(*answers) as primary, FaultServer(*again) as fallback:
        models = [
            dialect.provider(server.url, retries=ONCE)
            for dialect, server in ((first, primary), (second, fallback))
        ]
        agent = Agent(models, tools=[look_up, fail], failover=policy())
        result = in_loop("run", lambda: agent.run("How is it there?"))
        result.raise_for_error()
    assert result.output == "Fair."
    assert [message.provider for message in result.messages if message.role == "assistant"] == [
        first.provider_name,
        second.provider_name,
        second.provider_name,
    ]
    said = [call for message in result.messages for call in message.of(ToolUseBlock)]
    assert [(call.name, call.input) for call in said] == [
        (LONG, {"place": "Oslo"}),
        ("fail", {}),
        (LONG, {"place": "Rome"}),
    ]
    assert len({call.id for call in said}) == 3
    assert [name for _, name, _ in second.calls_in(fallback.asked[0].body)] == [long, "fail"]


def test_the_judges_refuse_what_services_refuse() -> None:
    """A server that takes everything would prove nothing."""
    orphan = [{"role": "user", "content": "go"}, {"role": "tool", "tool_call_id": "1", "content": "2"}]
    begun = [{"role": "assistant", "content": [{"type": "text", "text": "so "}]}]
    call = {"type": "function_call", "call_id": "1", "name": "a.b", "arguments": "{}"}
    part = {"functionCall": {"name": "add", "args": {}}}
    bodies: dict[str, Any] = {
        "chat": {"messages": orphan},
        "mistral": {"messages": orphan},
        "deepseek": {"messages": [{"role": "assistant", "content": "so"}]},
        "responses": {"store": False, "input": [call, {"type": "reasoning", "encrypted_content": "x"}]},
        "anthropic": {"messages": begun},
        "google": {"contents": [{"role": "model", "parts": [part]}]},
        "ollama": {"messages": [{"role": "user", "content": []}]},
    }
    for name, body in bodies.items():
        assert list(JUDGES[name](body)), name
