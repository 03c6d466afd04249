"""openai-agents, with its traces switched off: they would be sent somewhere."""

from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from contest import enter, said
from openai import AsyncOpenAI


@function_tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class OpenAIAgents:
    """Agents of openai-agents."""

    def __init__(self, url: str) -> None:
        set_tracing_disabled(True)
        model = OpenAIChatCompletionsModel("bench", AsyncOpenAI(base_url=url, api_key="none"))
        self.plain = Agent(name="plain", model=model)
        self.caller = Agent(name="caller", model=model, tools=[add])
        self.histories: dict[int, list[Any]] = {}

    async def answer(self, prompt: str, history: int = 0) -> str:
        if not history:
            return (await Runner.run(self.plain, prompt)).final_output
        if history not in self.histories:
            known = [said(number) for number in range(history)]
            self.histories[history] = [{"role": role, "content": text} for role, text in known]
        asked = [*self.histories[history], {"role": "user", "content": prompt}]
        return (await Runner.run(self.plain, asked)).final_output

    async def stream(self, prompt: str) -> int:
        count = 0
        async for event in Runner.run_streamed(self.plain, prompt).stream_events():
            if event.type == "raw_response_event":
                count += event.data.type == "response.output_text.delta"
        return count

    async def call(self, prompt: str) -> str:
        return (await Runner.run(self.caller, prompt, max_turns=1_000)).final_output


if __name__ == "__main__":
    enter(OpenAIAgents)
