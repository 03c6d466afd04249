"""Another model or other deps for the runs of an agent, for a while and in this context only."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .plan import Model

UNSET = object()


@dataclass(slots=True, frozen=True)
class Overrides:
    """What runs take instead of what the agent or the caller says."""

    models: tuple[Model, ...] | None = None
    deps: Any = UNSET


_overrides: ContextVar[dict[int, Overrides]] = ContextVar("voxagent_overrides", default={})  # noqa: B039  # never changed


def overrides_of(agent: object) -> Overrides:
    """What is in force for an agent."""
    return _overrides.get().get(id(agent)) or Overrides()


@contextmanager
def overridden(agent: object, models: tuple[Model, ...] | None, deps: Any) -> Generator[None]:
    """Put overrides in force; a provider that is a context manager is entered (it may check its script)."""
    outer = overrides_of(agent)
    new = Overrides(models or outer.models, outer.deps if deps is UNSET else deps)
    with ExitStack() as stack:
        for model in _managed(models or ()):
            stack.enter_context(model)
        token = _overrides.set({**_overrides.get(), id(agent): new})
        try:
            yield
        finally:
            _overrides.reset(token)


def _managed(models: Sequence[Model]) -> list[AbstractContextManager[Any]]:
    return [model for model in models if isinstance(model, AbstractContextManager)]
