"""What is stored on a server holds no secret, nor does what the server logs. `R-A13`."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis

from tests.behaviour.server import FaultServer
from tests.leaks.hidden import Deps
from tests.leaks.sinks import Texts
from tests.leaks.test_leaks import API_KEY, CASES, ONCE, agent_of, given_away, stream_of
from tests.session import servers
from voxagent.providers import OpenAIChatProvider

pytestmark = pytest.mark.server

STORED = ("what the model says", "prompt", "arguments", "broken arguments", "tool's result", "failing tool")


def rows_of(url: str) -> Texts:
    """All that is in the tables of a PostgreSQL server, and its journal."""
    tables = ("voxagent_session", "voxagent_message")
    with psycopg.connect(url) as client:
        found: Texts = {name: repr(client.execute(f"select * from {name}").fetchall()) for name in tables}
        [[folder]] = client.execute("show data_directory").fetchall()
        client.execute("checkpoint")
        journal = client.execute("select name from pg_ls_waldir()").fetchall()
        for [name] in journal:
            [[data]] = client.execute(
                "select pg_read_binary_file(%s)", (f"{folder}/pg_wal/{name}",)
            ).fetchall()
            found[name] = data
    return found


def values_of(url: str) -> Texts:
    """All that a Redis server keeps."""
    with redis.Redis.from_url(url) as client:
        return {
            str(name): client.dump(name) + repr(everything(client, name)).encode()
            for name in client.scan_iter()
        }


def everything(client: Any, name: bytes) -> Any:
    match client.type(name):
        case b"list":
            return client.lrange(name, 0, -1)
        case b"hash":
            return client.hgetall(name)
        case _:
            return client.get(name)


@pytest.fixture(params=["postgresql", "redis"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    """The URL of a server, and what gives all that it has."""
    making, read = (
        (servers.postgres, rows_of) if request.param == "postgresql" else (servers.redis, values_of)
    )
    with making() as url:
        yield url, read


async def test_no_secret_is_kept_by_a_server(place: tuple[str, Any]) -> None:
    url, read = place
    for number, case in enumerate(STORED):
        told = CASES[case]
        with FaultServer(*map(stream_of, told.answers)) as server:
            provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE)
            agent = agent_of(provider, told, session_storage=url)
            agent.instructions(lambda: "be brief")
            await agent.run(told.prompt, deps=Deps(), session_key=f"k{number}")
    texts = read(url)
    assert sum("[REDACTED:" in str(text) for text in texts.values()) > 0
    assert given_away(texts) == {}
