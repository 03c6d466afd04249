"""Several models: the next is asked when one fails."""

from voxagent import Agent
from voxagent.errors import OverloadedError
from voxagent.streaming import FailoverEvent, StreamEventData
from voxagent.testing import ScriptedProvider, fails, text

busy = ScriptedProvider(fails(OverloadedError("too much to do", status=529)), name="busy", model="large")
spare = ScriptedProvider(text("Here I am."), name="spare", model="small")
agent = Agent([busy, spare, "offline:demo"])


def watch(event: StreamEventData) -> None:
    if isinstance(event, FailoverEvent):
        print(f"{event.source} -> {event.target}: {event.reason}")


agent.subscribe(watch)
result = agent.run_sync("Is anybody there?")
print(result.output, f"({result.provider}:{result.model})")
for attempt in result.attempts:
    print(f"{attempt.provider}:{attempt.model}", attempt.reason or "ok")
