"""What a tool returns: any value, blocks, or more for the model and something for the program."""

from dataclasses import dataclass

from voxagent import Agent, ToolReturn
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.types import ImageBlock


@dataclass
class Point:
    x: int
    y: int


agent = Agent(
    ScriptedProvider(answer(tool_call("locate"), tool_call("draw"), tool_call("count")), text("done"))
)


@agent.tool
def locate() -> list[Point]:
    return [Point(1, 2)]


@agent.tool
def draw() -> ImageBlock:
    return ImageBlock("image/png", data=b"\x89PNG")


@agent.tool
def count() -> ToolReturn[int]:
    return ToolReturn(3, content="(rows, not columns)", metadata={"query": "select count(*)"})


result = agent.run_sync("go")
for block in result.messages[2].tool_results:
    print(block.tool_name, block.content)
print(result.tool_metas[2].metadata)
