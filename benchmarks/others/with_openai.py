"""The bare SDK of OpenAI, with a loop written by hand."""

from typing import Any

from contest import enter, said
from openai import AsyncOpenAI
from pydantic import TypeAdapter


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Sdk:
    """What a programmer writes with the SDK alone."""

    def __init__(self, url: str) -> None:
        self.client = AsyncOpenAI(base_url=url, api_key="none")
        self.add = TypeAdapter(add)
        schema = {"type": "object", "properties": {name: {"type": "integer"} for name in "ab"}}
        function = {"name": "add", "description": "Add two numbers.", "parameters": schema}
        self.tools = [{"type": "function", "function": function}]
        self.histories: dict[int, list[Any]] = {0: []}

    async def answer(self, prompt: str, history: int = 0) -> str:
        if history not in self.histories:
            known = [said(number) for number in range(history)]
            self.histories[history] = [{"role": role, "content": text} for role, text in known]
        messages = [*self.histories[history], {"role": "user", "content": prompt}]
        answer = await self.client.chat.completions.create(model="bench", messages=messages)
        return answer.choices[0].message.content or ""

    async def stream(self, prompt: str) -> int:
        count = 0
        messages: list[Any] = [{"role": "user", "content": prompt}]
        async with await self.client.chat.completions.create(
            model="bench", messages=messages, stream=True
        ) as stream:
            async for chunk in stream:
                count += any(choice.delta.content for choice in chunk.choices)
        return count

    async def call(self, prompt: str) -> str:
        messages: list[Any] = [{"role": "user", "content": prompt}]
        tools: Any = self.tools
        while True:
            answer = await self.client.chat.completions.create(model="bench", messages=messages, tools=tools)
            message = answer.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            messages.append(message)
            for call in message.tool_calls:
                result = self.add.validator.validate_json(call.function.arguments)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": str(result)})


if __name__ == "__main__":
    enter(Sdk)
