"""The files of voxagent 0.1: a head, then a line for each message, named by the key with some signs replaced.

Two keys could have one name there; the key in the head says whose file it is.
"""

from __future__ import annotations

import errno
import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from .session import Session
from .stored import messages_of, readable

_REPLACED = str.maketrans(dict.fromkeys(":/\\", "_"))


def _name(key: str) -> str:
    return f"{key.translate(_REPLACED)}.jsonl"


class OldFile:
    """The file that voxagent 0.1 kept a session in, if it did.

    Args:
        folder: Where it would be.
        key: The session's key.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.path: Path = folder / _name(key)

    def load(self) -> Session | None:
        """The session in it, if there is one of this key."""
        lines = self._lines()
        head = _head(lines[0]) if lines else None
        if head is None or head.get("key") != self.key:
            return None
        filled = [(number, text) for number, text in enumerate(lines[1:], 2) if text.strip()]
        texts = [text for _, text in filled]
        with readable(f"{self.path}, line 1"):
            return Session(
                str(head["id"]),
                self.key,
                messages_of(texts, lambda number: f"{self.path}, line {filled[number][0]}"),
                _seconds(head.get("created_at")),
                _seconds(head.get("updated_at")),
                dict(head.get("metadata") or {}),
            )

    def remove(self) -> bool:
        """Remove it; tells whether it was there, and of this key."""
        lines = self._lines()
        head = _head(lines[0]) if lines else None
        if head is None or head.get("key") != self.key:
            return False
        self.path.unlink()
        return True

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text("utf-8").split("\n")
        except (FileNotFoundError, ValueError):  # ValueError: no file can have this name, or it is no text
            return []
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return []
            raise


def old_key_in(path: Path, line: bytes) -> str | None:
    """The key in the head of such a file; None if it is a file of something else."""
    head = _head(line.decode(errors="replace"))
    key = None if head is None else head.get("key")
    return key if isinstance(key, str) and _name(key) == path.name else None


def _head(line: str) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    head = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    return head if "id" in head and "key" in head and "voxagent" not in head else None


def _seconds(value: object) -> float:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else 0.0
