"""What a docstring tells a model: what the function is for, and what its parameters mean.

Google, NumPy and Sphinx styles are read by docstring-parser. (griffelib reads them as well; it takes three
times as long to import, and nothing else of it would be used.)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

GOOGLE = ("Returns:", "Raises:", "Yields:", "Example:", "Examples:", "Note:")
NUMPY = ("Returns", "Raises", "Yields", "Examples", "Notes", "See Also")
SPHINX = (":return", ":raise", ":rtype")


def read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The description of a function, and those of its parameters, by name."""
    text = inspect.getdoc(function)
    if not text:
        return "", {}
    if not any(mark in text for mark in ("Args:", "Arguments:", "Parameters", "Params:", ":param")):
        return _before_sections(text), {}
    from docstring_parser import parse

    try:
        parsed = parse(text)
    except Exception:  # prose that only looks like a section: the parser raises whatever it stumbles over
        return text, {}
    described = {
        name.strip().lstrip("*"): _joined(param.description or "")
        for param in parsed.params
        for name in param.arg_name.split(",")  # NumPy: several parameters may share a description
    }
    description = parsed.description or parsed.short_description or ""
    return description.strip(), {name: told for name, told in described.items() if told}


def _joined(text: str) -> str:
    return " ".join(text.split())


def _before_sections(text: str) -> str:
    """The text up to the first section that is not for the model."""
    lines = text.splitlines()
    for number, (line, below) in enumerate(zip(lines, [*lines[1:], ""], strict=True)):
        google = line.strip() in GOOGLE
        numpy = line.strip() in NUMPY and below.strip().startswith("---")
        if google or numpy or line.lstrip().startswith(SPHINX):
            return "\n".join(lines[:number]).strip()
    return text
