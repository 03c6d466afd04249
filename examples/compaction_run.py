"""A conversation that outgrows a small window, and goes on."""

from voxagent import Agent, Message
from voxagent.session import (
    CompactionPolicy,
    clear_tool_results,
    count_message_tokens,
    drop_oldest_turns,
    in_turn,
    summarise,
)
from voxagent.streaming import CompactionEndEvent

writer = Agent("offline:demo")  # a small and cheap model, say


async def ask(question: str) -> str:
    return (await writer.run(question)).output[:200]


policy = CompactionPolicy(
    in_turn(clear_tool_results(), summarise(ask), drop_oldest_turns()),
    start_at=0.8,
    shrink_to=0.4,
    window=2_000,
)
agent = Agent("offline:demo", compaction=policy)


def tell(event: object) -> None:
    if isinstance(event, CompactionEndEvent):
        print(event.messages_removed, "messages are summarised")


agent.subscribe(tell)
history: list[Message] = []
for number in range(12):
    result = agent.run_sync(f"Note {number}: " + "the lamp was sold. " * 30, message_history=history)
    history = result.messages
print(len(history), "messages,", count_message_tokens(history) < 1_600)
