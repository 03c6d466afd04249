"""The arguments that a served agent takes, and the form of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

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
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""What pydantic calls it when a name is not that of a field."""


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
        self._adapter = None if kind is None else _adapter(kind)
        if kind is not None and _schema(self._adapter, "validation") is None:
            raise ConfigError(
                f"input_type={kind!r:.100} of {tool!r} is not an object such as a model or dataclass"
            )
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
        if not self._sessions:
            return schema
        fields = schema.get("properties", {})
        if "session" in fields:
            raise ConfigError(f"input_type of {tool!r} has a field 'session': sessions=True needs that name")
        return {**schema, "properties": {**fields, "session": dict(SESSION)}}

    def read(self, given: Mapping[str, Any]) -> Asked:
        """Check arguments; raises `ModelRetry` with what is wrong."""
        arguments = dict(given)
        named = arguments.pop("session", None) if self._sessions else None
        session = None if named is None else _text(named, "session")
        self._refuse_unknown(arguments)
        if self._adapter is None:
            if "prompt" not in arguments:
                raise ModelRetry("invalid arguments: 'prompt' is missing")
            return Asked(_text(arguments["prompt"], "prompt"), arguments, session)
        from pydantic import ValidationError
        from pydantic_core import to_json

        try:
            value = self._adapter.validate_json(to_json(arguments))
        except ValidationError as error:
            raise ModelRetry(told(error)) from error
        return Asked(self._adapter.dump_json(value).decode(), arguments, session)

    def _refuse_unknown(self, arguments: Mapping[str, Any]) -> None:
        """Refuse names that nothing takes, but where a model itself takes any."""
        known: Mapping[str, Any] = self.schema.get("properties", {})
        unknown = [name for name in arguments if name not in known]
        if not unknown or self.schema.get("additionalProperties", False) is not False:
            return
        if self._adapter is not None:
            unknown = _unknown(self._adapter, arguments)
        if unknown:
            names, are = ", ".join(f"{name!r:.100}" for name in unknown), "is" if len(unknown) == 1 else "are"
            raise ModelRetry(
                f"invalid arguments: {names} {are} not known; known are {', '.join(map(repr, known))}"
            )


def _unknown(adapter: TypeAdapter[Any], arguments: Mapping[str, Any]) -> list[str]:
    """What no field takes by any of its names."""
    from pydantic import ValidationError
    from pydantic_core import to_json

    try:
        adapter.validate_json(to_json(arguments), extra="forbid")
    except ValidationError as error:
        wrong = [
            each for each in error.errors(include_url=False, include_context=False) if each["type"] in UNKNOWN
        ]
        return [str(each["loc"][0]) for each in wrong if len(each["loc"]) == 1]
    return []


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
        self.schema: Mapping[str, Any] | None = _schema(self._adapter, "serialization")
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


def _schema(
    shape: TypeAdapter[Any] | None, mode: Literal["validation", "serialization"]
) -> Mapping[str, Any] | None:
    from pydantic import PydanticUserError

    if shape is None:
        return None
    try:
        schema = rooted(untitled(shape.json_schema(mode=mode)))
    except PydanticUserError:
        return None
    return schema if schema.get("type") == "object" else None
