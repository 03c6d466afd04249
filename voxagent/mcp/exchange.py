"""The arguments that a served agent takes, and the form of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigError, ModelRetry
from ..tools.signature import rooted, told, untitled

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PROMPT: Mapping[str, Any] = {
    "type": "string",
    "minLength": 1,
    "description": "What it shall do, with all it needs to know.",
}
SESSION: Mapping[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "Names a conversation; with the same name it goes on. Left out, nothing is remembered.",
}


@dataclass(slots=True, frozen=True)
class Asked:
    """What a client asks.

    Args:
        prompt: What the agent is told.
        arguments: The same, as they came.
        session: The conversation that the client named, if it did.
    """

    prompt: str
    arguments: Mapping[str, Any] = field(repr=False)
    session: str | None = None


class Input:
    """The arguments of one tool.

    Args:
        tool: Name of the tool.
        kind: A model or dataclass whose fields they are; None for one text, `prompt`.
        sessions: Whether they may name a conversation.

    Raises:
        ConfigError: `kind` is not an object, or has a field that is taken.
    """

    def __init__(self, tool: str, kind: Any, *, sessions: bool) -> None:
        self._sessions = sessions
        from pydantic import TypeAdapter

        self._adapter: TypeAdapter[Any] | None = None if kind is None else TypeAdapter[Any](kind)
        self.schema: Mapping[str, Any] = self._described(tool)
        """JSON Schema of them."""

    def _described(self, tool: str) -> Mapping[str, Any]:
        if self._adapter is None:
            schema: dict[str, Any] = {
                "type": "object",
                "properties": {"prompt": dict(PROMPT)},
                "required": ["prompt"],
            }
        else:
            schema = dict(rooted(untitled(self._adapter.json_schema())))
        if schema.get("type") != "object":
            raise ConfigError(f"input_type of {tool!r} is not an object such as a model or dataclass")
        if not self._sessions:
            return schema
        fields = schema.get("properties", {})
        if "session" in fields:
            raise ConfigError(f"input_type of {tool!r} has a field 'session': sessions=True needs that name")
        return {**schema, "properties": {**fields, "session": dict(SESSION)}}

    def read(self, given: Mapping[str, Any]) -> Asked:
        """Check arguments; raises `ModelRetry` with what is wrong."""
        arguments = dict(given)
        session = _text(arguments.pop("session"), "session") if self._names_session(arguments) else None
        if self._adapter is None:
            if set(arguments) != {"prompt"}:
                raise ModelRetry(f"invalid arguments: 'prompt' is expected, given are {sorted(arguments)}")
            return Asked(_text(arguments["prompt"], "prompt"), arguments, session)
        from pydantic import ValidationError
        from pydantic_core import to_json

        try:
            value = self._adapter.validate_json(to_json(arguments))
        except ValidationError as error:
            raise ModelRetry(told(error)) from error
        return Asked(self._adapter.dump_json(value).decode(), arguments, session)

    def _names_session(self, arguments: Mapping[str, Any]) -> bool:
        return self._sessions and arguments.get("session") is not None


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ModelRetry(f"invalid arguments: {name!r} is to be a text that says something")
    return value


class Output:
    """The answers of one tool.

    Args:
        kind: Type of the agent's output.
    """

    def __init__(self, kind: Any) -> None:
        self._adapter = _adapter(kind)
        self.schema: Mapping[str, Any] | None = _schema(self._adapter)
        """JSON Schema of them where they are objects, else None."""

    def told(self, value: Any) -> tuple[str, dict[str, Any] | None]:
        """An answer as text, and as an object if it is one."""
        if isinstance(value, str) and self.schema is None:
            return value, None
        if self.schema is None or self._adapter is None:
            from pydantic_core import to_json

            return to_json(value, fallback=repr).decode(), None
        plain = self._adapter.dump_python(value, mode="json", fallback=repr)
        return self._adapter.dump_json(value, fallback=repr).decode(), cast("dict[str, Any]", plain)


def _adapter(kind: Any) -> TypeAdapter[Any] | None:
    """What dumps the type; None for alternatives and lists of types, which tell no one type."""
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter[Any](kind)
    except (AttributeError, PydanticSchemaGenerationError, PydanticUserError, TypeError):
        return None


def _schema(shape: TypeAdapter[Any] | None) -> Mapping[str, Any] | None:
    from pydantic import PydanticUserError

    if shape is None:
        return None
    try:
        schema = rooted(untitled(shape.json_schema(mode="serialization")))
    except PydanticUserError:
        return None
    return schema if schema.get("type") == "object" else None
