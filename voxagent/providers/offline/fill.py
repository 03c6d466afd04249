"""Values for a JSON schema, taken from what the conversation offers; the smallest that fits elsewhere.

A value counts as found if something in the conversation stands for it. `Filler.invented` names what
was made up, so that a tool is not called on guesses while a better one is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .data import fields_of, items_of
from .mentions import Kind, Mentions, kind_of
from .scalars import Schema, is_open_text, number_fits, text_fits
from .schemas import Document, type_of
from .words import stem, stems, words

DEEPEST = 3
"""How deep values are looked for where no data of that depth is known."""
MOST_ITEMS = 20
NOTHING = object()
"""What is found where nothing stands for a value."""

SOURCES: Mapping[Kind | None, tuple[Kind, ...]] = {
    "path": ("path", "url", "quoted"),
    "url": ("url",),
    "email": ("email", "name"),
    "date": ("date",),
    "id": ("id", "number", "quoted"),
    "expression": ("expression",),
    "topic": ("quoted", "topic"),
    "text": ("quoted", "text"),
    "name": ("quoted", "name", "id"),
    None: ("quoted", "name", "id"),
}
"""Where text for an argument is looked for, by the kind that it wants."""
LASTING: frozenset[Kind] = frozenset(("topic", "text"))
"""What one value does not use up."""
CITED = stems("source citation reference")
"""What a list is called that says where an answer is from."""
DENIED = frozenset(words("no not without never dont"))


@dataclass(slots=True)
class Offer:
    """What a conversation offers to fill values with.

    Args:
        mentions: What the text mentions, by kind.
        known: Values by name.
        rows: Items for a list of objects.
        answer: A sentence for texts that nothing else is found for; "" to leave those out.
        lines: Texts for a list of texts.
        sources: What the answer is from: files, addresses.
    """

    mentions: Mentions
    known: Mapping[str, object] = field(default_factory=dict[str, object])
    rows: Sequence[object] = ()
    answer: str = ""
    lines: Sequence[str] = ()
    sources: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The text that the mentions are from."""
        return " ".join(self.mentions["text"])


@dataclass(slots=True, frozen=True)
class Place:
    """Where a value stands: its name, the values known there, how deep, and whether it may be left out."""

    name: str
    known: Mapping[str, object]
    depth: int = 0
    spare: bool = False

    @property
    def given(self) -> object:
        """The value known under the name of this place."""
        return self.known.get(self.name, NOTHING)

    def inside(self, given: object) -> Place:
        """The place of one item here."""
        return replace(self, known={**self.known, self.name: given}, depth=self.depth + 1, spare=True)


class Filler:
    """Fills one schema; every mention is used once.

    Args:
        schema: The schema, an object.
        offer: What to fill it with.
    """

    def __init__(self, schema: Schema, offer: Offer) -> None:
        self.document: Document = Document(schema)
        self.offer = offer
        self.invented: list[str] = []
        self.strength: int = 0
        self._left: dict[Kind, list[str]] = {kind: list(items) for kind, items in offer.mentions.items()}
        self._said = words(offer.text)
        self._stems = stems(offer.text)

    def arguments(self) -> dict[str, Any]:
        """The object that the schema describes."""
        schema = self.document.resolved(self.document.root)
        return self._object(self.document.branches(schema)[0], self.offer.known, 0)

    def _object(self, schema: Schema, known: Mapping[str, object], depth: int) -> dict[str, Any]:
        required: Sequence[str] = schema.get("required", [])
        filled: dict[str, Any] = {}
        for name, part in fields_of(schema.get("properties")).items():
            place = Place(name, known, depth, spare=name not in required)
            value = self._found(part, place) if self._wanted(part, place) else NOTHING
            if value is not NOTHING:
                filled[name] = value
            elif not place.spare:
                self.invented.append(name)
                filled[name] = self._made_up(part)
        if len(filled) < max(len(required), schema.get("minProperties", 0)):
            return {**self.document.smallest({"type": "object", **schema}), **filled}
        return filled

    def _wanted(self, part: object, place: Place) -> bool:
        """Whether to look for a value: if it must be there, if there is an answer to give, or it is named."""
        if not place.spare or self.offer.answer or place.given is not NOTHING:
            return True
        if {stem(word) for word in words(place.name)} & self._stems:
            return True
        branches = self.document.branches(self.document.resolved(part))
        return any("enum" in each or "const" in each for each in branches)

    def _made_up(self, part: object) -> Any:
        schema = self.document.resolved(part)
        if schema.get("type") == "string" and is_open_text(schema) and not schema.keys() & {"enum", "const"}:
            for text in (*self.offer.mentions["topic"], *self.offer.mentions["text"]):
                if text_fits(schema, text):
                    return text
        return self.document.smallest(schema)

    def _found(self, part: object, place: Place) -> Any:
        schema = self.document.resolved(part)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next(self._members(schema, place.given), NOTHING)
        branches = self.document.branches(schema)
        if place.depth > DEEPEST:
            return NOTHING
        if branches != [schema]:
            spare = place.spare or any(type_of(each) == "null" for each in branches)
            deeper = replace(place, depth=place.depth + 1, spare=spare)
            tried = (self._found(each, deeper) for each in branches)
            return next((value for value in tried if value is not NOTHING), NOTHING)
        return self._of_type(schema, place)

    def _of_type(self, schema: Schema, place: Place) -> Any:
        match type_of(schema):
            case "array":
                return self._array(schema, place)
            case "object":
                return self._nested(schema, place)
            case "boolean":
                return place.given if isinstance(place.given, bool) else self._affirmed(place.name)
            case "integer" | "number":
                return self._number(schema, place.given)
            case "string":
                return next(self._texts(schema, place), NOTHING)
            case "any" if place.given is not NOTHING:
                return place.given
            case _:
                return NOTHING

    def _members(self, schema: Schema, given: object) -> Iterator[Any]:
        """The members of an enumeration that are known or mentioned."""
        members = items_of(schema["enum"])
        yield from (member for member in members if member == given)
        for member in members:
            told = {stem(word) for word in words(str(member))}
            if (told and told <= self._stems) or str(member) in self.offer.text.split():
                self.strength += 2
                yield member

    def _affirmed(self, name: str) -> object:
        """Whether a named switch is to be on; one that is not named is not found."""
        named = {stem(word) for word in words(name)} & self._stems
        for at, word in enumerate(self._said):
            if stem(word) in named:
                return not DENIED & set(self._said[max(0, at - 2) : at])
        return NOTHING

    def _number(self, schema: Schema, given: object) -> object:
        for text in (str(given), *self._left["number"]):
            try:
                number = float(text)
            except ValueError:
                continue
            if number_fits(schema, number):
                self._use("number", text)
                return int(number) if number.is_integer() else number
        return NOTHING

    def _texts(self, schema: Schema, place: Place) -> Iterator[str]:
        """Texts for a place, the best first; taking one uses it up."""
        if isinstance(place.given, (str, int, float)) and text_fits(schema, str(place.given)):
            yield str(place.given)
        if not is_open_text(schema):
            yield from self._shaped(schema)
            return
        kind = kind_of(place.name, str(schema.get("description", "")))
        if not (self.offer.answer and kind in (None, "text", "topic")):
            for source in SOURCES[kind]:
                for text in [each for each in self._left[source] if text_fits(schema, each)]:
                    self._use(source, text)
                    yield text
        answer = self.offer.answer[: schema.get("maxLength")]
        if answer and text_fits(schema, answer):
            yield answer

    def _shaped(self, schema: Schema) -> Iterator[str]:
        """Pieces of the text that have the pattern or format of the schema."""
        pieces = (piece.strip(".,;:!?()[]\"'`") for piece in self.offer.text.split())
        for text in (*self._left["quoted"], *self._left["date"], *pieces):
            if text and text_fits(schema, text):
                self.strength += 2
                yield text

    def _use(self, source: Kind, text: str) -> None:
        self.strength += 1 if source in LASTING else 2
        if source not in LASTING and text in self._left[source]:
            self._left[source].remove(text)

    def _nested(self, schema: Schema, place: Place) -> object:
        given = fields_of(place.given)
        if "properties" not in schema:
            return self._open(schema, given, place) if given else NOTHING
        if not given and place.spare and self.offer.answer:
            return NOTHING
        before = len(self.invented)
        depth = 0 if given else place.depth + 1
        filled = self._object(schema, given or self.offer.known, depth)
        required = len(schema.get("required", []))
        if required and len(self.invented) - before >= required:
            del self.invented[before:]
            return NOTHING
        return filled

    def _open(self, schema: Schema, given: Mapping[str, object], place: Place) -> object:
        """An object whose names are not listed, from one that is known."""
        if schema.keys() & {"propertyNames", "patternProperties"}:
            return NOTHING
        if not schema.get("minProperties", 0) <= len(given) <= schema.get("maxProperties", len(given)):
            return NOTHING
        part = schema.get("additionalProperties")
        if not fields_of(part):
            return dict(given)
        inside = {name: self._found(part, Place(name, given, place.depth + 1)) for name in given}
        return NOTHING if NOTHING in inside.values() else inside

    def _array(self, schema: Schema, place: Place) -> object:
        most = min(schema.get("maxItems", MOST_ITEMS), MOST_ITEMS)
        found: list[Any] = []
        for value in () if "prefixItems" in schema else self._items(schema, place):
            if value is not NOTHING and value not in found and len(found) < most:
                found.append(value)
        return found if found and len(found) >= schema.get("minItems", 0) else NOTHING

    def _items(self, schema: Schema, place: Place) -> Iterator[Any]:
        item = self.document.resolved(schema.get("items"))
        if stems(place.name) & CITED and type_of(item) == "string" and is_open_text(item):
            yield from self.offer.sources
            return
        given = items_of(place.given)
        if place.given is NOTHING and place.known is self.offer.known:
            given = self.offer.rows
        if given:
            for each in given:
                yield self._found(item, place.inside(each))
        elif "enum" in item:
            yield from self._members(item, place.given)
        elif type_of(item) == "string" and "const" not in item:
            yield from self._listed(item, place)
        else:
            yield self._found(item, replace(place, depth=place.depth + 1, spare=True))

    def _listed(self, item: Schema, place: Place) -> Iterator[str]:
        for text in self._texts(item, place):
            if text != self.offer.answer:
                yield text
            else:
                yield from (line for line in self.offer.lines if text_fits(item, line))
