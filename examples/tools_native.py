"""Tools that the provider runs itself: told to the model, kept in the history, sent back."""

from voxagent import Agent, Message
from voxagent.errors import ConfigError
from voxagent.testing import ScriptedProvider, text
from voxagent.tools import CodeExecution, WebSearch
from voxagent.types import ProviderBlock, TextBlock

# A service that searched says so in a block of its own, ahead of its answer.
search = ProviderBlock("scripted", {"type": "web_search_call", "query": "weather Oslo"})
model = ScriptedProvider(Message("assistant", [search, TextBlock("It rains.")]), text("It still rains."))
agent = Agent(model, native_tools=[WebSearch(allowed_domains=["yr.no"], max_uses=3)])

first = agent.run_sync("How is the weather in Oslo?")
print(first.output, [block.type for block in first.messages[-1].blocks])

agent.run_sync("And now?", message_history=first.messages, native_tools=[CodeExecution()])
print(model.requests[1].native_tools)
print(model.requests[1].messages[1].blocks[0] == search)

try:
    Agent("offline:demo", native_tools=[WebSearch()]).run_sync("How is the weather?")
except ConfigError as error:
    print(error)
