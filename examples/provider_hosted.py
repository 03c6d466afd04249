"""Name a hosted model; its key is read from the environment when a run begins."""

from voxagent import Agent
from voxagent.providers import OpenAIProvider

agent = Agent(["openai:gpt-5", "anthropic:claude-sonnet-4-5"])
print(agent.models)

# A server of your own that speaks OpenAI's Chat Completions needs an address, and no key.
local = Agent(OpenAIProvider("llama3.2", base_url="http://localhost:11434/v1"))
print(local.model_string)
