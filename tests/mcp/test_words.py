"""Names, schemas, blocks and secrets, without a server."""

import re
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.server import MCPServer as Server
from mcp.types import ImageContent

from tests.mcp.servers import called
from voxagent import ConfigError
from voxagent.errors import ToolError
from voxagent.mcp import Elicitation, MCPServerHTTP, MCPServerInProcess, MCPServerStdio, sanitize_tool_name
from voxagent.mcp.mending import mended
from voxagent.mcp.results import block_of, returned, text_of
from voxagent.mcp.schemas import rooted
from voxagent.mcp.secrets import Secrets
from voxagent.types.blocks import AudioBlock, DocumentBlock, ImageBlock, TextBlock

VALID = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")


@given(st.text(max_size=100))
def test_any_name_becomes_one_that_every_provider_takes_and_stays_so(name: str) -> None:
    found = sanitize_tool_name(name)
    assert VALID.fullmatch(found)
    assert sanitize_tool_name(found) == found == sanitize_tool_name(name)


@given(st.from_regex(VALID, fullmatch=True))
def test_a_name_that_is_valid_stays_as_it_is(name: str) -> None:
    assert sanitize_tool_name(name) == name


def test_long_names_that_differ_at_their_end_stay_apart() -> None:
    assert sanitize_tool_name("n" * 90 + "a") != sanitize_tool_name("n" * 90 + "b")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", "array", "string", None, 3]) | st.just(["object", "null"]),
        "properties": st.dictionaries(st.text(max_size=5), JSON, max_size=3) | st.none() | st.just([]),
        "$ref": st.sampled_from(["#/$defs/A", "#/$defs/none", "https://elsewhere", "#/a~1b/c~0d"]),
        "$defs": st.dictionaries(st.sampled_from(["A", "B"]), JSON, max_size=2),
        "a/b": st.just({"c~d": {"type": "object", "properties": {"x": {}}}}),
        "$schema": st.just("https://json-schema.org/draft/2020-12/schema"),
        "required": st.lists(st.text(max_size=5), max_size=2),
        "anyOf": st.lists(JSON, max_size=2),
    },
)


@given(SCHEMAS)
def test_any_root_becomes_an_object_with_properties_and_nothing_else_is_lost(schema: dict[str, Any]) -> None:
    found, told = rooted(schema)
    assert found["type"] == "object"
    assert isinstance(found["properties"], dict)
    kept = {key: value for key, value in schema.items() if key in ("required", "anyOf", "$defs")}
    if "$ref" not in schema:
        assert kept.items() <= found.items()
    if isinstance(schema.get("properties"), dict):
        assert found["properties"] == schema["properties"]
    if "$ref" not in schema:
        assert bool(told) == (schema.get("type", "object") not in ("object", ["object", "null"]))
    assert rooted(None) == ({"type": "object", "properties": {}}, "")


@given(JSON)
def test_any_list_of_tools_is_mended_to_one_that_can_be_read(result: Any) -> None:
    from mcp_types import Tool

    for tool in ({"name": "a", "inputSchema": result, "outputSchema": result, "title": result}, result):
        found = mended({"tools": [tool]})["tools"]
        for each in found:
            assert Tool.model_validate(each).input_schema["type"] == "object"
    assert mended(result) == result or isinstance(result, dict)
    assert mended({"tools": result, "resultType": "complete"})["resultType"] == "complete"


def test_mending_keeps_what_a_tool_has_beside() -> None:
    given = {"name": "a", "inputSchema": {}, "outputSchema": {"properties": {}}, "_meta": {"k": 1}}
    (found,) = mended({"tools": [given]})["tools"]
    said = "its input schema has no type; its output schema has no type"
    assert found["_meta"] == {"k": 1, "voxagent/mended": said}
    assert found["outputSchema"] == {"properties": {}, "type": "object"}
    fine = {"tools": [{"name": "a", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"}}]}
    assert mended({**fine, "resultType": "complete"}) == {**fine, "resultType": "complete"}


def result_of(*content: Any, structured: Any = None, meta: Any = None) -> Any:
    return SimpleNamespace(content=list(content), structured_content=structured, meta=meta)


def test_every_kind_of_content_becomes_a_block() -> None:
    from mcp.types import (
        AudioContent,
        BlobResourceContents,
        EmbeddedResource,
        ImageContent,
        ResourceLink,
        TextContent,
        TextResourceContents,
    )

    def embedded(uri: str, kind: str | None) -> EmbeddedResource:
        return EmbeddedResource(resource=BlobResourceContents(uri=uri, blob="eA==", mime_type=kind))

    result = result_of(
        TextContent(text="a"),
        ImageContent(data="aW1n", mime_type="image/png"),
        AudioContent(data="YXVk", mime_type="audio/wav"),
        ResourceLink(uri="file:///a", name="a", title="A", description="first"),
        EmbeddedResource(resource=TextResourceContents(uri="file:///b", text="inside")),
        embedded("file:///c.png", "image/png"),
        embedded("file:///c.wav", "audio/wav"),
        embedded("file:///c/d.pdf", "application/pdf"),
        embedded("file:///e", None),
        structured={"n": 1},
        meta={"m": 2},
    )
    found = returned(result)
    assert found.value == [
        TextBlock("a"),
        ImageBlock("image/png", "aW1n"),
        AudioBlock("audio/wav", "YXVk"),
        TextBlock("A - first: file:///a"),
        TextBlock("inside"),
        ImageBlock("image/png", "eA=="),
        AudioBlock("audio/wav", "eA=="),
        DocumentBlock("application/pdf", "eA==", name="d.pdf"),
        DocumentBlock("application/octet-stream", "eA==", name="e"),
    ]
    assert found.metadata == {"structured_content": {"n": 1}, "_meta": {"m": 2}}
    assert text_of(result) == "a\nA - first: file:///a\ninside"


def test_one_text_is_the_text_and_structured_content_alone_is_the_value() -> None:
    from mcp.types import TextContent

    assert returned(result_of(TextContent(text="a"))).value == "a"
    assert returned(result_of(structured=[1])).value == [1]
    assert returned(result_of()).value == ""


def test_content_of_a_kind_that_nobody_knows_is_shown_as_it_is() -> None:
    from voxagent.mcp.results import block_of

    odd = SimpleNamespace(type="hologram", model_dump_json=lambda **options: '{"type":"hologram"}')
    assert block_of(odd) == TextBlock('{"type":"hologram"}')


# --- secrets ------------------------------------------------------------------------------------------


KEY = "ab12cd34ef56ab78"
ID = "0b2e6c5a-91d4-4c7b-8a55-1f0d3c2b9e77"
GIVEN: list[tuple[str, Any, str, str]] = [
    ("add_environment", {"API_KEY": "hunter2!", "MODE": "loud12"}, "hunter2! loud12", "[API_KEY] loud12"),
    ("add_environment", {"X": KEY}, f"={KEY}", "=[X]"),
    ("add_environment", {"FILE": "/tmp/some/where/12"}, "/tmp/some/where/12", "/tmp/some/where/12"),
    ("add_arguments", ["--token", "hunter2!", "-v", "."], "hunter2! .", "[token] ."),
    ("add_arguments", ["--token=hunter2!"], "hunter2!", "[token]"),
    ("add_arguments", ["PASSWORD=hunter2!"], "hunter2!", "[PASSWORD]"),
    ("add_arguments", [KEY], KEY, "[argument]"),
    ("add_headers", {"X-Api": "Bearer hunter2!", "Accept": "text/html"}, "hunter2!", "[X-Api-2]"),
    ("add_headers", {"X-Id": KEY, "X-MCP-Toolsets": "issues"}, f"issues {KEY}", "issues [X-Id]"),
    ("add_headers", {"X-Thing": "hunter2!", "X-Day": "2025-06-18"}, "hunter2! 2025-06", "[X-Thing] 2025-06"),
    ("add_headers", {"X-Region": "eu-west-1", "X-Id": "a1-b2-c3"}, "eu-west-1 a1-b2-c3", "eu-west-1 [X-Id]"),
    ("add_environment", {"CONN": "Host=db1;Password='hun;ter2!'"}, "db1 hun;ter2!", "db1 [Password]"),
    ("add_environment", {"H": '{"X-Key": "hunter2!", "a": "plain!"}'}, "hunter2! plain!", "[X-Key] plain!"),
    ("add_environment", {"HEADER": "Bearer hunter2!"}, "hunter2!", "[HEADER-2]"),
    ("add_environment", {"PEM": "--BEGIN PRIVATE KEY-----\nab"}, "--BEGIN PRIVATE KEY-----\nab", "[PEM]"),
    ("add_url", f"https://h/api/{KEY}/mcp/v1", f"at /api/{KEY}/mcp/v1", "at /api/[path]/mcp/v1"),
    ("add_url", f"https://h/{ID}/mcp", f"at {ID}", "at [path]"),
    ("add_url", "https://h/ab%2D12-34ef56ab78cd/", "ab-12-34ef56ab78cd", "[path-2]"),
    ("add_url", f"http://{KEY}:x-oauth@h/mcp", KEY, "[user]"),
    ("add_url", "http://a-long-name-of-a-token@h/mcp", "a-long-name-of-a-token", "[user]"),
    ("add_url", "http://somebody:hunter2!@h/mcp", "somebody hunter2!", "somebody [password]"),
    ("add_url", f"file:///opt/{KEY}/data", f"/opt/{KEY}", f"/opt/{KEY}"),
    ("add_arguments", [f"https://h/s/{KEY}/mcp"], KEY, "[path]"),
    ("add_arguments", ["jdbc:sqlserver://h;user=ann;password=hunter2!"], "hunter2!", "[password]"),
    ("add_url", "https://me:hunter2!@h/?a_key=other-3!&n=12", "hunter2! other-3!", "[password] [a_key]"),
]  # fmt: skip


@pytest.mark.parametrize(("add", "given", "text", "shown"), GIVEN)
def test_what_a_server_was_given_as_a_secret_is_not_shown(
    add: str, given: Any, text: str, shown: str
) -> None:
    secrets = Secrets()
    for _ in range(2):
        getattr(secrets, add)(given)
    shown = shown.replace("[", "[REDACTED:")
    assert secrets.text(text) == shown
    assert secrets.value([{"a": text}]) == [{"a": shown}]


def test_the_name_is_all_that_is_shown_of_a_server() -> None:
    servers = [
        MCPServerStdio("prog", ["--key", "hunter2!"], env={"A_KEY": "hunter2!"}),
        MCPServerHTTP(
            "https://me:hunter2!@host/mcp?key=hunter2!", headers={"authorization": "Bearer hunter2!"}
        ),
    ]
    assert [repr(server) for server in servers] == [
        "MCPServerStdio(name='prog')",
        "MCPServerHTTP(name='host')",
    ]
    for server in servers:
        assert "hunter2!" not in repr(server._target)
    assert repr(Elicitation("s", "Name?")) == "Elicitation(server='s', message='Name?')"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 3}, "an MCP server takes no 'timeout'; it takes name, prefix"),
        ({"call_timeout": 0}, "call_timeout=0: a positive number of seconds or None is expected"),
        ({"tool_timeouts": {"a": -1}}, "tool_timeouts={'a': -1}: a mapping of tools' names"),
        ({"mode": "2030"}, "mode='2030': 'auto', 'legacy' or '2026-07-28' is expected"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MCPServerStdio("prog", **options)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY", "apiKey", "APIKEY", "OPENAI_API_KEY", "API_KEYS", "AWS_ACCESS_KEY_ID", "X-Key", "--key",
        "PRIVATE_KEY", "GITHUB_TOKEN", "accessToken", "SESSION_TOKEN", "PASSWORD", "PGPASSWORD", "PASSWD",
        "MYSQL_PWD", "DB_PASS", "SECRET", "CLIENT_SECRET", "CREDENTIALS", "AUTHORIZATION", "AUTH", "OAuth",
        "BEARER", "COOKIE", "GITHUB_PAT", "SENTRY_DSN", "PASSWORD1", "DB_PASSWORD2", "API_KEY_2", "APIKEY2",
        "TOKEN2", "API_TOKENS", "SUBKEYS", "OAUTH2", "OPENAIKEY", "PASSKEY", "--pw", "MAX_API_KEY", "KEYS",
        "AUTH_HEADER", "SIG", "PWD",
    ],
)  # fmt: skip
def test_a_value_is_a_secret_if_a_word_of_its_name_says_so(name: str) -> None:
    secrets = Secrets()
    secrets.add_arguments([name, "hunter2!"] if name.startswith("-") else [f"{name}=hunter2!"])
    assert secrets.text("hunter2!") == f"[REDACTED:{name.lstrip('-')}]"


@pytest.mark.parametrize(
    "given",
    [
        "KEYBOARD_LAYOUT=german", "MONKEY=banana", "MAX_TOKENS=128000", "TOKENIZER=cl100k_base", "PWD=/home",
        "SSH_AUTH_SOCK=/tmp/agent.7", "GOOGLE_APPLICATION_CREDENTIALS=/etc/google.json", "MAX_TOKEN=128000",
        "--max-tokens 128000", "--author Tolstoy", "--key-file /etc/ssl/private", "--key /etc/ssl/key.pem",
        "--token-url https://host/token", "--description keyword", "-H X-MCP-Toolsets:issues",
        "AUTH_PROVIDER=google", "CREDENTIALS_PROVIDER=vault-1", "OAUTH_SCOPES=read:all",
        "TOKEN_ISSUER=my-idp", "AUTH0_DOMAIN=acme.auth", "AUTH_HOST=my-host", "AUTH_ENABLED=always",
        "KEY_COLUMN=created", "AUTH0=tenant", "--sort-key created", "--no-auth server",
        "TURKEY=ankara", "WHISKEYS=several",
        "min_tokens=128000", "num_tokens=128000", "MAX_OUTPUT_TOKENS=128000", "maxTokens=128000",
        "total_tokens=128000", "TOKENS_LIMIT=128000", "KEYS_PER_PAGE=128000", "INDEX=products-2024-prod",
        "MODEL=gpt-4o-mini-2024-07-18", "REGION=eu-west-1-and-more", "SITE=acme-prod-2026-eu1",
        "RUN=0f8fad5b-d9cb-469f-a165-70867728950e", "SINCE=2026-11-21T10:00:00+01:00",
        "SINCE=20261121T100000Z", "AT=db-7f3a9c2e1.eu-west-1.example.com:5432", "FROM=https://h2.example/some",
        "PWD=/home/somebody", "OLDPWD=~/somewhere", "IMAGE=python:3.11-slim2",
    ],
)  # fmt: skip
def test_what_only_sounds_like_a_secret_is_shown(given: str) -> None:
    secrets = Secrets()
    words = given.split()
    if len(words) == 1:
        name, _, value = given.partition("=")
        secrets.add_environment({name: value})
    secrets.add_arguments(words)
    assert secrets.text(given) == given


@pytest.mark.parametrize(
    ("args", "secret"),
    [
        (["postgresql://app:pgpass-12345@db/prod"], "pgpass-12345"),
        (["postgresql://app:pg%40pass-12345@db/prod"], "pg@pass-12345"),
        (["--header", "Authorization: Bearer rem-tok-445566"], "rem-tok-445566"),
        (["-H", "X-Thing-Key: something-9"], "something-9"),
        (["jdbc:postgresql://app:pgpass-12345@db/prod"], "pgpass-12345"),
        (["X-Api-Key: something-9"], "something-9"),
        (["http://[bad", "--token", "something-9"], "something-9"),
    ],
)
def test_addresses_and_headers_among_the_arguments_hold_secrets(args: list[str], secret: str) -> None:
    secrets = Secrets()
    secrets.add_arguments(args)
    assert secret not in secrets.text(f"it said {secret} twice: {secret}")
    secrets = Secrets()
    secrets.add_environment({"DATABASE": args[0]})
    assert (secret in secrets.text(secret)) == ("@" not in args[0] and ": " not in args[0])


async def test_a_picture_that_cannot_be_read_fails_its_call() -> None:
    inner: Server[None] = Server("inner")

    @inner.tool()
    def draw(good: bool) -> ImageContent:
        return ImageContent(type="image", data="aW1n" if good else "!!!", mime_type="image/png")

    async with MCPServerInProcess(inner) as server:
        assert await called(server, "draw", good=True) == [ImageBlock("image/png", "aW1n")]
        with pytest.raises(ToolError, match="no valid answer to 'draw': an image is not base64: '!!!'"):
            await called(server, "draw", good=False)


@pytest.mark.parametrize("data", [" " * 10_000_000 + "!", "a" * 10_000_000 + "= = =", "=" * 10_000_000])
def test_data_of_a_hostile_server_is_refused_in_one_pass(data: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ValueError, match="is not base64"):
        block_of(ImageContent(type="image", data=data, mime_type="image/png"))
    assert time.monotonic() - begun < 5
