"""What a model is told of a function."""

import json
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from voxagent import tool


class Guest(BaseModel):
    name: str
    age: Annotated[int, Field(ge=0)]


@tool
def book(day: date, guests: list[Guest], room: Literal["single", "double"] = "double") -> str:
    """Book a room.

    Args:
        day: The first night.
        guests: Everybody who sleeps there.
        room: Size of the room.
    """
    return f"{room} room for {', '.join(guest.name for guest in guests)} from {day:%d %B}"


print(book.name, "-", book.description)
for name, schema in book.parameters["properties"].items():
    print(name, json.dumps(schema))
print(book.parameters["required"])

# It is still the function that it was.
print(book(date(2026, 5, 1), [Guest(name="Ada", age=36)]))
