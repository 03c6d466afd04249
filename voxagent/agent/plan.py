"""What an agent was made with, checked once and never changed; and what one run is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from typing_extensions import TypedDict

from ..abort import AbortSignal
from ..errors import ConfigError
from ..providers.base import Provider, model_of
from ..providers.registry import ProviderRegistry, chained, get_default_registry
from ..security.registry import Sealed
from ..session.storage import SessionStorage
from ..tools.definition import ToolDefinition
from ..tools.toolset import Toolset
from ..types.approval import Approval
from ..types.config import ModelConfig, ModelSettings
from ..types.message import Message
from ..types.native import ProviderTool
from ..types.policy import ToolPolicy
from ..types.usage import UsageLimits
from .checks import Kind, check_each, check_kinds, check_settings, is_native_tool, is_toolset, nearest
from .hooks import Approver, Guardrail, Hooks
from .output import OutputMode
from .sink import Observer
from .toolbox import Toolbox

if TYPE_CHECKING:
    from ..providers.failover.policy import FailoverPolicy
    from ..session.compaction import CompactionPolicy

CANCEL_GRACE = 5.0

Model: TypeAlias = str | Provider
Models: TypeAlias = Model | Sequence[Model]


class AgentOptions(TypedDict, total=False, closed=True):
    """What an `Agent` may be told besides model, types and tools.

    Args (all optional):
        name: What the agent is called in paths, logs, and as a tool.
        description: What it is for, told to an agent that has it as a tool.
        system_prompt: What the model is told ahead of the conversation.
        retries: How often a tool's wrong arguments go back to the model, in a row; 1 by default.
        result_retries: How often an output that does not validate goes back; 1 by default.
        output_mode: "tool", "native", "prompted", or "auto" (by what the model can do).
        settings: Settings of every request.
        limits: What a run may use; 50 requests by default.
        observers: Functions that see every event.
        policies: Layers of allowed and denied tools.
        approve: Is asked about every tool call that needs approval; a plain function may block.
        native_tools: Tools that the provider runs itself, such as `WebSearch()`.
        tool_errors: Whether a tool's exception is told to the "model" (default) or ends the run ("raise").
        parallel_tools: Whether the calls of one answer run together; True by default.
        max_parallel_tools: How many at a time; 16 by default.
        cancel_grace: Seconds a cancelled tool gets before it is left behind; 5 by default.
        watchdog: Seconds that an async tool may block the event loop until an event names it; off by default.
        secret_patterns: Regular expressions of what must not be shown; "default" for well-known keys.
        secrets_to_redact: Values that must not be shown, by name.
        session_storage: Where sessions are kept: a store, or a URL such as "sqlite:///chat.db"; by default in
            memory, with the agent.
        session_lock: What a run does whose session is in use: wait in the "queue" (default), or be refused
            ("reject") with `SessionConflict`.
        registry: Where providers are looked up; the process's registry by default.
        failover: When and how the next of several models, or credentials, is asked.
        compaction: When a history is made shorter that comes near the model's window, and how; None for
            never.
    """

    name: str | None
    description: str | None
    system_prompt: str | None
    retries: int
    result_retries: int
    output_mode: OutputMode
    settings: ModelSettings
    limits: UsageLimits
    observers: Sequence[Observer]
    policies: Sequence[ToolPolicy]
    approve: Approver | None
    native_tools: Sequence[ProviderTool]
    tool_errors: Literal["model", "raise"]
    parallel_tools: bool
    max_parallel_tools: int
    cancel_grace: float
    watchdog: float | None
    secret_patterns: str | Sequence[str]
    secrets_to_redact: Mapping[str, str | Sealed]
    session_storage: SessionStorage | str | None
    session_lock: Literal["queue", "reject"]
    registry: ProviderRegistry
    failover: FailoverPolicy | None
    compaction: CompactionPolicy | None


class RunOptions(TypedDict, total=False, closed=True):
    """What one run may be told besides prompt, deps and output type.

    Args (all optional):
        model: Another model, or several.
        settings: Settings on top of the agent's.
        limits: Instead of the agent's.
        toolsets: More toolsets.
        message_history: The conversation so far.
        session_key: The stored conversation to continue.
        timeout_ms: Milliseconds for everything, from opening toolsets to the last tool.
        abort_signal: What may stop the run.
        routing_only: Let the model pick a tool and its arguments, and execute nothing.
        native_tools: More tools that the provider runs itself.
        metadata: Anything of the program's own; in the contexts and in the result.
        policies: More layers of allowed and denied tools.
        approvals: Answers to the calls that a run before left `pending`, by call id: True, `Approve(...)`
            or `Deny(...)`. With them the prompt is None, and the history is continued.
        resume: Whether to take up what an earlier run of the session left, because it was stopped or the
            program ended; the prompt is None. See `Agent.resume`.
    """

    model: Models
    settings: ModelSettings
    limits: UsageLimits
    toolsets: Sequence[Toolset[Any]]
    message_history: Sequence[Message]
    session_key: str | None
    timeout_ms: float | None
    abort_signal: AbortSignal | None
    routing_only: bool
    native_tools: Sequence[ProviderTool]
    metadata: Mapping[str, Any]
    policies: Sequence[ToolPolicy]
    approvals: Mapping[str, Approval] | None
    resume: bool


AGENT_KINDS: dict[str, Kind] = {
    "name": str,
    "description": str,
    "system_prompt": str,
    "limits": UsageLimits,
    "registry": ProviderRegistry,
}


@dataclass(slots=True, frozen=True, eq=False)
class Plan:
    """An agent's configuration. Instructions, validators and tools are lists that decorators add to."""

    models: tuple[Model, ...]
    deps_type: Any = NoneType
    output_type: Any = str
    tools: list[ToolDefinition[Any]] = field(default_factory=list[ToolDefinition[Any]])
    toolsets: tuple[Toolset[Any], ...] = ()
    max_depth: int = 5
    hooks: tuple[Hooks[Any], ...] = ()
    guardrails: tuple[Guardrail[Any], ...] = ()
    options: AgentOptions = field(default_factory=AgentOptions)
    instructions: list[Callable[..., Any]] = field(default_factory=list[Callable[..., Any]])
    validators: list[Callable[..., Any]] = field(default_factory=list[Callable[..., Any]])
    observers: list[Observer] = field(default_factory=list[Observer])
    boxes: dict[int, Toolbox] = field(default_factory=dict[int, Toolbox])

    def __post_init__(self) -> None:
        options = self.options
        check_kinds(options, AGENT_KINDS)
        check_settings(options.get("settings", {}))
        check_each("hooks", self.hooks, Hooks, "Hooks")
        check_each("guardrails", self.guardrails, Guardrail, "Guardrail")
        check_each("toolsets", self.toolsets, is_toolset, "toolset")
        check_each("observers", options.get("observers", ()), callable, "function")
        check_each("approve", [options.get("approve") or callable], callable, "function")
        policy = options.get("failover")
        if policy is not None and not hasattr(policy, "after_first_delta"):  # its class is loaded on demand
            raise ConfigError(f"failover={policy!r} is not of type FailoverPolicy")
        shorter = options.get("compaction")
        if shorter is not None and not hasattr(shorter, "shrink_to"):
            raise ConfigError(f"compaction={shorter!r} is not of type CompactionPolicy")
        check_each("policies", options.get("policies", ()), ToolPolicy, "ToolPolicy")
        check_each("native_tools", options.get("native_tools", ()), is_native_tool, "tool of a provider")
        counts = {
            "retries": options.get("retries", 0),
            "result_retries": options.get("result_retries", 0),
            "max_sub_agent_depth": self.max_depth,
            "cancel_grace": options.get("cancel_grace", 0.0),
            "watchdog": options.get("watchdog") or 0.0,
        }
        check_kinds(counts, dict.fromkeys(counts, (int, float)))
        for name, value in counts.items():
            if value < 0:
                raise ConfigError(f"{name}={value!r} is negative")
        if options.get("max_parallel_tools", 1) < 1:
            raise ConfigError(
                f"max_parallel_tools={options.get('max_parallel_tools')!r}: at least 1 is needed"
            )
        if options.get("tool_errors", "model") not in ("model", "raise"):
            raise ConfigError(f"tool_errors={options.get('tool_errors')!r}: 'model' or 'raise' is expected")
        if options.get("session_lock", "queue") not in ("queue", "reject"):
            raise ConfigError(
                f"session_lock={options.get('session_lock')!r}: 'queue' or 'reject' is expected"
            )

    def box(self) -> Toolbox:
        """The agent's own tools, put together once."""
        count = len(self.tools)
        found = self.boxes.get(count)
        if found is None:
            found = self.boxes[count] = Toolbox(self.tools)
        return found

    @property
    def registry(self) -> ProviderRegistry:
        """Where providers are looked up."""
        return self.options.get("registry") or get_default_registry()

    @property
    def limit(self) -> int:
        """How many tools run at a time."""
        return self.options.get("max_parallel_tools", 16) if self.options.get("parallel_tools", True) else 1


def check_names(options: Mapping[str, Any]) -> None:
    """Refuse options that no agent has."""
    for name in options:
        if name in ModelSettings.__annotations__:
            raise ConfigError(f"Agent takes no {name!r}: it is a setting, settings={{{name!r}: ...}}")
        if name not in AgentOptions.__annotations__:
            raise ConfigError(f"Agent takes no {name!r}: {nearest(name, AgentOptions.__annotations__)}")


def checked_models(models: Models) -> tuple[Model, ...]:
    """The targets, in order; strings are checked for their form."""
    given: Sequence[Model] = (
        models if not isinstance(models, str) and isinstance(models, Sequence) else [models]
    )
    if not given:
        raise ConfigError("an empty list of models: at least one 'provider:model' is needed")
    for model in given:
        if isinstance(model, str):
            ModelConfig.from_string(model)
        elif isinstance(model, type) or not callable(getattr(model, "open", None)):
            raise ConfigError(f"{model!r} is neither 'provider:model' nor a provider")
    return tuple(given)


def native_tools_of(plan: Plan, options: RunOptions) -> tuple[ProviderTool, ...]:
    """What the provider shall run itself in a run."""
    return (*plan.options.get("native_tools", ()), *options.get("native_tools", ()))


def model_name(model: Model) -> str:
    """The "provider:model" of a target."""
    if isinstance(model, str):
        return ModelConfig.from_string(model).to_string()
    return ":".join(part for part in (model.name, model_of(model)) if part)


def resolved(models: Sequence[Model], plan: Plan) -> tuple[Provider, str]:
    """The provider of these targets, and the model's name; several targets, or a policy, make a chain."""
    policy = plan.options.get("failover")
    if len(models) > 1 or policy is not None:
        chain = chained(models, plan.registry, policy)
        return chain, model_of(chain)
    [model] = models
    if isinstance(model, str):
        return plan.registry.get_provider(model), ModelConfig.from_string(model).model
    return model, model_of(model)
