"""What is no fact, no text and no provider is refused."""

from __future__ import annotations

from voxagent import Message
from voxagent.providers import (
    CountsRequests,
    ModelFacts,
    OpenAIProvider,
    known_facts,
    register_model_facts,
    tokens_of,
    with_text_tools,
)
from voxagent.session import count_message_tokens, count_tokens
from voxagent.testing import ScriptedProvider

ModelFacts(input_price="cheap")  # E: a price in words
known_facts("gpt-5")  # E: a model without its provider
register_model_facts("openai:mine", {"tools": True})  # E: facts that are a dict
OpenAIProvider("mine", facts=True)  # E: facts that are a flag
count_tokens([Message("user", "hi")], "gpt-5")  # E: messages as a text
count_message_tokens("text", "gpt-5")  # E: a text as messages
with_text_tools(3)  # E: a number as a provider
tokens_of("openai:gpt-5", [])  # E: a name as a provider
counts: CountsRequests = ScriptedProvider()  # E: a provider that does not count
