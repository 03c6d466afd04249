"""Tools that run at the provider: it searches, executes and fetches by itself, within its answer.

They are told to a model beside the agent's own tools, each provider in its own words. What they did stands
in the answer as `ProviderBlock`s, and goes back to that provider as it came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, TypeAlias

from ..errors import ConfigError
from .record import Record, frozen


@frozen
class UserLocation(Record):
    """About where the user is, for results that suit the place.

    Args:
        city: Such as "Oslo".
        region: Such as "Østlandet".
        country: Two letters (ISO 3166-1), such as "NO".
        timezone: An IANA name, such as "Europe/Oslo".
    """

    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


@frozen
class WebSearch(Record):
    """The provider searches the web.

    Args:
        allowed_domains: Only these are searched; empty for all.
        blocked_domains: These are not.
        max_uses: How many searches one request may make.
        context_size: How much of what was found the model is shown, where the provider lets one choose.
        user_location: About where the user is.
    """

    allowed_domains: Sequence[str] = ()
    blocked_domains: Sequence[str] = ()
    max_uses: int | None = None
    context_size: Literal["low", "medium", "high"] | None = None
    user_location: UserLocation | None = None

    def __post_init__(self) -> None:
        if self.max_uses is not None and self.max_uses < 1:
            raise ConfigError(f"WebSearch(max_uses={self.max_uses!r}): at least 1 is needed")
        _check_texts("WebSearch", "allowed_domains", self.allowed_domains)
        _check_texts("WebSearch", "blocked_domains", self.blocked_domains)


@frozen
class CodeExecution(Record):
    """The provider executes code that the model writes, in a container of its own.

    Args:
        container: Id of a container to go on with; a fresh one by default.
        file_ids: Files at the provider that a fresh container shall hold.
    """

    container: str | None = None
    file_ids: Sequence[str] = ()

    def __post_init__(self) -> None:
        _check_texts("CodeExecution", "file_ids", self.file_ids)
        if self.container is not None and self.file_ids:
            raise ConfigError(
                "CodeExecution takes container or file_ids: files go into a fresh container only"
            )


@frozen
class FileSearch(Record):
    """The provider searches files that were stored with it.

    Args:
        vector_store_ids: The stores that are searched.
        max_results: How many passages the model is shown at most.
        filters: Which files count, in the provider's own words.
    """

    vector_store_ids: Sequence[str]
    max_results: int | None = None
    filters: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _check_texts("FileSearch", "vector_store_ids", self.vector_store_ids)
        if not self.vector_store_ids:
            raise ConfigError("FileSearch(vector_store_ids=[]): at least one store is needed")


@frozen
class NativeTool(Record):
    """Any other tool of a provider, in that provider's own words: it is sent as it is.

    Args:
        type: The tool's `type`, such as "image_generation" or "web_fetch_20250910".
        options: Its other fields.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


ProviderTool: TypeAlias = WebSearch | CodeExecution | FileSearch | NativeTool
"""A tool that runs at the provider."""


def _check_texts(owner: str, name: str, given: object) -> None:
    """Text in place of a list of texts would be read letter by letter."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ConfigError(f"{owner}({name}={given!r}): a list of texts is expected")
