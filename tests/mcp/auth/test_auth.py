"""R-A17: servers that want to know who calls: OAuth by the SDK, headers of each run, and refusals."""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from tests.mcp.auth.authority import CLIENT, CLIENT_SECRET, Authority, protected
from tests.mcp.serving.agents import TOKEN, Diary, agents
from tests.mcp.serving.test_transports import served
from voxagent import Agent, RunContext
from voxagent.errors import ToolsetAuthError, ToolsetError
from voxagent.mcp import InMemoryTokenStorage, MCPServer, MCPServerHTTP, MCPServerSSE, client_credentials
from voxagent.mcp.secrets import Secrets
from voxagent.testing import ScriptedProvider, text, tool_call
from voxagent.types import RunResult

CALLBACK = "http://localhost:3030/callback"
WRONG = "wr0ng-secret-of-the-program-12"


async def greeted(*servers: MCPServer, **options: Any) -> RunResult[str]:
    provider = ScriptedProvider(tool_call("greeter", prompt="world"), text("done"))
    return await Agent(provider, toolsets=servers).run("go", **options)


def answers(result: RunResult[Any]) -> list[str]:
    return [told.text for message in result.messages for told in message.tool_results]


def credentials(authority: Authority, **options: Any) -> Any:
    given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "issuer": authority.issuer, **options}
    return client_credentials(f"{authority.url}/mcp", **given)


class User:
    """A user's browser; it visits the address that it is sent to.

    Args:
        seconds: How long the user thinks.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._back: dict[str, list[str]] = {}

    async def visit(self, url: str) -> None:
        async with httpx2.AsyncClient() as client:
            response = await client.get(url)
        self._back = parse_qs(urlsplit(response.headers["location"]).query)
        await asyncio.sleep(self._seconds)

    async def result(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=self._back["code"][0], state=self._back["state"][0])

    def provider(self, url: str, storage: InMemoryTokenStorage) -> OAuthClientProvider:
        return OAuthClientProvider(
            server_url=url,
            storage=storage,
            redirect_handler=self.visit,
            callback_handler=self.result,
            client_metadata=OAuthClientMetadata(client_name="it", redirect_uris=[AnyUrl(CALLBACK)]),
        )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_program_is_let_in_by_its_credentials_which_nobody_sees(
    mode: Any, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with protected() as authority:
            auth = credentials(authority, method=method, scope="use")
            server = MCPServerHTTP(f"{authority.url}/mcp", auth=auth, mode=mode)
            result = await greeted(server)
            assert authority.asked == ["client_credentials"]
    assert answers(result) == ["hello world"]
    shown = f"{server!r}{auth!r}{result.model_dump_json()}{caplog.text}"
    assert [each for each in (CLIENT_SECRET, *authority.tokens) if each in shown] == []


async def test_credentials_that_are_wrong_are_an_error_that_says_what_to_look_at() -> None:
    async with protected() as authority:
        server = MCPServerHTTP(f"{authority.url}/mcp", auth=credentials(authority, client_secret=WRONG))
        with pytest.raises(
            ToolsetAuthError, match=r"does not let us in: .*check what headers= or auth="
        ) as raised:
            await greeted(server)
    assert raised.value.kind == "toolset_auth"
    assert not raised.value.retryable
    assert WRONG not in f"{raised.value!r}"
    assert "[REDACTED:client_secret] is wrong" in str(raised.value)


async def test_credentials_go_to_the_named_issuer_only() -> None:
    async with protected() as authority:
        auth = credentials(authority, issuer="https://login.example")
        with pytest.raises(ToolsetAuthError, match="issuer mismatch"):
            await greeted(MCPServerHTTP(f"{authority.url}/mcp", auth=auth))
        assert authority.asked == []


async def test_an_issuer_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="issuer"):
        client_credentials("http://x.test/mcp", client_id="a", client_secret="b", issuer="login")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_that_wants_a_token_says_so_to_those_without(mode: Any) -> None:
    async with protected() as authority:
        server = MCPServerHTTP(f"{authority.url}/mcp", mode=mode)
        with pytest.raises(ToolsetAuthError, match="HTTP 401 Unauthorized; check what headers= or auth="):
            await greeted(server)
        assert server.state == "failed"


async def test_a_server_that_is_not_required_is_left_out_and_the_run_says_why() -> None:
    async with protected() as authority:
        server = MCPServerHTTP(f"{authority.url}/mcp", required=False)
        agent = Agent(ScriptedProvider(text("done")), toolsets=[server])
        async with agent.run_stream("go") as stream:
            told = [event.error async for event in stream if event.event_type == "toolset_error"]
    assert [type(error) for error in told] == [ToolsetAuthError]


@pytest.mark.slow
async def test_a_user_lets_the_program_in_once_and_takes_the_time_that_it_takes() -> None:
    async with protected() as authority:
        url, storage = f"{authority.url}/mcp", InMemoryTokenStorage()
        slow = MCPServerHTTP(url, auth=User(1.5).provider(url, storage), connect_timeout=3)
        assert answers(await greeted(slow)) == ["hello world"]
        assert authority.spoken == {"2026-07-28"}
        assert authority.asked == ["register", "authorize", "authorization_code"]
        again = MCPServerHTTP(url, auth=User().provider(url, storage))
        assert answers(await greeted(again)) == ["hello world"]
        assert authority.asked == ["register", "authorize", "authorization_code"]


async def test_a_token_that_was_withdrawn_is_replaced_within_the_call() -> None:
    async with protected() as authority:
        server = MCPServerHTTP(f"{authority.url}/mcp", auth=credentials(authority))
        async with server:
            await greeted(server)
            authority.tokens.clear()
            assert answers(await greeted(server)) == ["hello world"]
        assert authority.asked == ["client_credentials"] * 2


async def test_a_server_that_lets_us_in_no_more_fails_the_call_and_not_the_run() -> None:
    async with protected() as authority:
        header = {"authorization": "Bearer t0ken-of-somebody-4711"}
        authority.tokens.add("t0ken-of-somebody-4711")
        server = MCPServerHTTP(f"{authority.url}/mcp", headers=header)
        async with server:
            assert answers(await greeted(server)) == ["hello world"]
            authority.tokens.clear()
            result = await greeted(server)
            authority.tokens.add("t0ken-of-somebody-4711")
            assert answers(await greeted(server)) == ["hello world"]
    assert result.ok
    assert "does not let us in: HTTP 401 Unauthorized" in answers(result)[0]


async def test_an_authority_that_refuses_from_now_on_fails_the_call_and_not_the_run() -> None:
    async with protected() as authority:
        server = MCPServerHTTP(f"{authority.url}/mcp", auth=credentials(authority))
        async with server:
            await greeted(server)
            authority.tokens.clear()
            authority.refuses = True
            result = await greeted(server)
            authority.refuses = False
            assert answers(await greeted(server)) == ["hello world"]
    assert result.ok
    [told] = answers(result)
    assert "Token exchange failed" in told
    assert CLIENT_SECRET not in told


async def test_headers_are_those_of_the_run_also_where_runs_share_a_connection(tmp_path: Any) -> None:
    def headers(run: RunContext[Any] | None) -> Mapping[str, str]:
        return {} if run is None else {"x-user": run.metadata["user"]}

    async def user_of(server: MCPServer, user: str) -> list[str]:
        provider = ScriptedProvider(tool_call("who", prompt="go"), text("done"))
        agent = Agent(provider, toolsets=[server])
        return answers(await agent.run("go", metadata={"user": user}))

    users = [f"u{number}" for number in range(20)]
    for mode in ("auto", "legacy"):
        async with served(*agents(Diary(tmp_path / "diary"))) as url:
            server = MCPServerHTTP(url, headers=headers, mode=mode)
            async with server, asyncio.timeout(30):
                found = await asyncio.gather(*(user_of(server, user) for user in users))
        assert found == [[user] for user in users]


async def test_over_the_older_protocol_a_refusal_is_the_same_error(tmp_path: Any) -> None:
    async with served(*agents(Diary(tmp_path / "diary")), token=TOKEN) as url:
        with pytest.raises(ToolsetAuthError, match="HTTP 401 Unauthorized"):
            await greeted(MCPServerSSE(url))


@pytest.mark.parametrize("client", [None, httpx2.AsyncClient])
async def test_an_auth_of_the_programs_own_is_used_as_it_is(client: Any) -> None:
    class Bearer(httpx2.Auth):
        def auth_flow(self, request: httpx2.Request) -> Any:
            request.headers["authorization"] = "Bearer t0ken-of-somebody-4711"
            yield request

    async with protected() as authority:
        server = MCPServerHTTP(f"{authority.url}/mcp", auth=Bearer(), client=client)
        with pytest.raises(ToolsetError, match="HTTP 401"):
            await greeted(server)
        authority.tokens.add("t0ken-of-somebody-4711")
        assert answers(await greeted(server)) == ["hello world"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_authority_is_asked_once_for_each_attempt(mode: Any) -> None:
    async with protected() as authority:
        authority.refuses = True
        auth = credentials(authority)
        with pytest.raises(ToolsetAuthError, match="Token exchange failed"):
            await greeted(MCPServerHTTP(f"{authority.url}/mcp", auth=auth, mode=mode))
        assert authority.asked == ["client_credentials"]


def test_headers_that_differ_from_run_to_run_do_not_pile_up() -> None:
    secrets = Secrets()
    secrets.add_url("http://user:pa55word-of-it@x.test/mcp")
    for number in range(1_000):
        secrets.add_headers({"authorization": f"Bearer t0ken-of-run-{number}"})
    told = secrets.text("t0ken-of-run-999 t0ken-of-run-900 t0ken-of-run-1 pa55word-of-it")
    assert re.sub(r"-\d+]", "]", told).split() == [
        "[REDACTED:authorization]",
        "[REDACTED:authorization]",
        "t0ken-of-run-1",
        "[REDACTED:password]",
    ]
