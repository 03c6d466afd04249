"""What tools that the provider runs itself come to on a wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ...errors import ConfigError
from ...types.native import ProviderTool, UserLocation


@dataclass(slots=True)
class NativeTools:
    """Tools in a service's own words.

    Args:
        tools: What stands beside the functions.
        fields: What stands in the body itself.
        warnings: What of a tool was left out.
    """

    tools: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: list[str] = field(default_factory=list[str])


Lower: TypeAlias = Callable[[ProviderTool, str, NativeTools], None]
"""Adds a tool for a model; raises `ConfigError` if the service would not run it as it was asked for."""


@runtime_checkable
class RunsToolsWire(Protocol):
    """A wire whose service runs tools itself."""

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given the tool, "" if it can."""
        ...


def lowered(lower: Lower, tools: Sequence[ProviderTool], model: str) -> NativeTools:
    """All tools in a service's own words; raises `ConfigError` if one cannot be told."""
    found = NativeTools()
    for tool in tools:
        lower(tool, model, found)
    return found


def refusal(lower: Lower, tool: ProviderTool, model: str) -> str:
    """Why a tool cannot be told, "" if it can."""
    try:
        lower(tool, model, NativeTools())
    except ConfigError as error:
        return str(error)
    return ""


def without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value != []}


def location_of(location: UserLocation) -> dict[str, Any]:
    """Where the user is, in the words that the services share."""
    told = {
        "city": location.city,
        "region": location.region,
        "country": location.country,
        "timezone": location.timezone,
    }
    return without_nothing(told)
