"""Pass events on to listeners of your own, by type."""

from voxagent import Agent
from voxagent.streaming import EventEmitter, StreamEvent, TextDeltaEvent

emitter = EventEmitter()
agent = Agent("offline:demo", observers=[lambda event: emitter.emit(event.event_type, event)])


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def show(event: TextDeltaEvent) -> None:
    print(repr(event.delta))


stop = emitter.on(StreamEvent.TEXT_DELTA, show)
emitter.once(StreamEvent.TOOL_START, lambda event: print("first tool:", event.tool_call.name))
agent.run_sync("Add 2 and 3.")
stop()
agent.run_sync("Add 4 and 5.")
