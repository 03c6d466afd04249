"""In what the servers that speak OpenAI's protocols differ from OpenAI. The defaults are OpenAI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ...types.config import Thinking
from .models import Warn

ThinkingBack: TypeAlias = Literal["", "reasoning_content", "reasoning", "reasoning_details", "content"]
Thinks: TypeAlias = Callable[[Thinking | None, str, Warn], dict[str, Any]]
"""Gives the fields of a body for a setting of thinking (None if there is none) and a model."""


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
        images: Whether it reads pictures (not on DeepSeek, which refuses them).
        audio: Whether it takes sound.
        files: Whether it reads documents.
        document_urls: How it takes a document by its address: as the data of a file (OpenRouter), as a part
            of its own (Mistral, which takes the bytes so as well), or not at all.
        seed: Name of the field for the seed.
        thinks: What it is told of thinking, where it has words of its own; `effort` does not matter then.
        thinking_due: Whether calls are refused that come back without thinking, be it empty (DeepSeek).
        forces: Whether a model can be made to call a tool while it thinks (not on DeepSeek).
        short_ids: Whether a call's id has to be nine letters and digits (Mistral).
        bridge: Whether the user may speak only after an answer to the results of tools (Mistral).
        prefix: Whether a beginning of the answer, which is the last message then, has to be marked as such.
        framed: Whether the user has to speak first, and last unless an answer that is begun can be marked.
        schema: Whether it can hold the model to a schema; otherwise JSON is asked for, and the schema is put
            into the system prompt.
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
    images: bool = True
    audio: bool = True
    files: bool = True
    document_urls: Literal["", "file", "document_url"] = ""
    seed: str = "seed"
    thinks: Thinks | None = None
    thinking_due: bool = False
    forces: bool = True
    short_ids: bool = False
    bridge: bool = False
    prefix: bool = False
    framed: bool = False
    schema: bool = True
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
