"""What is known and counted of models, and tools in words, have the types that they say."""

from __future__ import annotations

from typing import assert_type

from voxagent import Agent, Message
from voxagent.providers import (
    AnthropicProvider,
    CountsRequests,
    LongPrompt,
    ModelFacts,
    ModelRequest,
    OpenAIProvider,
    Provider,
    known_facts,
    register_model_facts,
    tokens_of,
    with_text_tools,
)
from voxagent.session import count_message_tokens, count_tokens
from voxagent.testing import ScriptedProvider

facts = known_facts("openai", "gpt-5")
assert_type(facts, ModelFacts)
assert_type(facts.cached_input_price, float | None)
assert_type(facts.long_prompt, LongPrompt | None)
assert_type(LongPrompt(272_000, 2, 1.5).input, float)
register_model_facts("openai:mine", ModelFacts(prefill=True, images=False))
assert_type(OpenAIProvider("mine", facts=facts).facts("mine"), ModelFacts)
assert_type(AnthropicProvider("mine", facts=facts).count_tokens([Message("user", "hi")], "system"), int)

assert_type(count_tokens("text", "gpt-5"), int)
assert_type(count_message_tokens([Message("user", "hi")], "gpt-5"), int)
assert_type(with_text_tools("ollama:gemma3"), Provider)
assert_type(Agent(with_text_tools(ScriptedProvider())), Agent[None, str])

counts: CountsRequests = OpenAIProvider("gpt-5")


async def counted(request: ModelRequest) -> None:
    assert_type(await tokens_of(ScriptedProvider(), request), int)
    assert_type(await counts.count(request), int)
