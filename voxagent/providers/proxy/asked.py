"""A request as it travels to the proxy: what the model is asked, and nothing else of the program.

A message's metadata and usage stay where they are. Headers for one request (`extra_headers`) are for the
proxy itself and go no further.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from ...errors import ConfigError
from ...types.config import ModelSettings, OutputSpec, ToolSpec
from ...types.message import Message
from ...types.native import CodeExecution, FileSearch, NativeTool, ProviderTool, WebSearch
from ...types.record import Record, frozen
from ..base import ModelRequest

NATIVE: Mapping[str, type[ProviderTool]] = {
    "web_search": WebSearch,
    "code_execution": CodeExecution,
    "file_search": FileSearch,
    "native": NativeTool,
}
NAMES: Mapping[type[ProviderTool], str] = {kind: name for name, kind in NATIVE.items()}


@frozen
class NamedTool(Record):
    """A tool that the model's provider runs, by its kind and its fields."""

    kind: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, tool: ProviderTool) -> NamedTool:
        """A tool, named."""
        return cls(NAMES[type(tool)], tool.model_dump())

    def tool(self) -> ProviderTool:
        """The tool again; raises `ConfigError` for a kind that this version does not know."""
        kind = NATIVE.get(self.kind)
        if kind is None:
            raise ConfigError(f"native tool {self.kind!r}: one of {', '.join(NATIVE)} is expected")
        return kind.model_validate(self.options)


@frozen
class Asked(Record):
    """A request, as the server reads it.

    Args:
        model: The upstream model, such as "openai:gpt-5".
        messages: The conversation.
        system: The system prompt.
        tools: The tools that the model may call.
        output: The schema that its text shall follow.
        settings: How it shall answer.
        native_tools: Tools that the model's provider runs.
        seconds: How long the client will wait; None for no limit.
    """

    model: str
    messages: list[Message]
    system: str = ""
    tools: list[ToolSpec] = field(default_factory=list[ToolSpec])
    output: OutputSpec | None = None
    settings: ModelSettings = field(default_factory=ModelSettings)
    native_tools: list[NamedTool] = field(default_factory=list[NamedTool])
    seconds: float | None = None

    def request(self, model: str) -> ModelRequest:
        """The request to the provider, for a model by the provider's own name."""
        return ModelRequest(
            model=model,
            messages=self.messages,
            system=self.system,
            tools=self.tools,
            output=self.output,
            settings=self.settings,
            native_tools=[each.tool() for each in self.native_tools],
            deadline=None if self.seconds is None else time.monotonic() + self.seconds,
        )


def head_of(request: ModelRequest) -> dict[str, Any]:
    """Everything of a request but its messages and tools."""
    settings = {name: value for name, value in request.settings.items() if name != "extra_headers"}
    head: dict[str, Any] = {"model": request.model, "system": request.system, "settings": settings}
    if request.output is not None:
        head["output"] = request.output.model_dump()
    if request.native_tools:
        head["native_tools"] = [NamedTool.of(each).model_dump() for each in request.native_tools]
    if request.deadline is not None:
        head["seconds"] = request.deadline - time.monotonic()
    return head


def told_message(message: Message) -> Sequence[dict[str, Any]]:
    """A message as it is sent."""
    sent = Message(
        message.role,
        message.content,
        finish_reason=message.finish_reason,
        provider=message.provider,
        model=message.model,
    )
    return [sent.model_dump(mode="python")]
