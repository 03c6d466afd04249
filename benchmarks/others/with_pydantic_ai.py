"""pydantic-ai."""

from contest import enter, said
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import UsageLimits


async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def message(number: int) -> ModelMessage:
    role, text = said(number)
    if role == "user":
        return ModelRequest(parts=[UserPromptPart(text)])
    return ModelResponse(parts=[TextPart(text)])


class PydanticAI:
    """Agents of pydantic-ai."""

    def __init__(self, url: str) -> None:
        model = OpenAIChatModel("bench", provider=OpenAIProvider(base_url=url, api_key="none"))
        self.plain = Agent(model)
        self.caller = Agent(model, tools=[add])
        self.limits = UsageLimits(request_limit=None)
        self.histories: dict[int, list[ModelMessage]] = {0: []}

    async def answer(self, prompt: str, history: int = 0) -> str:
        if history not in self.histories:
            self.histories[history] = [message(number) for number in range(history)]
        return (await self.plain.run(prompt, message_history=self.histories[history])).output

    async def stream(self, prompt: str) -> int:
        count = 0
        async with self.plain.run_stream(prompt) as stream:
            async for _ in stream.stream_text(delta=True, debounce_by=None):
                count += 1
        return count

    async def call(self, prompt: str) -> str:
        return (await self.caller.run(prompt, usage_limits=self.limits)).output


if __name__ == "__main__":
    enter(PydanticAI)
