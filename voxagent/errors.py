"""Everything that voxagent raises, in one tree: whose fault is it, and may another try help?

    VoxAgentError
    ├── ConfigError                     fix the program (also a ValueError)
    │   ├── InvalidModelStringError     "provider:model" is expected
    │   ├── ProviderNotFoundError       no provider of that name is registered
    │   ├── CLINotFoundError            the program of a command-line agent is not installed
    │   ├── ToolAlreadyRegisteredError  two tools of one name
    │   └── ToolNotFoundError           no tool of that name
    ├── ProviderError                   the model's service failed; another try or target may help
    │   ├── AuthenticationError         401: the key is missing, wrong or expired
    │   ├── PermissionDeniedError       403: the key may not do this
    │   ├── ModelNotFoundError          404: no such model or address
    │   ├── BadRequestError             400, 422: the service refuses the request as it is
    │   │   └── ContextLengthError      the conversation is longer than the model's window
    │   ├── ContentFilterError          the service's filter stopped the prompt or the answer
    │   ├── RateLimitError              429: too many requests; `retry_after` says when
    │   │   └── QuotaError              429 as well, but waiting does not help: the budget is spent
    │   ├── OverloadedError             529, 503: the service has too much to do
    │   ├── ServerError                 5xx: the service broke
    │   ├── ProviderConnectionError     nobody answered, or the connection broke
    │   │   └── StreamTruncatedError    the answer ended without its end mark
    │   ├── ProviderTimeoutError        no headers, no content or no end within the time given
    │   ├── FailoverError               a failure that says by its `reason` what failover makes of it
    │   ├── FailoverExhaustedError      every credential that could be tried failed
    │   ├── NoProfilesAvailableError    every credential, or model, is to be left alone for now
    │   └── MalformedAnswerError        the answer cannot be read
    │       └── EmptyAnswerError        the model answered with nothing, twice
    ├── RunError                        this run is over; its result keeps what was done
    │   ├── RunAbortedError             somebody aborted it
    │   ├── RunTimeoutError             its time is up
    │   ├── UsageLimitError             its budget is spent
    │   ├── OutputError                 the model's output did not validate in the tries it had
    │   ├── AnswerCutError              the model ran into its output limit within a tool call
    │   ├── ToolRetryError              a tool's arguments were wrong once too often
    │   ├── ToolFailedError             a tool raised, and `tool_errors="raise"`
    │   ├── CallbackError               a hook, guardrail, validator or instruction of the program raised
    │   ├── RefusedError                a guardrail, a hook or the model itself refused
    │   ├── MaxDepthExceededError       sub-agents nested too deep
    │   └── NoOutputError               the run ended well, but without an output (routing, pending calls)
    ├── SessionError                    a stored conversation
    │   ├── SessionConflict             somebody else has written to it meanwhile
    │   └── LockTimeoutError            somebody else held its lock too long
    ├── ToolsetError                    a toolset, such as an MCP server, cannot be reached
    │   ├── ToolsetTimeoutError         it did not open in the time it had
    │   ├── ToolsetAuthError            it does not let us in: credentials are missing, wrong or expired
    │   └── ToolsChangedError           its tools are not those that were accepted
    ├── ModelRetry                      raise it in a tool or validator: the model shall try again
    ├── ToolError                       raise it in a tool: the model reads the message as it is
    └── AbortError                      raised in a tool by `ctx.check_abort()`

Every one of them survives pickling, and none carries a key.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class VoxAgentError(Exception):
    """The root: `except VoxAgentError` catches whatever voxagent raises."""

    kind: str = "error"
    retryable: bool = False

    def __init_subclass__(cls, *, kind: str | None = None, retryable: bool | None = None) -> None:
        super().__init_subclass__()
        cls.kind = cls.kind if kind is None else kind
        cls.retryable = cls.retryable if retryable is None else retryable

    @property
    def message(self) -> str:
        """The text alone."""
        return str(self.args[0]) if self.args else ""


def said_by(error: BaseException) -> str:
    """What an exception says; nothing, if it cannot even be shown."""
    try:
        return str(error)
    except Exception:  # an exception may fail to say what it is
        return ""


class ConfigError(VoxAgentError, ValueError, kind="config"):
    """The program asks for something that cannot be; no retry helps."""


class InvalidModelStringError(ConfigError):
    """A model string is not "provider:model"."""


class ProviderNotFoundError(ConfigError):
    """No provider of that name is registered."""


class CLINotFoundError(ConfigError):
    """The program that a provider runs is not installed, or not where it was looked for."""


class ToolAlreadyRegisteredError(ConfigError):
    """Two tools have one name."""


class ToolNotFoundError(ConfigError):
    """No tool of that name is there."""


class ProviderError(VoxAgentError, kind="provider"):
    """The service that runs the model failed.

    Args:
        message: What was wrong, in one sentence.
        provider: Name of the provider, "" if it is not known.
        model: Name of the model, "" if it is not known.
        status: HTTP status, if there was an answer.
        request_id: The service's own id of the request, to be quoted to its support.
        retry_after: Seconds after which the service wants to be asked again.
        received: Text that had arrived when it happened.
        retryable: Overrides the kind's own answer to "may another try help?".
    """

    def __init__(
        self,
        message: str = "the provider failed",
        *,
        provider: str = "",
        model: str = "",
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        received: str = "",
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.model = model
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.received = received
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        named = ":".join(part for part in (self.provider, self.model) if part)
        facts = [f"status {self.status}" if self.status is not None else "", self.request_id or ""]
        told = ", ".join(fact for fact in facts if fact)
        return f"{named + ': ' if named else ''}{self.message}{f' ({told})' if told else ''}"


class AuthenticationError(ProviderError, kind="authentication"):
    """The key is missing, wrong or expired."""


class PermissionDeniedError(ProviderError, kind="permission"):
    """The key is known, and may not do this."""


class ModelNotFoundError(ProviderError, kind="not_found"):
    """The service knows no such model or address."""


class BadRequestError(ProviderError, kind="bad_request"):
    """The service refuses the request as it is."""


class ContextLengthError(BadRequestError, kind="context_length"):
    """The conversation is longer than the model's window."""


class ContentFilterError(ProviderError, kind="content_filter"):
    """The service's filter stopped the prompt or the answer; asking again gives the same."""


class RateLimitError(ProviderError, kind="rate_limit", retryable=True):
    """Too many requests or tokens in too short a time."""


class QuotaError(RateLimitError, kind="quota", retryable=False):
    """The account's budget is spent; waiting does not help."""


class OverloadedError(ProviderError, kind="overloaded", retryable=True):
    """The service has more to do than it can."""


class ServerError(ProviderError, kind="server", retryable=True):
    """The service broke."""


class ProviderConnectionError(ProviderError, kind="connection", retryable=True):
    """Nobody answered, or the connection broke."""


class StreamTruncatedError(ProviderConnectionError, kind="truncated"):
    """The answer ended without the mark that its protocol ends with, so it is no answer."""


class ProviderTimeoutError(ProviderError, kind="timeout", retryable=True):
    """No headers, no content or no end came within the time given."""


class FailoverReason(StrEnum):
    """Why another target is asked, or would be."""

    AUTH_ERROR = "auth_error"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    CONTEXT_OVERFLOW = "context_overflow"
    MODEL_ERROR = "model_error"
    BAD_REQUEST = "bad_request"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"


class FailoverError(ProviderError, kind="failover"):
    """A failure that says by its reason what failover makes of it."""

    def __init__(
        self, reason: FailoverReason, message: str = "", *, retry_after: float | None = None
    ) -> None:
        again = (FailoverReason.RATE_LIMIT, FailoverReason.TIMEOUT, FailoverReason.MODEL_ERROR)
        super().__init__(message, retry_after=retry_after, retryable=reason in again)
        self.reason: FailoverReason = FailoverReason(reason)
        self.args: tuple[Any, ...] = (self.reason, message)

    @property
    def message(self) -> str:
        """The text alone."""
        return str(self.args[1])


class FailoverExhaustedError(ProviderError, kind="exhausted"):
    """Every credential that could be tried failed; the last failure is the cause."""


class NoProfilesAvailableError(ProviderError, kind="no_profiles", retryable=True):
    """Every credential, or model, is to be left alone for now; `retry_after` says for how long."""


class MalformedAnswerError(ProviderError, kind="malformed", retryable=True):
    """The answer cannot be read."""


class EmptyAnswerError(MalformedAnswerError, kind="empty"):
    """The model answered with nothing, and did so again when it was asked once more."""


class RunError(VoxAgentError, kind="run"):
    """This run is over; its result keeps every message up to here."""


class RunAbortedError(RunError, kind="aborted"):
    """The run was aborted from outside."""


class RunTimeoutError(RunError, kind="timed_out"):
    """The run's time is up."""


class UsageLimitError(RunError, kind="usage_limit"):
    """The run's budget of requests, tool calls, tokens or money is spent."""


class OutputError(RunError, kind="output"):
    """The model's output did not validate in the tries it had."""


class AnswerCutError(RunError, kind="answer_cut"):
    """The model's answer was cut within a tool call, which is therefore not executed."""


class ToolRetryError(RunError, kind="tool_retries"):
    """The model got a tool's name or arguments wrong once more than `retries` allows."""


class ToolFailedError(RunError, kind="tool"):
    """A tool raised, and the agent has `tool_errors="raise"`; the exception is the cause."""


class CallbackError(RunError, kind="callback"):
    """A hook, guardrail, validator or instruction of the program raised; the exception is the cause."""


class RefusedError(RunError, kind="refused"):
    """A guardrail, a hook or the model itself refused; the message is the reason."""


class MaxDepthExceededError(RunError, kind="max_depth"):
    """Sub-agents are nested deeper than `max_sub_agent_depth` allows."""

    def __init__(self, depth: int, max_depth: int) -> None:
        super().__init__(depth, max_depth)
        self.depth = depth
        self.max_depth = max_depth

    @property
    def message(self) -> str:
        """The text alone."""
        return f"sub-agents nested {self.depth} deep, at most {self.max_depth} are allowed"

    def __str__(self) -> str:
        return self.message


class NoOutputError(RunError, kind="no_output"):
    """The run ended as it should, but there is no output to read."""


class SessionError(VoxAgentError, kind="session"):
    """A stored conversation cannot be used."""


class SessionConflict(SessionError, kind="session_conflict", retryable=True):
    """Somebody else has written to the session since it was read; nothing was overwritten."""


class LockTimeoutError(SessionError, TimeoutError, kind="lock_timeout", retryable=True):
    """Another run held the session's lock for longer than this one would wait."""


class ToolsetError(VoxAgentError, kind="toolset", retryable=True):
    """A toolset, such as an MCP server, cannot be reached or has failed."""


class ToolsetTimeoutError(ToolsetError, TimeoutError, kind="toolset_timeout"):
    """A toolset did not open in the time it had."""


class ToolsetAuthError(ToolsetError, kind="toolset_auth", retryable=False):
    """A toolset, such as an MCP server, does not let us in: credentials are missing, wrong or expired."""


class ToolsChangedError(ToolsetError, kind="tools_changed", retryable=False):
    """A toolset's tools are not those that were accepted."""


class ModelRetry(VoxAgentError, kind="model_retry"):
    """Raise it in a tool or an output validator: the model reads the message and tries again."""


class ToolError(VoxAgentError, kind="tool_error"):
    """Raise it in a tool to tell the model, in these very words, that the tool could not do it."""


class AbortError(VoxAgentError, kind="abort"):
    """The run of this tool was aborted; raised by `ctx.check_abort()`."""
