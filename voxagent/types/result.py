"""What a run gives back, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, cast

from typing_extensions import TypeVar

from ..errors import NoOutputError, ProviderError, RunError, VoxAgentError
from .approval import ApprovalRequest
from .blocks import ToolCall
from .message import FinishReason, Message
from .record import Record, adapter, frozen, record
from .usage import Usage

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

OutputT = TypeVar("OutputT", covariant=True, default=Any)


@frozen
class ToolMeta(Record):
    """How one tool call went; `metadata` is what the tool returned for the program only."""

    tool_name: str
    tool_call_id: str
    execution_time_ms: float
    success: bool
    error: str | None = None
    metadata: Any = None


@frozen
class ErrorInfo(Record):
    """An error as data: what a loaded result has in its place."""

    type: str
    message: str
    kind: str = "error"
    retryable: bool = False
    provider: str = ""

    @classmethod
    def of(cls, error: BaseException) -> ErrorInfo:
        """The facts of an exception."""
        if not isinstance(error, VoxAgentError):
            return cls(type(error).__name__, str(error))
        provider = error.provider if isinstance(error, ProviderError) else ""
        return cls(type(error).__name__, error.message, error.kind, error.retryable, provider)


class _AsInfo:
    """Errors leave as `ErrorInfo` and come back as one."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _error_or_info,
            serialization=core_schema.plain_serializer_function_ser_schema(
                _told, return_schema=handler.generate_schema(ErrorInfo | None)
            ),
        )


def _error_or_info(value: object) -> BaseException | ErrorInfo | None:
    if value is None or isinstance(value, (BaseException, ErrorInfo)):
        return value
    return ErrorInfo.model_validate(cast("Mapping[str, Any]", value))


def _told(error: BaseException | ErrorInfo | None) -> ErrorInfo | None:
    return ErrorInfo.of(error) if isinstance(error, BaseException) else error


Failure: TypeAlias = Annotated[Exception | ErrorInfo, _AsInfo()]


class _AnyOutput:
    """An output leaves as plain JSON, whatever it is, and comes back as plain JSON."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.any_schema(serialization=core_schema.plain_serializer_function_ser_schema(_plain))


def _plain(value: object) -> object:
    return adapter(object).dump_python(value, mode="json", fallback=repr)


@frozen
class Attempt(Record):
    """One try of one model: who was asked (by which credential), how it ended, its seconds and usage."""

    provider: str
    model: str
    reason: str | None = None
    error: str | None = None
    duration: float = 0.0
    usage: Usage = field(default_factory=Usage)
    profile: str | None = None


@record
class RunResult(Record, Generic[OutputT]):
    """Everything that a run did, and its output if it got that far.

    `output` raises the run's typed error where there is none. A result dumps to JSON and loads again;
    the output of a loaded result is plain JSON and its error an `ErrorInfo`.

    Args:
        messages: The history handed in or loaded, and what this run added.
        assistant_texts: The text of each answer of the model, empty ones left out.
        tool_metas: One per executed tool call, in the order of the calls.
        aborted: Whether the run was aborted.
        timed_out: Whether the run's time was up.
        error: What ended the run, if it failed.
        new_messages: What this run added.
        usage: What this run used, its sub-agents included.
        iterations: Model answers.
        attempts: Every try of every model, in order.
        pending: Calls that wait for approval; see `Agent.run(approvals=...)`.
        has_output: Whether there is an output to read.
        value: The output; `output` reads it with its type.
    """

    messages: list[Message]
    assistant_texts: list[str] = field(default_factory=list[str])
    tool_metas: list[ToolMeta] = field(default_factory=list[ToolMeta])
    aborted: bool = False
    timed_out: bool = False
    error: Failure | None = None
    new_messages: list[Message] = field(default_factory=list[Message])
    usage: Usage = field(default_factory=Usage)
    run_id: str = ""
    provider: str = ""
    model: str = ""
    iterations: int = 0
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    finish_reason: FinishReason | None = None
    truncated: bool = False
    pending: list[ApprovalRequest] = field(default_factory=list[ApprovalRequest])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    has_output: bool = False
    value: Annotated[Any, _AnyOutput()] = field(default=None, kw_only=True)

    @property
    def output(self) -> OutputT:
        """The validated output; raises the run's error if it failed, `NoOutputError` if it has none."""
        self.raise_for_error()
        if not self.has_output:
            raise NoOutputError(f"run {self.run_id!r} has no output: {self._why_none()}")
        return cast("OutputT", self.value)

    def _why_none(self) -> str:
        if self.pending:
            return f"{len(self.pending)} tool calls wait for approval"
        return "it picked a tool only (routing_only=True)" if self.tool_calls else "the model gave none"

    @property
    def ok(self) -> bool:
        """Whether the run ended without an error."""
        return self.error is None

    def raise_for_error(self) -> None:
        """Raise what ended the run, if it failed."""
        if isinstance(self.error, ErrorInfo):
            raise RunError(f"{self.error.type}: {self.error.message}")
        if self.error is not None:
            raise self.error

    @property
    def tool_calls(self) -> list[ToolCall]:
        """Every tool call of this run, in order."""
        return [call for message in self.new_messages for call in message.tool_calls]

    @property
    def tool_name(self) -> str | None:
        """Name of the last tool that was called."""
        calls = self.tool_calls
        return calls[-1].name if calls else None

    @property
    def tool_args(self) -> dict[str, Any] | None:
        """Arguments of the last tool call."""
        calls = self.tool_calls
        return calls[-1].params if calls else None
