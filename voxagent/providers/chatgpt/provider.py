"""The models of a ChatGPT subscription, as a provider.

Who is signed in has a token instead of a key. It lasts for hours only: hand in a function that gives a fresh
one where a program runs longer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import ConfigError
from ..base import ModelFacts
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..openai.provider import bearer
from .tokens import account_of
from .wire import ChatGPTWire

CHATGPT_URL = "https://chatgpt.com/backend-api/codex"
ACCOUNT = "CHATGPT_ACCOUNT_ID"


def unpriced(facts: ModelFacts) -> ModelFacts:
    """The facts without what a model costs."""
    return replace(
        facts,
        input_price=None,
        output_price=None,
        cached_input_price=None,
        cache_write_price=None,
        price_date="",
        long_prompt=None,
    )


class ChatGPTProvider(WireProvider):
    """The models of a ChatGPT subscription, by the Responses protocol of its backend.

    Args:
        model: Name of the model, such as "gpt-5.2-codex".
        api_key: The access token (OAuth) of who is signed in, or a function (async or not) that gives it;
            `CHATGPT_ACCESS_TOKEN` by default.
        base_url: The address ahead of "/responses"; `CHATGPT_BASE_URL` or ChatGPT's own by default.
        account_id: The account that is asked for; `CHATGPT_ACCOUNT_ID`, or the one that the token names, by
            default.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for OpenAI's models, without prices.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        account_id: str | None = None,
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        base = (base_url or os.environ.get("CHATGPT_BASE_URL") or CHATGPT_URL).rstrip("/")

        def let_in(token: str) -> Mapping[str, str]:
            account = account_id or os.environ.get(ACCOUNT) or account_of(token)
            if not account:
                raise ConfigError(
                    f"the access token names no account: set the environment variable {ACCOUNT},"
                    " or pass account_id=..."
                )
            return {**bearer(token), "chatgpt-account-id": account}

        endpoint = Endpoint(
            url=f"{base}/responses",
            auth=let_in,
            key=api_key,
            variable="CHATGPT_ACCESS_TOKEN",
            needs_key=base == CHATGPT_URL,
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
        )
        super().__init__("chatgpt", model, ChatGPTWire(), endpoint, facts, vendor="openai")
        self._has_facts = facts is not None

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model; what it costs a subscription does not say."""
        facts = super().facts(model)
        return facts if self._has_facts else unpriced(facts)
