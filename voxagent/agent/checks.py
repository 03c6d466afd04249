"""Refuse what is of the wrong kind where it enters, and not somewhere within a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast, get_args

from ..errors import ConfigError
from ..types.approval import Approve, Deny
from ..types.blocks import ContentBlock
from ..types.config import ModelSettings
from ..types.native import ProviderTool

Kind: TypeAlias = type | tuple[type, ...]
PARTS: tuple[type, ...] = (str, *get_args(get_args(ContentBlock)[0]))


def check_kinds(given: Mapping[str, Any], kinds: Mapping[str, Kind]) -> None:
    """Refuse a value that is not of the kind its name wants; None is of any kind."""
    for name, kind in kinds.items():
        value = given.get(name)
        if value is not None and not isinstance(value, kind):
            wanted = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
            raise ConfigError(f"{name}={value!r} is not of type {wanted}")


def check_each(name: str, values: object, kind: type | Callable[[Any], bool], wanted: str) -> None:
    """Refuse a sequence with something in it that is not of a kind, or for which a function says so."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ConfigError(f"{name}={values!r} is not a list")
    for value in cast("Sequence[object]", values):
        if not (isinstance(value, kind) if isinstance(kind, type) else kind(value)):
            raise ConfigError(f"{name} holds {value!r:.100}, which is no {wanted}")


def is_toolset(value: object) -> bool:
    """Whether this gives tools."""
    return callable(getattr(value, "open", None))


def is_approval(value: object) -> bool:
    """Whether this answers an `ApprovalRequest`."""
    return isinstance(value, (Approve, Deny, bool))


def is_native_tool(value: object) -> bool:
    """Whether this is a tool that a provider runs itself."""
    return isinstance(value, ProviderTool)


def check_function(what: str, option: str, given: object) -> None:
    """Refuse what is no function where a decorator takes one; None is a decorator with options."""
    if given is not None and not callable(given):
        raise ConfigError(f"@agent.{what} stands above a function, not {given!r:.80}; or is it {option}=...?")


def nearest(name: str, known: Iterable[str]) -> str:
    """Words that help somebody who wrote a name that is not known."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"


def check_settings(settings: object) -> None:
    """Refuse settings that no model has, with the nearest name."""
    if not isinstance(settings, Mapping):
        raise ConfigError(f"settings={settings!r} is not a dict of ModelSettings")
    known = ModelSettings.__annotations__
    for name in cast("Mapping[object, object]", settings):
        if name not in known:
            raise ConfigError(f"settings has no {name!r}: {nearest(str(name), known)}")


def check_prompt(prompt: object) -> None:
    """Refuse a prompt that says nothing, or that is neither text nor content; None is no prompt."""
    if prompt is None:
        return
    parts = cast("Sequence[object]", prompt) if isinstance(prompt, Sequence) else [prompt]
    if not parts:
        raise ConfigError("the prompt is empty; prompt=None continues a history without one")
    for part in [prompt] if isinstance(prompt, str) else parts:
        if not isinstance(part, PARTS):
            raise ConfigError(
                f"the prompt holds {part!r:.100}, which is neither text nor content such as ImageBlock(...)"
            )
