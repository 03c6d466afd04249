"""Whatever history an agent or a program leaves behind is taken by every provider."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wires.crossing.histories import PROVIDERS, histories, seal
from tests.wires.crossing.targets import Target, shows_something_new
from tests.wires.crossing.test_recordings import every_target
from voxagent.errors import ConfigError
from voxagent.providers import ModelRequest
from voxagent.providers.cli.prompt import told
from voxagent.types import Message, ToolSpec

NOTHING = {"type": "object", "properties": {}}


@every_target
@settings(max_examples=40, deadline=None)
@given(data=st.data())
async def test_any_history_is_taken_by_every_provider(target: Target, data: st.DataObject) -> None:
    """R-A12: what one provider left behind is accepted by the next."""
    messages = data.draw(histories(target.owner))
    thinking = data.draw(st.sampled_from([None, "low"]))
    names = sorted({call.name for message in messages for call in message.tool_calls if call.name})
    request = ModelRequest(
        target.model,
        messages,
        tools=[ToolSpec(name, "", NOTHING) for name in names],
        settings={"thinking": thinking} if thinking else {},  # type: ignore[typeddict-item]  # one of its words
    )
    try:
        body = await target.body(request)
    except ConfigError:
        assert shows_something_new(messages)
        return
    assert list(target.judge(body)) == []
    if target.name != "proxy":
        written = json.dumps(body)
        assert [other for other in PROVIDERS if other != target.owner and seal(other) in written] == []


@given(messages=histories("codex"))
def test_a_program_is_told_any_history(messages: list[Message]) -> None:
    if not shows_something_new(messages):
        assert told(messages, "codex")
