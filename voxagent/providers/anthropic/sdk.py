"""Clients of the `anthropic` package as back ends: `AsyncAnthropic`, and those of the clouds.

Bedrock and Vertex want model and version elsewhere than Anthropic does; their clients read them in the body
and put them there. Bedrock frames its stream in a way of its own, which `eventstream` reads.
"""

from __future__ import annotations

from ..http.sdk import Sdk

MESSAGES = Sdk("anthropic", "AsyncAnthropic", "/v1/messages")
