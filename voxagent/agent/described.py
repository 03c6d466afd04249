"""What an agent was made with, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..tools.definition import ToolDefinition
from ..tools.toolset import Toolset
from ..types.config import ModelConfig
from .plan import Plan, model_name
from .runs import Runs


class Described:
    """The part of an agent that can be looked at."""

    _plan: Plan
    _runs: Runs
    _sub_agents: tuple[Described, ...]

    @property
    def name(self) -> str | None:
        """What the agent is called."""
        return self._plan.options.get("name")

    @property
    def description(self) -> str | None:
        """What it is for."""
        return self._plan.options.get("description")

    @property
    def models(self) -> tuple[str, ...]:
        """The "provider:model" of each target, in order."""
        return tuple(model_name(model) for model in self._plan.models)

    @property
    def model_string(self) -> str:
        """The "provider:model" of the first target."""
        return self.models[0]

    @property
    def model_config(self) -> ModelConfig:
        """The first target's parts."""
        provider, _, model = self.model_string.partition(":")
        settings = self._plan.options.get("settings", {})
        return ModelConfig(provider, model, settings.get("temperature"), settings.get("max_tokens"))

    @property
    def model(self) -> str:
        """Name of the first target's model."""
        return self.model_config.model

    @property
    def provider(self) -> str:
        """Name of the first target's provider."""
        return self.model_config.provider

    @property
    def deps_type(self) -> Any:
        """Type of the deps."""
        return self._plan.deps_type

    @property
    def output_type(self) -> Any:
        """Type of the answers."""
        return self._plan.output_type

    @property
    def system_prompt(self) -> str | None:
        """What the model is told ahead of the conversation."""
        return self._plan.options.get("system_prompt")

    @property
    def tools(self) -> tuple[ToolDefinition[Any], ...]:
        """The agent's own tools, sub-agents included."""
        return tuple(self._plan.tools)

    @property
    def has_tools(self) -> bool:
        """Whether there is a tool or a toolset."""
        return bool(self._plan.tools or self._plan.toolsets)

    @property
    def toolsets(self) -> tuple[Toolset[Any], ...]:
        """The toolsets."""
        return self._plan.toolsets

    @property
    def sub_agents(self) -> tuple[Described, ...]:
        """The agents it may call."""
        return self._sub_agents

    @property
    def max_sub_agent_depth(self) -> int:
        """How deep agents may stand below this one."""
        return self._plan.max_depth

    @property
    def retries(self) -> int:
        """How often a tool's wrong arguments go back to the model."""
        return self._plan.options.get("retries", 1)

    @property
    def result_retries(self) -> int:
        """How often an output that does not validate goes back to the model."""
        return self._plan.options.get("result_retries", 1)

    @property
    def secret_patterns(self) -> tuple[str, ...]:
        """The patterns of what must not be shown."""
        given = self._plan.options.get("secret_patterns", ())
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def secrets_to_redact(self) -> Mapping[str, str]:
        """The names of the values that must not be shown, with placeholders for the values."""
        return MappingProxyType(self._runs.secrets.masked())
