"""The model knows a password by its name only; the tool that declares it is given the real one."""

from collections.abc import Sequence

from voxagent import Agent, Message, tool
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, Step, tool_call


@tool(secrets=["shop"])
def log_in(user: str, password: str) -> str:
    assert password == "correct horse"
    return f"{user} is logged in, with {password}"


@tool
def search(words: str) -> str:
    return f"nothing found for {words}"


def model(messages: Sequence[Message], request: ModelRequest) -> str | Step:
    asked = sum(bool(message.tool_results) for message in messages)
    if asked == 0:
        return tool_call("log_in", user="ada", password="[REDACTED:shop]")
    return tool_call("search", words="[REDACTED:shop]") if asked == 1 else "Done."


agent = Agent(FunctionProvider(model), tools=[log_in, search], secrets_to_redact={"shop": "correct horse"})
result = agent.run_sync("Log in.")
for message in result.messages:
    for answer in message.tool_results:
        print(answer.text)
