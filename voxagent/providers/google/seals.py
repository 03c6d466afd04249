"""Seals (`thoughtSignature`): kept where they came, and sent back with exactly their part.

A thought and a call keep theirs in their block. Text and pictures have no place for one: theirs stands in
a `ProviderBlock` behind them. `length` says how many characters the sealed part had where the text ahead came
in several, of which only the last is sealed: parts with and without a seal must not become one. A seal on an
empty part is such a block as well behind text, and else a thought that nobody can read.

Models of generation 3 refuse a request in which the first call of a message has none. A call that another
provider made, or a program, has none: such a call gets the word that the documentation has for that.
Documented at ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...types.blocks import ProviderBlock

Part = dict[str, Any]

SEAL = "thoughtSignature"
FOREIGN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""`skip_thought_signature_validator` as bytes are told in JSON; seen to be taken."""


def sealed(part: Mapping[str, Any], seal: str | None) -> Part:
    """A part with its seal, if it has one."""
    return {**part, SEAL: seal} if seal else dict(part)


def seal_behind(provider: str, seal: str, length: int | None = None) -> ProviderBlock:
    """A block that keeps the seal of the part ahead of it."""
    data: Part = {SEAL: seal}
    return ProviderBlock(provider, data if length is None else {**data, "length": length})


def is_seal(data: Mapping[str, Any]) -> bool:
    """Whether a block keeps only the seal of the part ahead of it."""
    return SEAL in data and data.keys() <= {SEAL, "length"}


def put_seal(data: Mapping[str, Any], parts: list[Part]) -> None:
    """Put a seal on the last part, or on the end of it that it belongs to; without a part it is nobody's."""
    if not parts or SEAL in parts[-1]:
        return
    last, length = parts[-1], data.get("length")
    text = last.get("text")
    if isinstance(text, str) and isinstance(length, int) and 0 < length < len(text):
        parts[-1:] = [{**last, "text": text[:-length]}, {**last, "text": text[-length:], SEAL: data[SEAL]}]
        return
    parts[-1] = sealed(last, data[SEAL])


def seal_first_call(parts: list[Part]) -> None:
    """Give the first call of a message a seal, if it has none; those beside it need none."""
    for place, part in enumerate(parts):
        if "functionCall" in part:
            parts[place] = part if SEAL in part else sealed(part, FOREIGN)
            return
