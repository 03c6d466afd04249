"""A proxy is an app for whoever has the keys, and a provider for whoever has not."""

from __future__ import annotations

from typing import assert_type

from starlette.applications import Starlette

from voxagent import Agent
from voxagent.providers import ModelFacts, Provider, ProxyProvider
from voxagent.providers.proxy.server import proxy_app
from voxagent.security import SecretRegistry
from voxagent.testing import ScriptedProvider, text

app = proxy_app(["openai:gpt-5"], tokens=["a-token-of-16-characters"])
assert_type(app, Starlette)
assert_type(
    proxy_app(
        {"small": "offline:demo", "large": ScriptedProvider(text("hi"))},
        tokens=("a-token-of-16-characters",),
        secrets=SecretRegistry(),
        trusted=True,
    ),
    Starlette,
)

provider = ProxyProvider("openai:gpt-5", lambda: "a-token", "http://127.0.0.1:8000", facts=ModelFacts())
as_provider: Provider = provider
assert_type(provider.facts("openai:gpt-5"), ModelFacts)
assert_type(Agent(provider), Agent[None, str])
assert_type(Agent("proxy:openai:gpt-5"), Agent[None, str])
