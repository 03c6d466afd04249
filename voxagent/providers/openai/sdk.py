"""Clients of the `openai` package as back ends: `AsyncOpenAI`, `AsyncAzureOpenAI`, and their heirs.

Azure routes Chat Completions by the model's name in the body, and Responses by the address alone; its client
knows both.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from ..http.sdk import Sdk

RESPONSES = Sdk("openai", "AsyncOpenAI", "/responses")
CHAT = Sdk("openai", "AsyncOpenAI", "/chat/completions")


def api_of(client: Any) -> Literal["auto", "chat", "responses"]:
    """The protocol that fits a client: its address tells, "auto" if that is to be looked at.

    A client of Azure that was made for one deployment has an address for Chat Completions only.
    """
    if "/deployments/" in urlsplit(str(client.base_url)).path:
        return "chat"
    return "responses" if "Azure" in type(client).__name__ else "auto"
