"""In what the servers that speak OpenAI's protocols differ from OpenAI. The defaults are OpenAI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ThinkingBack: TypeAlias = Literal["", "reasoning_content", "reasoning", "reasoning_details", "content"]


@dataclass(slots=True, frozen=True)
class ChatDialect:
    """How a server speaks Chat Completions.

    Args:
        provider: Whose blocks are sent back: those that carry this name.
        max_tokens: Name of the field that limits the answer ("max_tokens" on most servers but OpenAI).
        stream_options: Whether it takes `stream_options`, by which usage is asked for.
        strict: Whether it takes `strict` in tools and schemas.
        parallel_tool_calls: Whether it takes `parallel_tool_calls`.
        developer: Whether models that think get their system prompt as "developer".
        required: Its word for `tool_choice="required"` ("any" on Mistral).
        effort: Where the effort of thinking goes: the field of OpenAI, the object of OpenRouter, or nowhere.
        thinking_back: Where thinking is sent back to; OpenAI does not want it.
        seals: Whether it wants the seals of tool calls back (Gemini behind this protocol).
        files: Whether it reads documents.
        done_ends: Whether `[DONE]` alone ends an answer, where a server tells no finish reason.
    """

    provider: str = "openai"
    max_tokens: str = "max_completion_tokens"
    stream_options: bool = True
    strict: bool = True
    parallel_tool_calls: bool = True
    developer: bool = True
    required: str = "required"
    effort: Literal["reasoning_effort", "reasoning", ""] = "reasoning_effort"
    thinking_back: ThinkingBack = ""
    seals: bool = False
    files: bool = True
    done_ends: bool = False


@dataclass(slots=True, frozen=True)
class ResponsesDialect:
    """How a server speaks Responses.

    Args:
        provider: Whose blocks are sent back: those that carry this name.
        strict: Whether it takes `strict` in tools and schemas.
        encrypted: Whether encrypted thinking is asked for; None asks OpenAI's models that think.
        summary: Which summary of its thoughts is asked for where thinking is set; "" for none (OpenAI shows
            summaries to verified organisations only).
    """

    provider: str = "openai"
    strict: bool = True
    encrypted: bool | None = None
    summary: Literal["auto", "concise", "detailed", ""] = "auto"
