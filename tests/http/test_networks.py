"""What a network does between here and a service: names that nobody knows, proxies that want a password."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.http.server import Server, whole
from tests.http.wires import WAIT, provider_at, text
from voxagent.errors import ProviderConnectionError, ProviderError
from voxagent.providers.http.retries import Retries

REFUSED = whole(407, b"a password, please", proxy_authenticate='Basic realm="office"')


async def failed(url: str, **options: Any) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await asyncio.wait_for(text(provider_at(url, retries=Retries(attempts=1), **options)), WAIT)
    return raised.value


async def test_a_name_that_nobody_knows_is_a_connection_error() -> None:
    error = await failed("http://nobody.invalid")
    assert isinstance(error, ProviderConnectionError)
    assert error.retryable


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_a_password_is_told_and_its_own_is_not(scheme: str) -> None:
    async with Server(REFUSED) as proxy:
        address = proxy.url.replace("http://", "http://me:open-sesame@")
        async with httpx2.AsyncClient(proxy=address) as client:
            error = await failed(f"{scheme}://service.invalid", client=client)
    assert isinstance(error, ProviderConnectionError) == (scheme == "https")
    assert "407" in f"{error} {error.status}"
    assert "open-sesame" not in str(error)
