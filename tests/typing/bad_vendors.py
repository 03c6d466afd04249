"""Providers of other vendors take what they say, and nothing else."""

from __future__ import annotations

from voxagent.providers import (
    AzureProvider,
    ChatGPTProvider,
    DeepSeekProvider,
    GoogleProvider,
    GroqProvider,
    MistralProvider,
    OllamaProvider,
    OpenRouterProvider,
)
from voxagent.providers.ollama import OllamaOptions

GroqProvider(7)  # E: a number as a model
OpenRouterProvider("m", title="mine")  # E: an option that there is not
DeepSeekProvider("m", retries=3)  # E: a number as retries
MistralProvider("m", headers=["x"])  # E: a list as headers
AzureProvider("m", auth="basic")  # E: a header that there is not
AzureProvider("m", api="soap")  # E: a protocol that there is not
ChatGPTProvider("m", account_id=7)  # E: a number as an account
GoogleProvider("m", auth="x-api-key")  # E: a header that Google does not take
OllamaProvider("m", options={"num_ctx": 1})  # E: a dict as options
OllamaOptions(num_ctx="many")  # E: a text as a number of tokens
OllamaOptions().num_ctx = 1  # E: a change of what never changes
