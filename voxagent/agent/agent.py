"""The agent: a model, its instructions, its tools, and the type of its answers.

An agent is made once and used by any number of runs at the same time, from any thread or event loop: it
keeps nothing of a run. `run`, `run_stream` and `run_sync` are three doors to one loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from types import NoneType, TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, cast, overload

from typing_extensions import TypeVar, Unpack

from ..abort import AbortController, AbortSignal
from ..errors import ConfigError
from ..fanout.background import run_in_background
from ..subagent.definition import SubAgentDefinition
from ..subagent.lineage import DEFAULT_MAX_DEPTH
from ..tools.context import RunContext, ToolContext
from ..tools.definition import FunctionTool, NamedOptions, ToolDecorator, ToolDefinition, locals_of_caller
from ..tools.toolset import Toolset
from ..types.config import RunParams
from ..types.result import RunResult
from ..types.usage import UsageLimits
from .checks import check_each, check_function
from .described import Described
from .hooks import AsyncCheck, AsyncFilter, Check, Filter, Guardrail, Hooks, Instruct, Prompt, taking_context
from .kept import Kept
from .output import OneOf
from .overrides import UNSET, overridden
from .plan import AgentOptions, Models, Plan, RunOptions, check_names, checked_models
from .registration import check_deps, checked_tools, mapped_deps
from .runs import Runs
from .sink import Observer
from .stream import RunStream

DepsT = TypeVar("DepsT", contravariant=True, default=None)
OutputT = TypeVar("OutputT", covariant=True, default=str)
D = TypeVar("D")
O = TypeVar("O")  # noqa: E741  # the output, as D is the deps
O2 = TypeVar("O2")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound="str | Awaitable[str | None] | None")
F = TypeVar("F", bound=Callable[..., Any])
KEPT: Any = UNSET


class Agent(Described, Generic[DepsT, OutputT]):
    """A model that works with tools until it has an answer of the type you want.

    Args:
        model: "provider:model", a provider, or several of them.
        deps_type: Type of what each run hands to the tools; None if there is nothing.
        output_type: Type of the answers: `str`, anything that pydantic can describe, a union, a list of
            types, or `one_of(...)`.
        tools: Decorated functions.
        toolsets: Sets of tools that are opened for a run.
        sub_agents: Agents that this one may call as tools.
        max_sub_agent_depth: How deep agents may stand below this one.
        hooks: Functions that may change a run.
        guardrails: Checks of prompts and outputs.
        **options: See `AgentOptions`.

    Raises:
        ConfigError: Something of that cannot be; the message says what and what would be right.
    """

    def __init__(
        self,
        model: Models,
        *,
        deps_type: type[DepsT] = NoneType,  # type: ignore[assignment]  # DepsT is None by default
        output_type: type[OutputT] | OneOf[OutputT] | Sequence[type[OutputT]] = str,  # type: ignore[assignment]  # OutputT is str by default
        tools: Sequence[ToolDefinition[DepsT]] = (),
        toolsets: Sequence[Toolset[DepsT]] = (),
        sub_agents: Sequence[Agent[Any, Any]] = (),
        max_sub_agent_depth: int = DEFAULT_MAX_DEPTH,
        hooks: Hooks[DepsT] | Sequence[Hooks[DepsT]] = (),
        guardrails: Sequence[Guardrail[DepsT]] = (),
        **options: Unpack[AgentOptions],
    ) -> None:
        check_names(options)
        check_each("sub_agents", sub_agents, Agent, "Agent")
        self._sub_agents = tuple(sub_agents)
        below = [
            agent.as_tool(deps=mapped_deps(agent.name, agent.deps_type, deps_type)) for agent in sub_agents
        ]
        self._plan = Plan(
            models=checked_models(model),
            deps_type=deps_type,
            output_type=output_type,
            tools=checked_tools([*tools, *below], deps_type),
            toolsets=tuple(toolsets),
            max_depth=max_sub_agent_depth,
            hooks=(hooks,) if isinstance(hooks, Hooks) else tuple(hooks),
            guardrails=tuple(guardrails),
            options=options,
        )
        self._runs = Runs(self._plan, self)
        self._kept = Kept(self._plan)

    def __repr__(self) -> str:
        told = [repr(self.model_string), *([f"name={self.name!r}"] if self.name else [])]
        return f"Agent({', '.join(told)})"

    # --- what it can be given -------------------------------------------------------------------

    @overload
    def tool(
        self: Agent[D, Any], function: Callable[Concatenate[RunContext[D], P], R], /
    ) -> FunctionTool[D, Concatenate[RunContext[D], P], R]: ...
    @overload
    def tool(
        self: Agent[D, Any], function: Callable[Concatenate[ToolContext[D], P], R], /
    ) -> FunctionTool[D, Concatenate[ToolContext[D], P], R]: ...
    @overload
    def tool(self, function: Callable[P, R], /) -> FunctionTool[object, P, R]: ...
    @overload
    def tool(self, /, **options: Unpack[NamedOptions]) -> ToolDecorator: ...
    def tool(self, function: Callable[..., Any] | None = None, /, **options: Unpack[NamedOptions]) -> Any:
        """Make a function a tool of this agent: `@agent.tool`, or `@agent.tool(name=..., timeout=...)`.

        See `voxagent.tool` for what the model is told.
        """
        if isinstance(function, ToolDefinition):
            self._take(cast("ToolDefinition[Any]", function))
            return cast("Any", function)
        check_function("tool", "name", function)
        decorator = ToolDecorator(options, locals_of_caller(), self._take)
        return decorator if function is None else decorator.made(function)

    def _take(self, tool: ToolDefinition[Any]) -> None:
        check_deps(tool, self.deps_type)
        if tool.name in {each.name for each in self._plan.tools}:
            raise ConfigError(f"two tools are named {tool.name!r}: rename one with @agent.tool(name=...)")
        self._plan.tools.append(tool)

    @overload
    def instructions(self, function: Instruct[DepsT, T], /) -> Instruct[DepsT, T]: ...
    @overload
    def instructions(self, function: Callable[[], T], /) -> Callable[[], T]: ...
    def instructions(self, function: F, /) -> F:
        """Add a function whose text is added to the system prompt of each run; it may take the context."""
        check_function("instructions", "system_prompt", function)
        self._plan.instructions.append(taking_context(function, 0))
        return function

    @overload
    def output_validator(self, function: AsyncCheck[DepsT, OutputT], /) -> AsyncCheck[DepsT, OutputT]: ...
    @overload
    def output_validator(self, function: Check[DepsT, OutputT], /) -> Check[DepsT, OutputT]: ...
    @overload
    def output_validator(self, function: AsyncFilter[OutputT], /) -> AsyncFilter[OutputT]: ...
    @overload
    def output_validator(self, function: Filter[OutputT], /) -> Filter[OutputT]: ...
    def output_validator(self, function: F, /) -> F:
        """Add a function `(ctx, output)` or `(output)` that gives back the output, or raises `ModelRetry`."""
        self._plan.validators.append(taking_context(function, 1))
        return function

    def subscribe(self, observer: Observer, /) -> Callable[[], None]:
        """Let a function see every event of every run; returns a function that unsubscribes."""
        self._plan.observers.append(observer)

        def unsubscribe() -> None:
            if observer in self._plan.observers:
                self._plan.observers.remove(observer)

        return unsubscribe

    def override(self, *, model: Models | None = None, deps: DepsT = KEPT) -> AbstractContextManager[None]:
        """Another model or other deps for all runs within the block, in this context only: for tests."""
        return overridden(self, None if model is None else checked_models(model), deps)

    def as_tool(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        input_type: Any = None,
        deps: Callable[[ToolContext[Any]], Any] | None = None,
    ) -> SubAgentDefinition:
        """This agent as a tool of another.

        Args:
            name: What the model calls it; the agent's name by default.
            description: What it is for; the agent's description by default.
            input_type: A model or dataclass whose fields are the tool's arguments; a text by default.
            deps: Gives this agent's deps from the context of the call; the caller's deps by default.
        """
        return SubAgentDefinition(self, name, description, input_type=input_type, deps=deps)

    async def run_nested(
        self, prompt: str, deps: Any, context: ToolContext[Any], name: str
    ) -> RunResult[Any]:
        """Run below the run of a tool call: with its abort, deadline, budget and events."""
        return await self._runs.start_nested(prompt, deps, context, name)

    # --- connections that are kept ----------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Open what the toolsets keep open between runs."""
        await self._kept.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._kept.leave()

    # --- the doors ----------------------------------------------------------------------------------

    @overload
    async def run(
        self: Agent[None, Any],
        prompt: Prompt | None,
        *,
        output_type: type[O2] | OneOf[O2],
        deps: None = None,
        **options: Unpack[RunOptions],
    ) -> RunResult[O2]: ...
    @overload
    async def run(
        self: Agent[D, Any],
        prompt: Prompt | None,
        *,
        output_type: type[O2] | OneOf[O2],
        deps: D,
        **options: Unpack[RunOptions],
    ) -> RunResult[O2]: ...
    @overload
    async def run(
        self: Agent[None, O], prompt: Prompt | None, *, deps: None = None, **options: Unpack[RunOptions]
    ) -> RunResult[O]: ...
    @overload
    async def run(
        self: Agent[D, O], prompt: Prompt | None, *, deps: D, **options: Unpack[RunOptions]
    ) -> RunResult[O]: ...
    async def run(
        self,
        prompt: Prompt | None,
        *,
        deps: Any = None,
        output_type: Any = None,
        **options: Unpack[RunOptions],
    ) -> RunResult[Any]:
        """Run to the end.

        Args:
            prompt: What the user says: text, or a list of text and content; None continues the history.
            deps: What the tools are given.
            output_type: Instead of the agent's.
            **options: See `RunOptions`.

        Returns:
            The result, also of a run that failed, was aborted or timed out: reading `output` raises then.

        Raises:
            ConfigError: The run cannot begin as it is.
            LockTimeoutError: Another run held the session too long.
        """
        plan = self._runs.output_plan(output_type)
        return await self._runs.start(prompt, deps, plan, options, AbortController())

    @overload
    def run_sync(
        self: Agent[None, Any],
        prompt: Prompt | None,
        *,
        output_type: type[O2] | OneOf[O2],
        deps: None = None,
        **options: Unpack[RunOptions],
    ) -> RunResult[O2]: ...
    @overload
    def run_sync(
        self: Agent[D, Any],
        prompt: Prompt | None,
        *,
        output_type: type[O2] | OneOf[O2],
        deps: D,
        **options: Unpack[RunOptions],
    ) -> RunResult[O2]: ...
    @overload
    def run_sync(
        self: Agent[None, O], prompt: Prompt | None, *, deps: None = None, **options: Unpack[RunOptions]
    ) -> RunResult[O]: ...
    @overload
    def run_sync(
        self: Agent[D, O], prompt: Prompt | None, *, deps: D, **options: Unpack[RunOptions]
    ) -> RunResult[O]: ...
    def run_sync(
        self,
        prompt: Prompt | None,
        *,
        deps: Any = None,
        output_type: Any = None,
        **options: Unpack[RunOptions],
    ) -> RunResult[Any]:
        """Like `run`, for code that is not async; works in any thread, a running event loop's included.

        It runs on the process's background loop. Ctrl-C aborts the run, waits for its clean end, and is
        raised then.
        """
        plan, controller = self._runs.output_plan(output_type), AbortController()

        async def main() -> RunResult[Any]:
            return await self._runs.start(prompt, deps, plan, options, controller)

        return run_in_background(main, lambda: controller.abort("interrupted by the keyboard"))

    @overload
    def run_stream(
        self: Agent[None, Any],
        prompt: Prompt | None,
        *,
        output_type: type[O2] | OneOf[O2],
        deps: None = None,
        **options: Unpack[RunOptions],
    ) -> RunStream[O2]: ...
    @overload
    def run_stream(
        self: Agent[D, Any],
        prompt: Prompt | None,
        *,
        output_type: type[O2] | OneOf[O2],
        deps: D,
        **options: Unpack[RunOptions],
    ) -> RunStream[O2]: ...
    @overload
    def run_stream(
        self: Agent[None, O], prompt: Prompt | None, *, deps: None = None, **options: Unpack[RunOptions]
    ) -> RunStream[O]: ...
    @overload
    def run_stream(
        self: Agent[D, O], prompt: Prompt | None, *, deps: D, **options: Unpack[RunOptions]
    ) -> RunStream[O]: ...
    def run_stream(
        self,
        prompt: Prompt | None,
        *,
        deps: Any = None,
        output_type: Any = None,
        **options: Unpack[RunOptions],
    ) -> RunStream[Any]:
        """Like `run`, watched while it works: `async with`, or `async for`, over the stream.

        Nothing starts before the stream is entered or iterated; its last event is `RunEndEvent`.
        """
        plan = self._runs.output_plan(output_type)
        return RunStream(
            lambda controller, buffer, inbox: self._runs.start(
                prompt, deps, plan, options, controller, buffer, inbox
            ),
            plan,
        )

    @overload
    async def resume(
        self: Agent[None, O], session_key: str, /, *, deps: None = None, **options: Unpack[RunOptions]
    ) -> RunResult[O]: ...
    @overload
    async def resume(
        self: Agent[D, O], session_key: str, /, *, deps: D, **options: Unpack[RunOptions]
    ) -> RunResult[O]: ...
    async def resume(
        self, session_key: str, /, *, deps: Any = None, **options: Unpack[RunOptions]
    ) -> RunResult[Any]:
        """Take up what an earlier run of a session left, because it was stopped or the program ended.

        What was answered is not asked again. A tool call without a result is made if it had not begun or the
        tool is `idempotent`; else the model is told. Other doors do so with `resume=True`.

        Raises:
            ConfigError: There is no such session, or the run cannot begin as it is.
            LockTimeoutError: Another run held the session too long.
        """
        options["session_key"], options["resume"] = session_key, True
        return await self._runs.start(None, deps, self._runs.output, options, AbortController())

    @overload
    async def run_params(self: Agent[None, O], params: RunParams, *, deps: None = None) -> RunResult[O]: ...
    @overload
    async def run_params(self: Agent[D, O], params: RunParams, *, deps: D) -> RunResult[O]: ...
    async def run_params(self, params: RunParams, *, deps: Any = None) -> RunResult[Any]:
        """Run what voxagent 0.1's `RunParams` say."""
        metadata = {"workspace_dir": params.workspace_dir, "channel": params.channel}
        options: RunOptions = {
            "session_key": params.session_key,
            "timeout_ms": params.timeout_ms,
            "policies": params.policies,
            "limits": UsageLimits(requests=params.config.max_turns),
            "metadata": {name: value for name, value in metadata.items() if value is not None},
            "abort_signal": cast("AbortSignal | None", params.abort_signal),
        }
        if params.model is not None:
            options["model"] = params.model
        return await self._runs.start(params.prompt, deps, self._runs.output, options, AbortController())
