"""A model that cannot call tools, as one that can. Itself a provider, so nothing else knows.

The tools are described in the system prompt, the calls and results of the conversation are told as text, and
the calls that the model writes become calls. Off unless somebody chooses it: what a model says in words is
less certain than what its service guarantees.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from ...types.blocks import ContentBlock, ProviderBlock, TextBlock, ToolCall, ToolResultBlock, ToolUseBlock
from ...types.config import ModelSettings
from ...types.message import FinishReason, Message
from ...types.native import ProviderTool
from ..base import (
    ModelFacts,
    ModelRequest,
    Provider,
    Secrets,
    check_provider,
    facts_of,
    model_of,
    native_refusal,
    secrets_of,
)
from ..calls import unique_id
from ..chunks import (
    BlockChunk,
    MessageEndChunk,
    StreamChunk,
    StreamResetChunk,
    TextDeltaChunk,
    ToolUseChunk,
)
from ..known.tokens import tokens_of
from ..registry import get_default_registry
from .marks import CallReader, Part, call_text, instructions, result_head

KEPT = 10_000
"""Messages whose text form is kept, so that their bytes are built once."""


def with_text_tools(provider: Provider | str) -> Provider:
    """A provider whose model is told of tools in words, and calls them in words.

    Args:
        provider: A provider, or a "provider:model" of the default registry. Its model need not know tools.
    """
    return SpokenTools(
        get_default_registry().get_provider(provider) if isinstance(provider, str) else provider
    )


class SpokenTools:
    """See `with_text_tools`."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.name: str = provider.name
        self.model: str = model_of(provider)
        self._told: dict[int, tuple[Message, Message]] = {}

    def check_key(self) -> None:
        """Let the provider say that its key is missing."""
        check_provider(self.provider)

    def known_secrets(self) -> Secrets:
        """What lets the provider in."""
        return secrets_of(self.provider)

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model, which can call tools now; its text has to be free for that."""
        facts = facts_of(self.provider, model)
        return replace(facts, tools=True, native_output=False, native_beside_tools=False)

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that its service runs itself, "" if it can."""
        return native_refusal(self.provider, model, tool)

    async def count(self, request: ModelRequest) -> int:
        """Tokens that the model would read."""
        return await tokens_of(self.provider, self._in_words(request))

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Ask in words, and read the calls in the answer."""
        asked = self.provider.open(self._in_words(request))
        async with asked as chunks, aclosing(_answer(chunks, request)) as answer:
            yield answer

    def _in_words(self, request: ModelRequest) -> ModelRequest:
        settings: ModelSettings = {**request.settings}
        choice = settings.pop("tool_choice", "auto")
        settings.pop("parallel_tool_calls", None)
        told = instructions(request.tools, choice) if request.tools and choice != "none" else ""
        return replace(
            request,
            system="\n\n".join(filter(None, [request.system, told])),
            messages=[self._said(message) for message in request.messages],
            tools=(),
            settings=settings,
        )

    def _said(self, message: Message) -> Message:
        """A message without calls and results, the same for the same message; most are as they were."""
        if isinstance(message.content, str):
            return message
        kept = self._told.get(id(message))
        if kept is None:
            if len(self._told) >= KEPT:
                self._told.clear()
            blocks = _in_text(message.content)
            told = message if blocks is None else Message(message.role, blocks)
            kept = self._told[id(message)] = (message, told)  # it is held, so its id is nobody else's
        return kept[1]


def _in_text(blocks: Sequence[ContentBlock]) -> list[ContentBlock] | None:
    """Blocks with calls and results as text; None if there are none in them."""
    if not any(isinstance(block, (ToolUseBlock, ToolResultBlock)) for block in blocks):
        return None
    told: list[ContentBlock] = []
    for block in blocks:
        match block:
            case ToolUseBlock():
                _add(told, TextBlock(call_text(block)))
            case ToolResultBlock():
                _add(told, TextBlock(result_head(block)))
                shown = [TextBlock(block.content)] if isinstance(block.content, str) else block.content
                for each in shown:
                    if not isinstance(each, ProviderBlock):  # its place is within a result
                        _add(told, each)
            case _:
                _add(told, block)
    return told


def _add(told: list[ContentBlock], block: ContentBlock) -> None:
    """Append a block; texts in a row become lines of one."""
    last = told[-1] if told else None
    if isinstance(block, TextBlock) and isinstance(last, TextBlock):
        told[-1] = TextBlock(f"{last.text.removesuffix(chr(10))}\n{block.text}")
    else:
        told.append(block)


async def _answer(chunks: AsyncIterator[StreamChunk], request: ModelRequest) -> AsyncGenerator[StreamChunk]:
    listening = request.settings.get("tool_choice") != "none"
    reader = CallReader(spec.name for spec in request.tools if listening)
    taken = {call.id for message in request.messages for call in message.tool_calls}
    known = len(taken)
    async for chunk in chunks:
        match chunk:
            case TextDeltaChunk():
                parts = reader.feed(chunk.delta)
            case MessageEndChunk():
                parts = reader.end(whole=chunk.finish_reason in (None, "stop", "tool_use"))
            case BlockChunk(block=TextBlock()):
                parts = reader.end(whole=True)
            case StreamResetChunk():
                reader.end(whole=False)
                known, parts = len(taken), []
            case _:
                parts = []
        for part in parts:
            yield _told(part, taken)
        called = len(taken) > known
        if isinstance(chunk, MessageEndChunk):
            yield replace(chunk, finish_reason=_reason(chunk.finish_reason, called=called))
        elif not isinstance(chunk, TextDeltaChunk) and not (called and _completes_text(chunk)):
            yield chunk
    for part in reader.end(whole=False):
        yield _told(part, taken)


def _told(part: Part, taken: set[str]) -> StreamChunk:
    if isinstance(part, str):
        return TextDeltaChunk(part)
    id = unique_id("", taken)
    taken.add(id)
    return ToolUseChunk(ToolCall(id, part.name, part.params, part.arguments))


def _completes_text(chunk: StreamChunk) -> bool:
    """Whether a block would bring the text anew, its calls included."""
    return isinstance(chunk, BlockChunk) and isinstance(chunk.block, TextBlock)


def _reason(reason: FinishReason | None, *, called: bool) -> FinishReason | None:
    return "tool_use" if called and reason in (None, "stop") else reason
