"""An agent asks another; the deps, the budget and the events are shared."""

from dataclasses import dataclass

from voxagent import Agent, ToolContext
from voxagent.streaming import StreamEventData, ToolStartEvent
from voxagent.testing import ScriptedProvider, text, tool_call


@dataclass
class Library:
    books: dict[str, str]


researcher = Agent(
    ScriptedProvider(tool_call("look_up", title="Emma"), text("Emma is by Austen.")),
    name="researcher",
    description="Finds out who wrote a book.",
    deps_type=Library,
)


@researcher.tool
def look_up(ctx: ToolContext[Library], title: str) -> str:
    return ctx.deps.books[title]


writer = Agent(
    ScriptedProvider(tool_call("researcher", prompt="Who wrote Emma?"), text("Jane Austen did.")),
    deps_type=Library,
    sub_agents=[researcher],
)


def watch(event: StreamEventData) -> None:
    if isinstance(event, ToolStartEvent):
        print(event.path, event.tool_call.name)


writer.subscribe(watch)
result = writer.run_sync("Who wrote Emma?", deps=Library({"Emma": "Austen"}))
print(result.output, result.usage)
