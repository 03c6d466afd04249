"""What a Claude model takes, told by its name.

The API answers 400 to a setting that a model has outgrown, and every generation outgrew some: a budget for
thinking (4.7), sampling (4.7), switching thinking off (Fable, Mythos), being made to call a tool (the same).
Names are read by family and version, so that a dated, a regional and a coming name find their place; a
version that is not told counts as the newest. Models of other makers that speak this protocol follow its
first form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

Version: TypeAlias = tuple[int, int]

NEWEST: Version = (99, 0)

_NAME = re.compile(
    r"claude-(?:(?P<old_major>\d)(?:[-.](?P<old_minor>\d))?-)?(?P<family>[a-z]+)"
    r"(?:-(?P<major>\d{1,2})(?:[-.](?P<minor>\d{1,2}))?)?(?!\d)"
)


@dataclass(slots=True, frozen=True)
class Traits:
    """What a model takes.

    Args:
        thinks: Whether it can think at all.
        adaptive: Whether its thinking is set by effort; otherwise by a budget of tokens.
        always_thinks: Whether thinking cannot be switched off.
        thinks_unasked: Whether it thinks if nothing is said about it.
        binds_thinking: Whether it refuses its own thoughts once the text ahead of them has changed.
        sampling: Whether it takes temperature and top_p (API versions before 2026-10-21).
        one_sampling: Whether it takes only one of the two.
        forced_tools: Whether it can be made to call a tool.
        native_output: Whether its text and its calls can be held to a schema.
        output_limit: Tokens of the longest answer.
    """

    thinks: bool = True
    adaptive: bool = False
    always_thinks: bool = False
    thinks_unasked: bool = False
    binds_thinking: bool = False
    sampling: bool = True
    one_sampling: bool = False
    forced_tools: bool = True
    native_output: bool = False
    output_limit: int = 64_000


@lru_cache(maxsize=256)
def traits_of(model: str) -> Traits:
    """What the model of that name takes."""
    found = _NAME.search(model)
    if found is None:
        return Traits()
    family = found["family"]
    major, minor = found["major"] or found["old_major"], found["minor"] or found["old_minor"]
    version: Version = (int(major), int(minor or 0)) if major else NEWEST
    restless = family in ("fable", "mythos")
    return Traits(
        thinks=version >= (3, 7),
        adaptive=version >= (4, 6),
        always_thinks=restless,
        thinks_unasked=restless or version >= (5, 0),
        binds_thinking=version >= (5, 1) and family != "mythos",
        sampling=version < (4, 7),
        one_sampling=version >= (4, 1),
        forced_tools=not restless,
        native_output=version >= (4, 5) or (family, version) == ("opus", (4, 1)),
        output_limit=_output_limit(family, version),
    )


def _output_limit(family: str, version: Version) -> int:
    if version < (3, 7):
        return 8_192 if version >= (3, 5) else 4_096
    if version < (4, 5) and family == "opus":
        return 32_000
    return 128_000 if version >= (4, 7) or (family, version) == ("opus", (4, 6)) else 64_000
