"""Ask which models there are. It is one small answer, so it is read whole, and waited for at most a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, cast

from ...errors import MalformedAnswerError, ProviderError, ProviderTimeoutError
from ..http.clients import Clients
from ..http.jsontext import loaded
from ..http.library import library_of, told_error
from .errors import http_error

SECONDS = 30.0
MAX_BYTES = 10_000_000


async def listed(clients: Clients, url: str, headers: Mapping[str, str]) -> list[str]:
    """The names of the models that an address lists.

    Raises:
        ProviderError: nobody answered in time, or the answer was an error or none.
    """
    async with clients.taken(url) as client:
        try:
            async with asyncio.timeout(SECONDS):
                return await _asked(client, url, headers)
        except ProviderError:
            raise
        except TimeoutError as error:
            raise ProviderTimeoutError(f"no list of models within {SECONDS:.0f} s") from error
        except Exception as error:  # raised again if it is not the client's
            told = told_error(library_of(client), error)
            if told is None:
                raise
            raise told from error


async def _asked(client: Any, url: str, headers: Mapping[str, str]) -> list[str]:
    response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
    async with aclosing(response):
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MAX_BYTES:
                raise MalformedAnswerError(f"the list of models is larger than {MAX_BYTES:,} bytes")
    if response.status_code != 200:
        told = {name.lower(): value for name, value in response.headers.items()}
        raise http_error(response.status_code, told, body)
    return _names(body)


def _names(body: bytes) -> list[str]:
    try:
        models = cast("list[dict[str, Any]]", loaded(body)["models"])
        return [str(each.get("model") or each["name"]) for each in models]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MalformedAnswerError("the list of models cannot be read") from error
