"""How many tokens something has: estimated at once, or counted by the service."""

import asyncio

import httpx2

from voxagent import Message
from voxagent.providers import AnthropicProvider, ModelRequest, tokens_of
from voxagent.session import count_message_tokens, count_tokens

text = "How many tokens are in this sentence?"
asked = [Message("user", text), Message("assistant", "About ten.")]
print(count_tokens(text, "gpt-5.5"), count_tokens(text, "claude-opus-5-5"), count_message_tokens(asked))


def service(request: httpx2.Request) -> httpx2.Response:
    """Stands in for Anthropic."""
    print(request.url.path)
    return httpx2.Response(200, json={"input_tokens": 19})


model = AnthropicProvider(
    "claude-haiku-4-5",
    api_key="no-key-is-needed-here",
    client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(service)),
)
print(asyncio.run(tokens_of(model, ModelRequest("claude-haiku-4-5", asked))))
