"""One message of a conversation. Its `content` is the truth; everything else is read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

from .blocks import ContentBlock, TextBlock, ToolCall, ToolResultBlock, ToolUseBlock
from .record import Record
from .usage import Usage

Role: TypeAlias = Literal["user", "assistant", "system"]
FinishReason: TypeAlias = Literal[
    "stop", "tool_use", "length", "content_filter", "refusal", "aborted", "error", "pause"
]
BlockT = TypeVar("BlockT")


class _Wired(Record):
    """Room for the bytes that a provider sent a message as, and for what found no secret in it: once each."""

    __slots__ = ("clean", "wire")
    wire: tuple[object, bytes] | None
    clean: object


@dataclass(slots=True, eq=False, repr=False, frozen=True, init=False)
class Message(_Wired):
    """What the user, the model or a tool said.

    A message never changes once it is made: to change a history, put another message in its place.

    Args:
        role: "user" (prompts and tool results), "assistant", or "system" (only in a history that is
            handed in; it is hoisted into the system prompt).
        content: Text, or a list of blocks.
        tool_calls: Calls to append to the content as blocks, for those that are not there yet.
        finish_reason: How an assistant's message ended.
        provider: Name of the provider that answered.
        model: Name of the model that answered.
        usage: What the answer cost.
        metadata: Anything of the program's own; `{"pinned": True}` keeps it from compaction.
    """

    role: Role
    content: str | list[ContentBlock] = ""
    finish_reason: FinishReason | None = None
    provider: str | None = None
    model: str | None = None
    usage: Usage | None = None
    metadata: Mapping[str, Any] | None = None

    def __init__(
        self,
        role: Role,
        content: str | Sequence[ContentBlock] = "",
        tool_calls: Sequence[ToolCall] | None = None,
        *,
        finish_reason: FinishReason | None = None,
        provider: str | None = None,
        model: str | None = None,
        usage: Usage | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "role", role)
        put(self, "content", _with_calls(content, tool_calls) if tool_calls else _as_given(content))
        put(self, "finish_reason", finish_reason)
        put(self, "provider", provider)
        put(self, "model", model)
        put(self, "usage", usage)
        put(self, "metadata", metadata)
        put(self, "wire", None)
        put(self, "clean", None)

    def __post_init__(self) -> None:  # pydantic fills the fields without calling __init__
        object.__setattr__(self, "wire", None)
        object.__setattr__(self, "clean", None)

    def __setstate__(self, state: Sequence[object]) -> None:
        for name, value in zip(self.__dataclass_fields__, state, strict=True):
            object.__setattr__(self, name, value)
        self.__post_init__()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(_with_old_calls, handler(source))

    @property
    def blocks(self) -> list[ContentBlock]:
        """The content as a list of blocks, whichever form it has."""
        if isinstance(self.content, str):
            return [TextBlock(self.content)] if self.content else []
        return self.content

    @property
    def text(self) -> str:
        """All text of the message, joined."""
        if isinstance(self.content, str):
            return self.content
        return "".join(block.text for block in self.content if isinstance(block, TextBlock))

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls in this message, in order."""
        return [
            ToolCall(block.id, block.name, block.input, block.arguments, block.signature)
            for block in self.of(ToolUseBlock)
        ]

    @property
    def tool_results(self) -> list[ToolResultBlock]:
        """The results of calls in this message, in order."""
        return self.of(ToolResultBlock)

    def of(self, kind: type[BlockT]) -> list[BlockT]:
        """The blocks of one kind, in order."""
        if isinstance(self.content, str):
            return []
        return [block for block in self.content if isinstance(block, kind)]


def _with_old_calls(value: Any) -> Any:
    """voxagent 0.1 kept calls beside the content: put them where they belong."""
    data = cast("Mapping[str, Any]", value)
    if not isinstance(value, Mapping) or not data.get("tool_calls"):
        return cast("object", value)
    content: str | list[Any] = data.get("content") or []
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    there = {str(block.get("id")) for block in blocks}
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["name"], "input": call["params"]}
        for call in data["tool_calls"]
        if call["id"] not in there
    ]
    return {**data, "content": [*blocks, *calls]}


def _as_given(content: str | Sequence[ContentBlock]) -> str | list[ContentBlock]:
    return content if isinstance(content, str) else list(content)


def _with_calls(
    content: str | Sequence[ContentBlock], tool_calls: Sequence[ToolCall]
) -> str | list[ContentBlock]:
    blocks = [TextBlock(content)] if isinstance(content, str) and content else list(content)
    there = {block.id for block in blocks if isinstance(block, ToolUseBlock)}
    new = [
        ToolUseBlock(call.id, call.name, call.params, signature=call.signature)
        for call in tool_calls
        if call.id not in there
    ]
    return cast("list[ContentBlock]", [*blocks, *new])
