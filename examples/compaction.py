"""A long task is made shorter, step by step, until it fits."""

import asyncio

from voxagent import Message
from voxagent.session import (
    Budget,
    clear_tool_results,
    compact,
    count_message_tokens,
    drop_oldest_turns,
    in_turn,
    needs_compaction,
    summarise,
)
from voxagent.types import ToolResultBlock, ToolUseBlock

history = [Message("user", "Find the cheapest flight.", metadata={"pinned": True})]
for page in range(20):
    call = f"call_{page}"
    history += [
        Message("assistant", [ToolUseBlock(call, "search", {"page": page})]),
        Message("user", [ToolResultBlock(call, "search", "A flight for 200 euros. " * 50)]),
    ]


async def ask(question: str) -> str:
    return "Pages 0 to 17 were read; each had a flight for 200 euros."  # what a model would say


async def main() -> None:
    print(needs_compaction(history, "You are brief.", max_tokens=2_000, reserve_tokens=500))
    strategy = in_turn(clear_tool_results(keep=2), summarise(ask, keep=2), drop_oldest_turns(keep=2))
    for tokens in (5_000, 1_500):
        done = await compact(history, Budget(tokens), strategy)
        print(len(done.messages), "messages,", count_message_tokens(done.messages), "tokens,", done.removed)
    print([message.text for message in done.messages if message.text])


asyncio.run(main())
