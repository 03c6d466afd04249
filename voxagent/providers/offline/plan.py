"""Which tools to call next, with which arguments.

Tools are weighed by the words that they share with the prompt, rare ones more than common ones, and by
the arguments that the prompt or earlier results stand for. Every tool does its work once in a turn, no
call is made twice, and after `MOST_ROUNDS` answers with calls there are no more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...types.config import ToolSpec
from ..base import ModelRequest
from .answer import plain_lines
from .conversation import OUTPUT_TOOL, Turn
from .fill import Filler, Offer
from .mentions import Kind, mentions, paths_named, urls_named
from .output import output_arguments, output_tool
from .words import is_asking, stem, stems, subject_stems, words

MOST_ROUNDS = 3
MOST_CALLS = 3
MOST_REFUSALS = 3
IN_NAME = 3.0
"""How much more a word in a tool's name counts than one in its description."""
ASKED = 0.5
"""How much less a word counts that says what to do, not what about."""
ASKS = re.compile(
    r"\?|^(?:what|who|when|where|which|why|how|is|are|does|do|did|can|could|find|get|give|show|tell)\b", re.I
)
IMPLIED: Mapping[Kind, str] = {"path": "file", "url": "page", "email": "mail", "expression": "calculate"}
"""The word that a mention stands for."""
FAILING: Sequence[Kind] = ("path", "url", "name", "id")
"""What is not tried again with a tool that it failed with."""


@dataclass(slots=True, frozen=True)
class Call:
    """A tool and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(slots=True, frozen=True)
class Candidate:
    """A call that could be made: how well the words fit, how much of its arguments was found."""

    call: Call
    fit: float
    strength: int
    invented: bool

    @property
    def weight(self) -> float:
        """How well it fits altogether."""
        return self.fit + self.strength


def next_calls(request: ModelRequest, turn: Turn) -> list[Call]:
    """The tools to call now; none if it is time to answer."""
    choice = request.settings.get("tool_choice", "auto")
    if choice == "none":
        return []
    tools = [tool for tool in request.tools if not tool.name.startswith(OUTPUT_TOOL)]
    outputs = [tool for tool in request.tools if tool.name.startswith(OUTPUT_TOOL)]
    must = choice == "required" and not outputs
    if choice in [tool.name for tool in outputs]:
        tools, outputs = [], [tool for tool in outputs if tool.name == choice]
    elif choice in [tool.name for tool in tools]:
        tools, must = [tool for tool in tools if tool.name == choice], True
    calls = _fitting(tools, turn, must) if turn.rounds < MOST_ROUNDS else []
    if not request.settings.get("parallel_tool_calls", True):
        calls = calls[:1]
    if calls or not outputs or turn.refused >= MOST_REFUSALS:
        return calls
    last = output_tool(outputs, turn)
    return [Call(last.name, output_arguments(last.parameters, turn))]


def _fitting(tools: Sequence[ToolSpec], turn: Turn, must: bool) -> list[Call]:
    candidates = list(_candidates(tools, turn))
    done = {each.call.name for each in turn.good}
    best = _best(candidates, asks=ASKS.search(turn.prompt) is not None)
    calls = [each.call for each in best if each.call.name not in done and not _made(each.call, turn)]
    if calls or turn.exchanges or not candidates:
        return calls[:MOST_CALLS]
    guess = max(candidates, key=lambda each: each.weight)
    return [guess.call] if must or guess.fit >= 1 else []


def _best(candidates: Sequence[Candidate], *, asks: bool) -> list[Candidate]:
    """Those that fit at least half as well as the best, by their words and altogether.

    Where no words fit, a question may be answered by a tool whose arguments are there.
    """
    ready = [each for each in candidates if not each.invented and each.weight >= 1]
    ready = [each for each in ready if each.fit] or (ready if asks else [])
    fit = max((each.fit for each in ready), default=0.0) / 2
    weight = max((each.weight for each in ready), default=0.0) / 2
    return [each for each in ready if each.fit >= fit and each.weight >= weight]


def _made(call: Call, turn: Turn) -> bool:
    return any(call == Call(each.call.name, each.call.input) for each in turn.exchanges)


def _candidates(tools: Sequence[ToolSpec], turn: Turn) -> Iterator[Candidate]:
    offer = _for_tools(turn)
    wanted = {stem(word): ASKED if is_asking(word) else 1.0 for word in words(turn.prompt)}
    wanted |= {stem(word): 1.0 for kind, word in IMPLIED.items() if offer.mentions[kind]}
    common = Counter(each for tool in tools for each in stems(f"{tool.name} {tool.description}"))
    for tool in tools:
        shared = dict.fromkeys(stems(tool.description), 1.0) | dict.fromkeys(stems(tool.name), IN_NAME)
        fit = sum(wanted.get(each, 0.0) * weight / common[each] for each, weight in shared.items())
        filler = Filler(tool.parameters, offer)
        call = Call(tool.name, filler.arguments())
        yield Candidate(call, fit, filler.strength, bool(filler.invented))


def _for_tools(turn: Turn) -> Offer:
    """What tools can be called with: the prompt's mentions, and those of results that the prompt means."""
    found = mentions(turn.prompt)
    subject = subject_stems(turn.prompt)
    for each in turn.good:
        named = paths_named(plain_lines(each.value))
        found["path"] += [name for name in named if stems(name.rpartition("/")[2]) & subject]
        found["url"] += [name for name in urls_named(each.result.text) if stems(name) & subject]
    failed = {str(value) for each in turn.exchanges if not each.ok for value in each.call.input.values()}
    for kind in FAILING:
        found[kind] = [text for text in found[kind] if text not in failed]
    return Offer(found, turn.known())
