"""Models of other vendors by their names; each key is read from the environment when a run begins."""

from voxagent import Agent
from voxagent.providers import AzureProvider

agent = Agent(
    [
        "groq:openai/gpt-oss-120b",
        "openrouter:anthropic/claude-sonnet-4.5",
        "deepseek:deepseek-v4-flash",
        "mistral:mistral-small-latest",
    ]
)
print(*agent.models, sep="\n")

# On Azure a model is named by its deployment, and asked at your resource's address.
print(AzureProvider("our-gpt", base_url="https://example.openai.azure.com"))
print(AzureProvider("our-gpt", base_url="https://example.openai.azure.com", api_version="2024-10-21"))
