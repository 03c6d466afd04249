"""The floor: a loop written by hand on httpx2, which has no types, events, limits, retries or timeouts."""

from typing import Any

import httpx2
from contest import enter, said
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class ByHand:
    """What a programmer writes without a library."""

    def __init__(self, url: str) -> None:
        self.url = url + "/chat/completions"
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        self.client = httpx2.AsyncClient(limits=limits, timeout=60)
        self.add = TypeAdapter(add)
        schema = {"type": "object", "properties": {name: {"type": "integer"} for name in "ab"}}
        function = {"name": "add", "description": "Add two numbers.", "parameters": schema}
        self.tools = [{"type": "function", "function": function}]
        self.histories: dict[int, list[dict[str, Any]]] = {}
        self.pieces = 0

    async def ask(
        self, messages: list[dict[str, Any]], tools: bool = False
    ) -> tuple[str, list[dict[str, Any]]]:
        body: dict[str, Any] = {"model": "bench", "messages": messages, "stream": True}
        if tools:
            body["tools"] = self.tools
        text: list[str] = []
        calls: list[dict[str, Any]] = []
        buffer = b""
        async with self.client.stream("POST", self.url, content=to_json(body)) as response:
            async for data in response.aiter_bytes():
                *events, buffer = (buffer + data).split(b"\n\n")
                for event in events:
                    if event == b"data: [DONE]":
                        continue
                    for choice in from_json(event[6:])["choices"]:
                        delta = choice["delta"]
                        if delta.get("content"):
                            self.pieces += 1
                            text.append(delta["content"])
                        calls += delta.get("tool_calls") or ()
        return "".join(text), calls

    async def answer(self, prompt: str, history: int = 0) -> str:
        if history not in self.histories:
            known = [said(number) for number in range(history)]
            self.histories[history] = [{"role": role, "content": text} for role, text in known]
        text, _ = await self.ask([*self.histories[history], {"role": "user", "content": prompt}])
        return text

    async def stream(self, prompt: str) -> int:
        self.pieces = 0
        await self.ask([{"role": "user", "content": prompt}])
        return self.pieces

    async def call(self, prompt: str) -> str:
        messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
        while True:
            text, calls = await self.ask(messages, tools=True)
            if not calls:
                return text
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
            for call in calls:
                result = self.add.validator.validate_json(call["function"]["arguments"])
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": str(result)})


if __name__ == "__main__":
    enter(ByHand)
