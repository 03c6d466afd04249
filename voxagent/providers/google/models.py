"""What Google's models take, as far as their names tell (documentation "Gemini thinking").

The generation decides: from 3 on a level says how much to think, 2.5 takes a budget of tokens, and what came
before does not think. A name that tells nothing, such as "gemini-flash-latest", is taken for a new model; a
budget is what all that think understand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

How: TypeAlias = Literal["level", "budget", "never"]

_GENERATION = re.compile(r"gemini-(\d+)(?:\.(\d+))?(?=-|$)")


@dataclass(slots=True, frozen=True)
class Traits:
    """What one model takes.

    Args:
        thinks: By which setting it is told how much to think.
        least: What is the least: a level, or a budget; 0 where it can be stopped from thinking.
        budgets: The smallest and the largest budget that it takes.
        levels: The levels that it takes, from little to much.
        newer: Whether it is of generation 3 or later: it wants its seals back, takes files within results,
            holds its text to a schema while it has tools, and runs tools of its own beside functions.
    """

    thinks: How
    least: int | str = 0
    budgets: tuple[int, int] = (1, 1_000_000)
    levels: tuple[str, ...] = ()
    newer: bool = True


NEVER = Traits("never", newer=False)
UNKNOWN = Traits("budget")


@lru_cache(maxsize=256)
def traits_of(model: str) -> Traits:
    """What a model takes."""
    name = model.rsplit("/", 1)[-1].lower()
    if name.startswith(("gemma", "learnlm", "gemini-pro-vision")):
        return NEVER
    found = _GENERATION.match(name)
    if found is None:
        return UNKNOWN
    generation = (int(found[1]), int(found[2] or 0))
    if generation < (2, 5):
        return NEVER
    speaks_or_draws = "-tts" in name or "-image" in name
    if generation < (3, 0):
        return NEVER if speaks_or_draws else _by_budget(name)
    return Traits("never") if speaks_or_draws else _by_level(name, generation)


def _by_budget(name: str) -> Traits:
    if "flash-lite" in name:
        return Traits("budget", 0, (512, 24_576), newer=False)
    if "flash" in name:
        return Traits("budget", 0, (1, 24_576), newer=False)
    return Traits("budget", 128, (128, 32_768), newer=False)


def _by_level(name: str, generation: tuple[int, int]) -> Traits:
    if "pro" not in name:
        return Traits("level", "minimal", levels=("minimal", "low", "medium", "high"))
    return Traits(
        "level", "low", levels=("low", "high") if generation == (3, 0) else ("low", "medium", "high")
    )
