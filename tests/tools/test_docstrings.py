"""What the model is told of a function: its description and its parameters', in three styles."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from voxagent.tools import tool


def google(city: str, days: int = 1, *more: str, **rest: str):
    """Look up the weather.

    It is looked up
    in the database.

    Args:
        city (str): Name of the city,
            in English.
        days: How many days. Defaults to 1.
        *more: More cities.
        **rest: Anything else.

    Returns:
        str: The weather.

    Raises:
        ValueError: Never.
    """


def numpy(city: str, days: int = 1, *more: str, **rest: str):
    """Look up the weather.

    It is looked up
    in the database.

    Parameters
    ----------
    city : str
        Name of the city,
        in English.
    days : int, optional
        How many days. Defaults to 1.
    *more : str
        More cities.
    **rest
        Anything else.

    Returns
    -------
    str
        The weather.
    """


def sphinx(city: str, days: int = 1, *more: str, **rest: str):
    """Look up the weather.

    It is looked up
    in the database.

    :param city: Name of the city,
        in English.
    :type city: str
    :param int days: How many days. Defaults to 1.
    :param more: More cities.
    :param rest: Anything else.
    :returns: The weather.
    :raises ValueError: Never.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_descriptions_are_read_in_all_three_styles(function: Any) -> None:
    it = tool(function)
    assert it.description == "Look up the weather.\n\nIt is looked up\nin the database."
    properties = it.parameters["properties"]
    assert properties["city"] == {"type": "string", "description": "Name of the city, in English."}
    assert properties["days"]["description"] == "How many days. Defaults to 1."
    assert properties["more"]["items"]["description"] == "More cities."
    assert it.parameters["additionalProperties"]["description"] == "Anything else."


def google_plain():
    """Do it.

    Really.

    Returns:
        The thing.
    """


def numpy_plain():
    """Do it.

    Really.

    Returns
    -------
    int
        The thing.
    """


def sphinx_plain():
    """Do it.

    Really.

    :returns: The thing.
    """


@pytest.mark.parametrize("function", [google_plain, numpy_plain, sphinx_plain])
def test_what_the_function_returns_is_not_told_to_the_model(function: Any) -> None:
    assert tool(function).description == "Do it.\n\nReally."


def test_numpy_parameters_that_share_a_description_each_have_it() -> None:
    @tool
    def move(x: int, y: int) -> None:
        """Move.

        Parameters
        ----------
        x, y : int
            The place.
        """

    assert [told["description"] for told in move.parameters["properties"].values()] == ["The place."] * 2


def test_prose_that_only_looks_like_a_section_is_kept() -> None:
    @tool
    def odd(x: int) -> None:
        """Do.

        Args:
          x
        """

    assert odd.description == "Do.\n\nArgs:\n  x"
    assert odd.parameters["properties"] == {"x": {"type": "integer"}}


def test_a_docstring_that_the_parser_stumbles_over_is_told_as_it_is() -> None:
    @tool
    def odd(x: int) -> None:
        """: :param"""

    assert odd.description == ": :param"


def test_a_heading_word_in_prose_ends_nothing() -> None:
    @tool
    def odd() -> None:
        """Returns
        come later.
        """

    assert odd.description == "Returns\ncome later."


def test_a_function_without_docstring_has_an_empty_description() -> None:
    @tool
    def silent(x: int) -> None: ...

    assert (silent.description, silent.parameters["properties"]) == ("", {"x": {"type": "integer"}})


def test_the_description_of_a_field_wins_over_the_docstring() -> None:
    @tool
    def find(
        limit: Annotated[int, Field(description="From the field.")], page: Annotated[int, Field(ge=1)]
    ) -> None:
        """Find.

        Args:
            limit: From the docstring.
            page: From the docstring, too.
        """

    assert find.parameters["properties"] == {
        "limit": {"type": "integer", "description": "From the field."},
        "page": {"type": "integer", "minimum": 1, "description": "From the docstring, too."},
    }


def test_a_description_of_the_context_is_not_told() -> None:
    @tool
    def find(ctx: Any, x: int) -> None:
        """Find.

        Args:
            ctx: The context.
            x: A number.
        """

    @tool
    def get(ctx, x: int) -> None:  # type: ignore[no-untyped-def]
        """Get.

        Args:
            ctx: The context.
            x: A number.
        """

    assert get.parameters["properties"] == {"x": {"type": "integer", "description": "A number."}}
    assert set(find.parameters["properties"]) == {"ctx", "x"}
