"""Which tools a run may use, and which only if somebody approves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ..errors import ConfigError
from .record import Record, record


@record
class ToolPolicy(Record):
    """One layer of an allow and a deny list.

    Several layers intersect what they allow and unite what they deny.

    Args:
        allow_list: Names that may be used; None allows all, an empty list none.
        deny_list: Names that may not be used; a denial wins over an allowance.
        ask_list: Names whose calls need approval, as with `requires_approval`.
    """

    allow_list: Sequence[str] | None = None
    deny_list: Sequence[str] = field(default_factory=list[str])
    ask_list: Sequence[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        for name in ("allow_list", "deny_list", "ask_list"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise ConfigError(f"ToolPolicy({name}={given!r}): a list of names is expected, [{given!r}]")

    def allows(self, name: str) -> bool:
        """Whether this layer lets the tool be used."""
        return name not in self.deny_list and (self.allow_list is None or name in self.allow_list)
