"""The backend of a ChatGPT subscription: whom it lets in, what it takes, when its limit ends."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import httpx2
import pytest

from tests.wires.compatible.asking import sent
from voxagent.errors import ConfigError, RateLimitError
from voxagent.providers import ChatGPTProvider, ModelRequest
from voxagent.providers.http.retries import Retries
from voxagent.types import Message, ModelSettings, TextBlock, ThinkingBlock, ToolSpec
from voxagent.types.native import NativeTool

RESPONSE = {"model": "m", "status": "completed", "output": [], "usage": None}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHATGPT_ACCESS_TOKEN", "CHATGPT_ACCOUNT_ID", "CHATGPT_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def token(claims: Any) -> str:
    parts = [{"alg": "RS256"}, claims]
    told = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*told, "seal"])


MINE = token({"https://api.openai.com/auth": {"chatgpt_account_id": "account-of-the-token"}, "exp": 1})


async def asked(options: Any = None, **more: Any) -> Any:
    return await sent(
        ChatGPTProvider,
        "gpt-5.2-codex",
        answer=more.pop("answer", RESPONSE),
        options={"api_key": MINE, **(options or {})},
        **more,
    )


async def test_the_account_is_read_from_the_token() -> None:
    told = await asked()
    assert told.url == "https://chatgpt.com/backend-api/codex/responses"
    assert told.headers["authorization"] == f"Bearer {MINE}"
    assert told.headers["chatgpt-account-id"] == "account-of-the-token"
    assert told.headers["originator"] == "voxagent"


async def test_the_environment_and_then_an_argument_go_before_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHATGPT_ACCOUNT_ID", "account-of-the-environment")
    assert (await asked()).headers["chatgpt-account-id"] == "account-of-the-environment"
    told = await asked({"account_id": "account-given"})
    assert told.headers["chatgpt-account-id"] == "account-given"


async def test_a_fresh_token_brings_its_own_account() -> None:
    async def fresh() -> str:
        return token({"https://api.openai.com/auth": {"chatgpt_account_id": "fresh"}})

    assert (await asked({"api_key": fresh})).headers["chatgpt-account-id"] == "fresh"


@pytest.mark.parametrize(
    "odd",
    [
        "not-a-token",
        "a.b",
        "a.!!!.c",
        "a.é.c",
        token([]),
        token({}),
        token({"https://api.openai.com/auth": 7}),
        token({"https://api.openai.com/auth": {"chatgpt_account_id": 7}}),
    ],
)
async def test_a_token_without_an_account_is_an_error_that_does_not_show_it(odd: str) -> None:
    with pytest.raises(ConfigError, match="CHATGPT_ACCOUNT_ID") as caught:
        await asked({"api_key": odd})
    assert odd not in str(caught.value)


def test_a_run_without_a_token_is_an_error_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="CHATGPT_ACCESS_TOKEN"):
        ChatGPTProvider("m").check_key()
    ChatGPTProvider("m", base_url="http://localhost:8000").check_key()
    monkeypatch.setenv("CHATGPT_ACCESS_TOKEN", MINE)
    ChatGPTProvider("m").check_key()


@pytest.mark.parametrize(
    ("system", "instructions"),
    [("", "You are a helpful assistant."), (" ", "You are a helpful assistant."), ("Be brief.", "Be brief.")],
)
async def test_there_are_always_instructions_and_nothing_is_stored(system: str, instructions: str) -> None:
    body = (await asked(system=system)).body
    assert (body["instructions"], body["store"], body["stream"]) == (instructions, False, True)
    assert body["include"] == ["reasoning.encrypted_content"]


async def test_limits_and_sampling_are_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    settings: ModelSettings = {
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.5,
        "cache": "1h",
        "thinking": "low",
    }
    body = (await asked(settings=settings)).body
    assert body["reasoning"]["effort"] == "low"
    assert not {"max_output_tokens", "temperature", "top_p"} & body.keys()
    for name in ("cache", "max_tokens", "temperature", "top_p"):
        assert f"'{name}' is not taken by a subscription" in caplog.text


async def test_tools_and_reasoning_are_sent_as_responses_has_them() -> None:
    said = Message(
        "assistant",
        [
            ThinkingBlock("hm", "seal", provider="chatgpt"),
            ThinkingBlock("no", "x", provider="openai"),
            TextBlock("4"),
        ],
    )
    tool = ToolSpec("add", "Add.", {"type": "object", "properties": {}})
    body = (await asked(messages=[Message("user", "go"), said], tools=[tool])).body
    assert [item["encrypted_content"] for item in body["input"] if item.get("type") == "reasoning"] == [
        "seal"
    ]
    assert body["tools"][0]["name"] == "add"
    assert ChatGPTProvider("gpt-5.2-codex").native_refusal(NativeTool("web_search"), "gpt-5.2-codex") == ""


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        ({"resets_in_seconds": 3600}, 3600, 3600),
        ({"resets_at": time.time() + 3600}, 3000, 3600),
        ({"resets_at": 1}, 0, 0),
        ({}, None, None),
        ({"resets_in_seconds": "soon"}, None, None),
    ],
)
async def test_a_limit_that_is_reached_says_for_how_long(error: Any, least: Any, most: Any) -> None:
    told = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": "plus",
        **error,
    }
    failure = (await asked({"retries": Retries(attempts=1)}, answer=(429, {"error": told}))).error
    assert failure.kind == "rate_limit"
    if least is None:
        assert failure.retry_after is None
    else:
        assert least <= failure.retry_after <= most


async def test_the_header_that_says_when_goes_before_the_body() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        told = {"error": {"type": "usage_limit_reached", "resets_in_seconds": 3600}}
        return httpx2.Response(429, json=told, headers={"retry-after": "7"})

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    provider = ChatGPTProvider("m", MINE, client=client, retries=Retries(attempts=1))
    with pytest.raises(RateLimitError) as caught:
        async with client, provider.open(ModelRequest("m", [Message("user", "go")])) as chunks:
            [chunk async for chunk in chunks]
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"detail": "Unsupported parameter: max_output_tokens"}, "bad_request"),
        (
            401,
            {"error": {"message": "Provided authentication token is expired.", "code": "token_expired"}},
            "authentication",
        ),
        (429, {"error": {"type": "usage_not_included", "message": "Upgrade to Plus"}}, "quota"),
        (500, "<html>", "server"),
    ],
)
async def test_other_errors_have_their_kinds(status: int, body: Any, kind: str) -> None:
    failure = (await asked({"retries": Retries(attempts=1)}, answer=(status, body))).error
    assert (failure.kind, failure.status, failure.retry_after) == (kind, status, None)
