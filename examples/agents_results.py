"""A run that fails returns a result too, with everything that was done."""

from voxagent import Agent, RunError, RunResult
from voxagent.errors import StreamTruncatedError
from voxagent.testing import ScriptedProvider, answer, text, tool_call

# A model that calls a tool, and whose next answer breaks off.
model = ScriptedProvider(tool_call("add", a=2, b=3), answer(text("The sum is"), cut=True))
agent = Agent(model)


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


result = agent.run_sync("Add 2 and 3.")
for message in result.messages:
    print(f"{message.role}: {message.text or [block.type for block in message.blocks]}")
print(result.ok, result.tool_metas[0].tool_name, result.tool_metas[0].success)

try:
    print(result.output)
except StreamTruncatedError as error:
    print(f"{error.kind}, retryable {error.retryable}, received {error.received!r}")

loaded: RunResult[object] = RunResult.model_validate_json(result.model_dump_json())
print(loaded.messages == result.messages, loaded.error)
try:
    loaded.raise_for_error()
except RunError as error:
    print(error)
