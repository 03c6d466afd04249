"""What functions of the program give for a server: the headers of a request, the `_meta` of a call.

If one fails, that is the fault of neither the server nor the model: it is a `CallbackError` that ends the
run, and no model reads of it. Headers are asked for deep within the SDK, which would make something else of
an error, so it is kept aside for whom the request was made for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from pydantic_core import to_jsonable_python

from ..errors import CallbackError, ConfigError, ModelRetry, VoxAgentError, said_by
from .checks import check_headers
from .messages import unsendable
from .secrets import Secrets


class _Faults:
    def __init__(self) -> None:
        self.last: VoxAgentError | None = None


_faults: ContextVar[_Faults | None] = ContextVar("voxagent_mcp_faults", default=None)


@contextmanager
def faults_told() -> Generator[None]:
    """Whatever became of it within the SDK, a fault of the program is raised as what it is."""
    faults = _Faults()
    _faults.set(faults)
    try:
        yield
    except VoxAgentError:
        if faults.last is None:
            raise
        raise faults.last from faults.last.__cause__


def headers_of(given: Any, run: Any, secrets: Secrets) -> Mapping[str, str]:
    """The headers of a request.

    Args:
        given: The headers, or a function that gives them.
        run: What that is called with.
        secrets: What must not be shown; the headers are added.

    Raises:
        VoxAgentError: The function has failed; `faults_told` raises the same.
    """
    try:
        found: Any = _called("headers=", given, run, secrets) if callable(given) else given
        try:
            now = check_headers(found)
        except ConfigError as error:
            who = f"headers= {_name(given)}() gave what cannot be sent: " if callable(given) else ""
            raise CallbackError(f"{who}{error.message}") from None
    except VoxAgentError as error:
        faults = _faults.get()
        if faults is not None:
            faults.last = error
        raise
    secrets.add_headers(now)
    return now


def meta_of(given: Callable[[Any], object] | None, context: Any, secrets: Secrets) -> dict[str, Any] | None:
    """The `_meta` of a call, as JSON has it; raises `CallbackError`."""
    found = None if given is None else _called("meta=", given, context, secrets)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise CallbackError(
            f"meta= {_name(given)}() gave a {type(found).__name__} back: a mapping or None is expected"
        )
    try:
        meta: dict[str, Any] = to_jsonable_python(dict(cast("Mapping[str, Any]", found)))
    except ValueError as error:
        said = secrets.text(said_by(error))
        raise CallbackError(f"meta= {_name(given)}() gave what is not JSON: {said}") from error
    wrong = unsendable(meta)
    if wrong is not None:
        said = repr(secrets.text(wrong))[:100]
        raise CallbackError(f"meta= {_name(given)}() gave what cannot be sent: {said} is no text that can be")
    return meta


def _called(what: str, function: Callable[[Any], object], argument: object, secrets: Secrets) -> object:
    try:
        value = function(argument)
    except (ModelRetry, VoxAgentError):
        raise
    except Exception as error:  # becomes a CallbackError: it is the program's function
        said = f"{type(error).__name__}: {secrets.text(said_by(error))}"
        raise CallbackError(f"{what} {_name(function)}() raised {said}") from error
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # or Python warns that nobody has awaited it
        raise CallbackError(
            f"{what} {_name(function)}() gave something to await: a plain function is expected"
        )
    return value


def _name(function: object) -> str:
    return getattr(function, "__name__", type(function).__name__)
