"""What becomes of a tool that cannot do what it was asked."""

from voxagent import Agent, ModelRetry, ToolError
from voxagent.testing import ScriptedProvider, answer, text, tool_call

calls = answer(
    tool_call("half", number="seven"),  # does not fit the type
    tool_call("half", number=7),
    tool_call("send", to="ada"),
    tool_call("broken"),
)
agent = Agent(ScriptedProvider(calls, text("I give up.")))


@agent.tool
def half(number: int) -> int:
    if number % 2:
        raise ModelRetry("give me an even number")
    return number // 2


@agent.tool
def send(to: str) -> None:
    raise ToolError(f"{to} has no mailbox")


@agent.tool
def broken() -> None:
    raise ZeroDivisionError("no")


result = agent.run_sync("go")
for block in result.messages[2].tool_results:
    print(f"{block.tool_name}: {block.text}")
print(result.output)
