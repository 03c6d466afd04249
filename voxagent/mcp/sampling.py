"""What a server wants a model to answer, as ours; and what the model answers, as the server's."""

from __future__ import annotations

from typing import Any

from ..types.config import ModelSettings
from ..types.message import Message
from .results import blocks_of


def messages_of(params: Any) -> list[Message]:
    """The messages of a sampling request."""
    return [Message(each.role, blocks_of(each.content_as_list)) for each in params.messages]


def settings_of(params: Any) -> ModelSettings:
    """How it shall be answered."""
    settings: ModelSettings = {"max_tokens": params.max_tokens}
    if params.temperature is not None:
        settings["temperature"] = params.temperature
    if params.stop_sequences:
        settings["stop"] = list(params.stop_sequences)
    return settings


def ignored(params: Any) -> list[str]:
    """What it asks for besides, and why it does not get that."""
    told: list[str] = []
    if params.model_preferences is not None:
        told.append("it prefers other models, and the run's model answers")
    if params.include_context not in (None, "none"):
        told.append("it wants the conversation, which no server is shown")
    return told


def result_of(answer: Message) -> Any:
    """The answer as the protocol has it."""
    from mcp.types import CreateMessageResult, TextContent

    return CreateMessageResult(
        role="assistant",
        content=TextContent(type="text", text=answer.text),
        model=answer.model or "",
        stop_reason="maxTokens" if answer.finish_reason == "length" else "endTurn",
    )
