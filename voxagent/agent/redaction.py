"""Where text enters the history, secrets leave it: once, and then history, events and result agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from ..errors import ConfigError
from ..security.arguments import redacted_arguments
from ..security.failures import redact_error
from ..security.filters import RedactionFilter, StreamFilter
from ..security.registry import MIN_LENGTH, NAMED_PLACEHOLDER, Sealed, SecretRegistry
from ..security.shapes import stands_in
from ..security.values import reveal, with_strings
from ..types.blocks import (
    ContentBlock,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from ..types.message import Message
from .checks import nearest

T = TypeVar("T")

SEALED = ("encrypted", "signature", "thoughtSignature")
"""How names of fields begin that hold what only the provider can read."""
SEALED_DATA = ("reasoning.encrypted", "redacted_thinking")
"""Types of objects whose `data` is such."""


class Redactor:
    """What one run does about secrets; with nothing registered it costs nothing."""

    def __init__(self, registry: SecretRegistry) -> None:
        self.registry: SecretRegistry = registry
        self._filter = RedactionFilter(registry, NAMED_PLACEHOLDER)
        self._flows: dict[str, StreamFilter] = {}

    def learn(self, values: Sequence[tuple[str, str | bytes]]) -> None:
        """These are secrets of the run from here on: what a provider lets itself in by."""
        real = [each for each in values if not stands_in(*each)]
        registry = self.registry.extended(real) if real else self.registry
        if registry is not self.registry:
            self.registry, self._filter = registry, RedactionFilter(registry, NAMED_PLACEHOLDER)

    def text(self, text: str) -> str:
        """The text with placeholders."""
        return self._filter.redact(text) if text else text

    def value(self, value: T) -> T:
        """The value with placeholders in all its strings."""
        return self._filter.redact_value(value)

    def data(self, value: T) -> T:
        """The same, with placeholders for numbers too: of what programs keep beside the conversation."""
        return value if self.registry.empty else with_strings(value, self.text, digits=MIN_LENGTH)

    def messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Messages with placeholders, but in what is sealed; what has no secret in it stays as it is."""
        if self.registry.empty or not messages:
            return messages
        matcher = self.registry.matcher
        return [message if message.clean is matcher else self.message(message) for message in messages]

    def message(self, message: Message) -> Message:
        """A message with placeholders, but in what is sealed."""
        if self.registry.empty:
            return message
        content, metadata = self.content(message.content), self.value(message.metadata)
        if (content is message.content or content == message.content) and metadata is message.metadata:
            object.__setattr__(message, "clean", self.registry.matcher)
            return message
        return replace(message, content=content, metadata=metadata)

    def content(self, content: str | Sequence[ContentBlock]) -> str | list[ContentBlock]:
        """The content of a message or of a tool's result with placeholders, but in what is sealed."""
        return self.text(content) if isinstance(content, str) else [self.block(block) for block in content]

    def block(self, block: ContentBlock) -> ContentBlock:
        """A block with placeholders, but in what is sealed, and in the ids by which calls are known."""
        if self.registry.empty:
            return block
        match block:
            case TextBlock():
                return TextBlock(self.text(block.text), self.provided(block.citations))
            case ThinkingBlock():
                return self.thinking(block, "")
            case ToolUseBlock():
                params, arguments = redacted_arguments(block.input, block.arguments, self._filter)
                return replace(block, input=params, arguments=arguments)
            case ToolResultBlock():
                return replace(block, content=self.content(block.content))
            case ProviderBlock():
                return ProviderBlock(block.provider, self.provided(block.data))
            case UnknownBlock():
                return UnknownBlock(block.type, self.provided(block.data))
            case _:
                return self.value(block)

    def provided(self, value: Any) -> Any:
        """A provider's own JSON value with placeholders, but in what is sealed.

        No secret can be read there, and what only looks like one must go back as it came.
        """
        if self.registry.empty:
            return value
        match value:
            case dict():
                fields = cast("dict[str, Any]", value)
                sealed = (*SEALED, "data") if fields.get("type") in SEALED_DATA else SEALED
                return {
                    self.text(name): item if name.startswith(sealed) else self.provided(item)
                    for name, item in fields.items()
                }
            case list() | tuple():
                items = [self.provided(item) for item in cast("Sequence[Any]", value)]
                return items if isinstance(value, list) else tuple(items)
            case _:
                return self.value(value)

    def error(self, error: BaseException) -> BaseException:
        """The error, secrets taken out of its texts, and out of those that caused it."""
        return error if self.registry.empty else redact_error(error, self._filter)

    def revealed(self, value: T, tool: str, names: Sequence[str]) -> T:
        """The value with the real ones in place of these placeholders: for the function of a tool only.

        Raises:
            ConfigError: There is no secret of such a name.
        """
        if not names:
            return value
        self.check_names(tool, names)
        return reveal(value, names, self.registry)

    def check_names(self, tool: str, names: Iterable[str]) -> None:
        """Raise `ConfigError` if a tool declares a secret that this run does not have."""
        for name in names:
            if self.registry.value_of(name) is None:
                known = nearest(name, self.registry.names) if self.registry.names else "it has none"
                raise ConfigError(
                    f"tool {tool!r} declares the secret {name!r}, which this run lacks: {known}"
                )

    def stream(self) -> StreamFilter | None:
        """A filter for one stream of text, None if nothing is registered."""
        if self.registry.empty:
            return None
        return StreamFilter(self.registry, placeholder=NAMED_PLACEHOLDER)

    def delta(self, call_id: str, delta: str, kind: type[StreamFilter] = StreamFilter) -> str:
        """What may be shown of the next piece of a call's arguments, or of what its tool tells."""
        if self.registry.empty:
            return delta
        found = self._flows.get(call_id)
        if found is None:
            found = self._flows[call_id] = kind(self.registry, placeholder=NAMED_PLACEHOLDER)
        return found.process_chunk(delta)

    def rest(self, call_id: str) -> str:
        """What was held back of them, once they are complete."""
        found = self._flows.pop(call_id, None)
        return "" if found is None else found.flush()

    def forget(self) -> None:
        """The calls that were being written are void."""
        self._flows.clear()

    def call(self, call: ToolCall) -> ToolCall:
        """The call with placeholders."""
        if self.registry.empty:
            return call
        params, arguments = redacted_arguments(call.params, call.arguments, self._filter)
        return ToolCall(call.id, call.name, params, arguments, call.signature)

    def thinking(self, block: ThinkingBlock, shown: str) -> ThinkingBlock:
        """The block with placeholders; one that had to be changed loses its seal, which no longer fits."""
        if not block.text:
            return replace(block, text=shown)
        text = shown or self.text(block.text)
        return (
            block if text == block.text or self.registry.empty else replace(block, text=text, signature=None)
        )


def registry_of(patterns: str | Sequence[str], values: Mapping[str, str | Sealed]) -> SecretRegistry:
    """A registry with an agent's secrets; `"default"` is the patterns of well-known services."""
    if not isinstance(cast(object, values), Mapping):
        raise ConfigError(
            f"secrets_to_redact is of type {type(values).__name__}: give a dict of names and values"
        )
    if not isinstance(cast(object, patterns), Iterable):
        raise ConfigError(f"secret_patterns is of type {type(patterns).__name__}: give a list of expressions")
    registry = SecretRegistry()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if pattern == "default":
            registry.register_defaults()
        else:
            registry.register_pattern(pattern)
    for name, value in values.items():
        registry.register_value(name, value)
    return registry
