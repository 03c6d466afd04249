"""The server that the official conformance suite tests: agents, served by voxagent's public names only.

The scenarios expect tools of certain names; here they are agents whose model says what a scenario expects.
The first line of output is the address.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from voxagent import Agent, Guardrail, Refuse, tool
from voxagent.mcp import ServedAgent, serve
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, text, tool_call
from voxagent.types import Message


class Nothing(BaseModel):
    """The arguments of a tool that takes none."""


class Region(BaseModel):
    """Arguments of which one is also sent as a header."""

    region: str = Field(json_schema_extra={"x-mcp-header": "Region"})
    query: str = ""


@tool
async def step() -> str:
    return "done"


def says(messages: Sequence[Message], request: ModelRequest) -> Any:
    return text("This is a simple text response for testing.")


def steps(messages: Sequence[Message], request: ModelRequest) -> Any:
    taken = sum(len(message.tool_results) for message in messages)
    return tool_call("step") if taken < 2 else text("all steps are taken")


def served(name: str, model: Callable[..., Any], input_type: Any = Nothing, **options: Any) -> ServedAgent:
    agent = Agent(FunctionProvider(model), name=name, description="Is part of a scenario.", **options)
    return ServedAgent(agent, input_type=input_type)


def main() -> None:
    serve(
        served("test_simple_text", says),
        served("test_tool_with_progress", steps, tools=[step]),
        served("test_error_handling", says, guardrails=[Guardrail(on_prompt=lambda *_: Refuse("never"))]),
        served("test_headers", says, Region),
        transport="http",
        port=0,
        on_ready=lambda url: print(url, flush=True),
    )


if __name__ == "__main__":
    main()
