"""What becomes of a history that the model refused as too long."""

from __future__ import annotations

from collections.abc import Sequence

from ..providers.known.facts import known_facts
from ..session.compaction.context import compact_context
from ..types.message import Message
from ..types.tokens import message_tokens

MAKERS = ("openai", "anthropic", "google", "deepseek", "mistral", "groq")
"""Whose model a bare name may be."""


def handle_context_overflow(messages: Sequence[Message], error: Exception, model: str) -> list[Message]:
    """The messages in at most half of their tokens, and of the model's window where that is known.

    What the estimate takes for short enough has just been refused, so it is not asked whether they fit. The
    last turn and what is pinned stay, long tool results of it are cut: these alone may still be more.

    Args:
        messages: The history that was refused.
        error: What the provider said, a `ContextLengthError`; raised if nothing can be left out.
        model: The model, as "provider:model" or by its name alone.
    """
    provider, _, name = model.partition(":")
    makers, name = ((provider,), name) if name else (MAKERS, model)
    windows = [window for maker in makers if (window := known_facts(maker, name).context_window)]
    counted = message_tokens(messages, name)
    target = min([counted, *windows]) // 2
    shorter = compact_context(messages, target, preserve_recent=2, model=name, aggressive=True)
    if message_tokens(shorter, name) >= counted:
        raise error
    return shorter
