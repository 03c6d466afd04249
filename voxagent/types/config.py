"""What is asked of a model and of a run, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from typing_extensions import TypedDict

from ..errors import ConfigError, InvalidModelStringError
from .policy import ToolPolicy
from .record import Record, frozen, record

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Thinking: TypeAlias = Literal["off", "low", "medium", "high"] | int
ToolChoice: TypeAlias = Literal["auto", "required", "none"] | str


class ModelSettings(TypedDict, total=False):
    """How a model shall answer; what a model does not take is dropped with one warning.

    `thinking` is a level or a budget in tokens. `timeout` (one request) and `idle_timeout` (between two
    pieces of content) are seconds. `tool_choice` is "auto", "required", "none" or a tool's name. `cache` is
    whether, and at least how long, the service keeps what it has read, so that to read it again costs less.
    """

    temperature: float
    max_tokens: int
    top_p: float
    stop: Sequence[str]
    seed: int
    tool_choice: ToolChoice
    parallel_tool_calls: bool
    thinking: Thinking
    cache: bool | Literal["5m", "1h"]
    timeout: float
    idle_timeout: float
    extra_body: Mapping[str, Any]
    extra_headers: Mapping[str, str]


@frozen
class ModelConfig(Record):
    """Which model, and the two settings that voxagent 0.1 had.

    >>> ModelConfig.from_string("ollama:llama3.2:latest").model
    'llama3.2:latest'
    """

    provider: str
    model: str
    temperature: float | None = None
    max_tokens: int | None = None

    @classmethod
    def from_string(cls, text: str) -> Self:
        """The parts of "provider:model", split at the first colon; the provider in lower case."""
        provider, colon, model = text.partition(":")
        provider, model = provider.strip().lower(), model.strip()
        if not (colon and provider and model):
            raise InvalidModelStringError(
                f"model string {text!r} is not of the form 'provider:model', such as 'openai:gpt-5'"
            )
        return cls(provider, model)

    def to_string(self) -> str:
        """The "provider:model" that this was made from."""
        return f"{self.provider}:{self.model}"


@frozen
class ToolSpec(Record):
    """What a model is told of a tool.

    Args:
        name: What the model calls it.
        description: What it is for.
        parameters: JSON Schema of its arguments, an object.
        strict: Whether the provider shall hold the model to the schema; None leaves it to the provider.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    strict: bool | None = None

    def to_openai_schema(self) -> dict[str, Any]:
        """The form that OpenAI's Chat Completions take."""
        told = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": told}

    def to_anthropic_schema(self) -> dict[str, Any]:
        """The form that Anthropic's Messages take."""
        schema = dict(self.parameters)
        return {"name": self.name, "description": self.description, "input_schema": schema}


@frozen
class OutputSpec(Record):
    """The JSON Schema that the model's text shall follow, where the provider can hold it to one."""

    name: str
    schema: Mapping[str, Any]
    description: str = ""


@record
class AgentConfig(Record):
    """Limits of a run, as voxagent 0.1 named them: model requests, and tokens of context."""

    max_turns: int = 50
    context_limit: int = 100_000


class _StaysHere:
    """A living object leaves as nothing: it cannot travel."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        nothing = core_schema.plain_serializer_function_ser_schema(lambda value: None)
        return core_schema.any_schema(serialization=nothing)


@record
class RunParams(Record):
    """A run's parameters as data: `agent.run_params(params)` runs it.

    `workspace_dir` and `channel` are the program's own: tools and hooks read them in `ctx.metadata`, and
    the result carries them in `metadata`. `abort_signal` is an `AbortSignal`; it is left out of a dump.
    """

    session_key: str | None = None
    prompt: str = ""
    model: str | None = None
    config: AgentConfig = field(default_factory=AgentConfig)
    timeout_ms: int | None = None
    workspace_dir: str | None = None
    abort_signal: Annotated[object | None, _StaysHere()] = None
    channel: str | None = None
    policies: list[ToolPolicy] = field(default_factory=list[ToolPolicy])

    def __post_init__(self) -> None:
        if self.timeout_ms is not None and self.timeout_ms <= 0:
            raise ConfigError(f"timeout_ms={self.timeout_ms!r} is not a positive number of milliseconds")
