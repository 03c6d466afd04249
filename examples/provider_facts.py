"""What is known of a model: listed, and told by whoever knows better."""

from voxagent.providers import ModelFacts, OpenAIProvider, facts_of, known_facts, register_model_facts

facts = known_facts("anthropic", "claude-haiku-4-5-20251001")
print(facts.context_window, facts.input_price, facts.cached_input_price, facts.thinks_unasked)

# A server of your own: nobody knows its models, so say what you know, for one provider,
mine = ModelFacts(context_window=32_000, tools=True, input_price=0.0, output_price=0.0)
local = OpenAIProvider("my-model", base_url="http://localhost:8000/v1", facts=mine)
print(facts_of(local, "my-model").context_window)

# or for every agent of the process.
register_model_facts("openai:my-other-model", mine)
print(known_facts("openai", "my-other-model").input_price, known_facts("openai", "no-such-model").input_price)
