"""Change a run on its way: the prompt, the request, a call, a result, the output."""

from dataclasses import replace
from typing import Any

from voxagent import Answer, Hooks, Message, RunContext, ToolCall, ToolContext
from voxagent.agent import Agent, Prompt
from voxagent.providers import ModelRequest


def in_english(ctx: RunContext, prompt: Prompt) -> Prompt:
    return "Add 2 and 3." if prompt == "Addiere 2 und 3." else prompt


def only_recent(ctx: RunContext, request: ModelRequest) -> ModelRequest:
    return replace(request, messages=request.messages[-10:])


async def doubled(ctx: ToolContext, call: ToolCall) -> dict[str, Any] | Answer[int]:
    if call.params["a"] == 0:
        return Answer(0)  # the tool is not called
    return {name: 2 * number for name, number in call.params.items()}


def counted(ctx: ToolContext, call: ToolCall, value: Any) -> Answer[str]:
    return Answer(f"{value} apples")


def shout(ctx: RunContext, output: str) -> Answer[str]:
    return Answer(output.upper())


hooks = Hooks(in_english, only_recent, doubled, counted, shout)
agent = Agent("offline:demo", hooks=hooks)


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


print(agent.run_sync("Addiere 2 und 3.", message_history=[Message("user", "Hi!")]).output)
