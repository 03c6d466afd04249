"""A secret stays out of history, events, results and errors; the tools work with the real one."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from voxagent import Agent, Message, ToolContext
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, Step, tool_call


@dataclass
class Shop:
    password: SecretStr


def model(messages: Sequence[Message], request: ModelRequest) -> str | Step:
    results = messages[-1].tool_results
    return results[0].text if results else tool_call("log_in")


agent = Agent(
    FunctionProvider(model),
    deps_type=Shop,
    secrets_to_redact={"customer": "C-48151623"},
    secret_patterns=["default", r"order-[0-9]{6,}"],
)


@agent.tool
def log_in(ctx: ToolContext[Shop]) -> str:
    assert ctx.deps.password.get_secret_value() == "correct horse"
    return "token=correct%20horse order-123456"


result = agent.run_sync("I am C-48151623.", deps=Shop(SecretStr("correct horse")))
print(result.messages[0].text)
print(result.output)
print("C-48151623" in result.model_dump_json(), agent.secrets_to_redact)
