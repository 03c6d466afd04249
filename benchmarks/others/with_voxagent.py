"""voxagent."""

from contest import enter, said

from voxagent import Agent, UsageLimits, tool
from voxagent.providers import OpenAIProvider
from voxagent.types import Message


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Voxagent:
    """Agents of voxagent."""

    def __init__(self, url: str) -> None:
        provider = OpenAIProvider("bench", base_url=url, api="chat")
        self.plain: Agent[None, str] = Agent(provider)
        self.caller: Agent[None, str] = Agent(provider, tools=[add], limits=UsageLimits(requests=None))
        self.histories: dict[int, list[Message]] = {0: []}

    async def answer(self, prompt: str, history: int = 0) -> str:
        if history not in self.histories:
            known = [said(number) for number in range(history)]
            self.histories[history] = [Message(role, text) for role, text in known]  # type: ignore[arg-type]  # one of two
        result = await self.plain.run(prompt, message_history=self.histories[history])
        return result.output

    async def stream(self, prompt: str) -> int:
        count = 0
        async with self.plain.run_stream(prompt) as stream:
            async for _ in stream.text():
                count += 1
        return count

    async def call(self, prompt: str) -> str:
        return (await self.caller.run(prompt)).output


if __name__ == "__main__":
    enter(Voxagent)
