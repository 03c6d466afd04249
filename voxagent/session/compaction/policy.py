"""When an agent makes its history shorter, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    from .strategies import Strategy


class CompactionStrategy(StrEnum):
    """The strategies by name, as configuration tells them; `strategy_of` gives the function."""

    REMOVE_TOOL_RESULTS = "remove_tool_results"
    TRUNCATE_OLDEST = "truncate_oldest"
    SUMMARIZE = "summarize"


def known_strategy(name: str) -> CompactionStrategy:
    """The strategy of a name; raises `ConfigError` if there is none."""
    try:
        return CompactionStrategy(name)
    except ValueError:
        names = ", ".join(CompactionStrategy)
        raise ConfigError(f"unknown compaction strategy {name!r}: there are {names}") from None


@dataclass(frozen=True, slots=True)
class CompactionPolicy:
    """When an agent makes its history shorter, and how.

    It does so ahead of a request that would come near the model's window, if that is known, and once after
    the provider has refused a request as too long.

    Args:
        strategy: What makes it shorter: a function, or the name of a `CompactionStrategy`. By default old
            tool results are cleared; if that is not enough, the run's own model summarises the old turns; if
            that fails, the oldest are left out.
        start_at: The part of the window that a request may fill.
        shrink_to: The part of it that the request shall fill afterwards.
        window: Tokens of the window; what is known of the model by default.

    Raises:
        ConfigError: A number is out of range.
    """

    strategy: Strategy | str | None = None
    start_at: float = 0.8
    shrink_to: float = 0.5
    window: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.shrink_to < self.start_at <= 1:
            raise ConfigError(
                f"shrink_to={self.shrink_to!r}, start_at={self.start_at!r}: 0 < shrink_to < start_at <= 1"
            )
        if self.window is not None and self.window < 1:
            raise ConfigError(f"window={self.window!r} is not a positive number of tokens")
        if isinstance(self.strategy, str):
            known_strategy(self.strategy)
