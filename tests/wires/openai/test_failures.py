"""Errors get the kind that helps to decide what to do, and tell nothing that looks like a key."""

import json
from typing import Any

import pytest

from voxagent.errors import ProviderError
from voxagent.providers.openai import ChatWire, ResponsesWire

BOTH = pytest.mark.parametrize("wire", [ChatWire(), ResponsesWire()], ids=["chat", "responses"])


def told(status: int, error: Any = None, **headers: str) -> ProviderError:
    body = error if isinstance(error, bytes) else json.dumps({"error": error}).encode()
    return ChatWire().error(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "context_length_exceeded", "type": "invalid_request_error"}, "context_length"),
        (400, {"message": "This model's maximum context length is 128000 tokens."}, "context_length"),
        (400, {"message": "Your input exceeds the context window of this model."}, "context_length"),
        (413, {"message": "prompt is too long: 201 tokens > 200 maximum"}, "context_length"),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, "quota"),
        (429, {"code": "rate_limit_exceeded", "type": "tokens"}, "rate_limit"),
        (429, {"code": "1302", "message": "insufficient balance"}, "quota"),
        (402, {"message": "Payment required"}, "quota"),
        (401, {"code": "invalid_api_key"}, "authentication"),
        (403, {"code": "unsupported_country_region_territory"}, "permission"),
        (404, {"code": "model_not_found"}, "not_found"),
        (400, {"code": "model_not_found"}, "not_found"),
        (400, {"code": "content_filter", "message": "x"}, "content_filter"),
        (400, {"message": "triggering Azure OpenAI's content management policy"}, "content_filter"),
        (400, {"code": "invalid_prompt"}, "content_filter"),
        (400, {"code": "unsupported_parameter", "type": "invalid_request_error"}, "bad_request"),
        (422, {"code": "server_error"}, "bad_request"),
        (500, {"type": "server_error", "code": None}, "server"),
        (503, {"type": "server_error", "message": "The engine is currently overloaded"}, "overloaded"),
        (500, {"type": "server_error", "message": "That model is currently overloaded"}, "overloaded"),
        (503, {"type": "internal_server_error"}, "overloaded"),
        (500, {"code": "slow_down"}, "overloaded"),
        (408, {}, "server"),
        (409, None, "server"),
        (418, "a teapot", "bad_request"),
        (502, b"<html>Bad Gateway</html>", "server"),
        (529, b"busy", "overloaded"),
        (500, b"", "server"),
        (500, b"[" * 10_000, "server"),
        (404, b'{"detail": "Not Found"}', "not_found"),
        (404, b'[{"error": {"code": 404, "message": "gone"}}]', "not_found"),
        (500, b"[]", "server"),
        (500, b"17", "server"),
    ],
)
def test_a_status_and_a_body_have_a_kind(status: int, error: Any, kind: str) -> None:
    found = told(status, error)
    assert (found.kind, found.status) == (kind, status)
    assert found.message


def test_words_come_from_where_services_put_them() -> None:
    assert told(400, {"message": "no"}).message == "no"
    assert told(400, "no").message == "no"
    assert told(400, b'{"detail": "no"}').message == "no"
    assert told(400, b'{"object": "error", "message": "no", "code": 400}').message == "no"
    assert told(400, b"no").message == "no"
    assert told(400, b"<html>no</html>").message == "the service answered with status 400"
    assert told(429, {"message": "Provider returned error", "metadata": {"raw": "upstream"}}).message == (
        "Provider returned error: upstream"
    )
    assert len(told(400, {"message": "x " * 5000}).message) == 500


def test_headers_tell_when_to_come_back_and_what_to_quote() -> None:
    error = told(429, {"message": "slow"}, retry_after="7", x_request_id="req_1")
    assert (error.retry_after, error.request_id, error.retryable) == (7.0, "req_1", True)
    assert told(500, None, request_id="req_2").request_id == "req_2"
    assert told(500, None, apim_request_id="req_3").request_id == "req_3"


@pytest.mark.parametrize(("said", "retryable"), [("true", True), ("false", False), ("perhaps", False)])
def test_the_service_may_say_itself_whether_to_try_again(said: str, retryable: bool) -> None:
    assert told(400, None, x_should_retry=said).retryable is retryable


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abc123DEF456",
        "sk-ant-api03-xyz_987",
        "sk-1234",
        "gsk_abcdefgh",
        "xai-abcdefgh12",
        "AIzaSyA1234567890abcdefg",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "0123456789abcdef0123456789abcdef",
        "hunter2",
    ],
)
@BOTH
def test_no_key_in_a_body_gets_into_an_error(wire: ChatWire | ResponsesWire, key: str) -> None:
    quoted = f"Incorrect API key provided: {key}"
    for words in (quoted, f"{quoted}.", f"Authorization: Bearer {key}", f"the key {key!r} is wrong"):
        if key == "hunter2" and "the key" in words:
            continue  # what looks like a word is known only to the one who set it
        for body in (json.dumps({"error": {"message": words}}).encode(), words.encode()):
            error = wire.error(401, {}, body)
            assert key not in str(error) + repr(error.args)
    assert key not in str(wire.error(401, {}, ("x " * 490 + quoted).encode()))


def test_a_word_that_is_no_key_stays() -> None:
    words = (
        "The model claude-sonnet-4-5-20250929 or gpt-4o-2024-08-06 of task-force tokens_exceeded_limit:"
        " see https://platform.openai.com/account/api-keys"
    )
    assert told(400, {"message": words}).message == words


def test_an_excerpt_of_what_cannot_be_read_has_no_key_in_it() -> None:
    decoder = ChatWire().decoder("text/html")
    with pytest.raises(ProviderError) as caught:
        (decoder.feed(b"<p>sk-proj-abc123DEF456</p>" + b"x" * 1000), decoder.end())
    assert "abc123" not in str(caught.value)
    assert len(str(caught.value)) < 200
