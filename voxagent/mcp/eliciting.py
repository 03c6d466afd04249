"""The user's answer to a server: completed with defaults, and checked against what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast


def completed(answer: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with the schema's defaults for what it leaves out."""
    whole = dict(answer)
    for name, described in _properties(schema).items():
        if name not in whole and isinstance(described, Mapping) and "default" in described:
            whole[name] = described["default"]
    return whole


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: object = schema.get("properties")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def misfits(answer: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What does not fit the schema, by place and rule; the values are the user's and are not told.

    Nothing is fetched for it: a schema that refers to something elsewhere is a misfit itself.
    """
    rules: Any = import_module("jsonschema").Draft202012Validator
    nothing: Any = import_module("referencing").Registry()
    checker = rules(dict(schema), registry=nothing, format_checker=rules.FORMAT_CHECKER)
    try:
        return [f"{each.json_path} breaks {each.validator!r}" for each in checker.iter_errors(answer)]
    except Exception as error:  # of a schema that is none
        return [f"the schema cannot be used ({type(error).__name__})"]
