"""Refuse a prompt or an output, or answer in the model's place."""

from typing import Any

from voxagent import Agent, Answer, Guardrail, Refuse, RunContext
from voxagent.agent import Prompt
from voxagent.errors import RefusedError
from voxagent.testing import FunctionProvider


def polite(ctx: RunContext, prompt: Prompt) -> Answer[str] | Refuse | None:
    if "hello" in prompt:
        return Answer("Hello!")
    return Refuse("please be polite") if "damn" in prompt else None


async def short(ctx: RunContext, output: Any) -> Refuse | None:
    return Refuse("the answer is too long") if len(output) > 20 else None


agent = Agent(
    FunctionProvider(lambda messages, request: f"You said: {messages[-1].text}"),
    guardrails=[Guardrail(on_prompt=polite), Guardrail(on_output=short)],
)

for prompt in ("hello", "good day", "damn", "what a long sentence"):
    result = agent.run_sync(prompt)
    refused = isinstance(result.error, RefusedError)
    print(f"refused: {result.error}" if refused else result.output, len(result.messages))
