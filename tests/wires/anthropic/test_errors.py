"""What an answer that is not 2xx means."""

import pytest
from pydantic_core import to_json

from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from voxagent.providers.anthropic import MessagesWire

WIRE = MessagesWire()


def told(type_: str, message: str = "x", **more: object) -> bytes:
    return to_json(
        {"type": "error", "error": {"type": type_, "message": message, **more}, "request_id": "req_b"}
    )


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, told("invalid_request_error"), BadRequestError),
        (400, told("invalid_request_error", "prompt is too long: 3 tokens > 2 maximum"), ContextLengthError),
        (500, told("api_error", "context window exceeded"), ContextLengthError),
        (401, told("authentication_error"), AuthenticationError),
        (402, told("billing_error"), QuotaError),
        (403, told("permission_error"), PermissionDeniedError),
        (404, told("not_found_error"), ModelNotFoundError),
        (413, told("request_too_large"), BadRequestError),
        (429, told("rate_limit_error"), RateLimitError),
        (429, told("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}), QuotaError),
        (429, told("rate_limit_error", details={"error_code": None}), RateLimitError),
        (500, told("api_error"), ServerError),
        (504, told("timeout_error"), ProviderTimeoutError),
        (529, told("overloaded_error"), OverloadedError),
        (529, told("error_of_next_year"), OverloadedError),
        (408, b"", ServerError),
        (429, b"slow down", RateLimitError),
        (503, b"<html>busy</html>", OverloadedError),
        (502, b"[]", ServerError),
        (418, b"{}", BadRequestError),
        (500, b'{"error":"it broke"}', ServerError),
        (500, b'{"detail":"it broke"}', ServerError),
        (400, b'{"error":{"type":3,"message":null}}', BadRequestError),
    ],
)
def test_an_error_has_its_kind_by_its_type_or_else_by_its_status(
    status: int, body: bytes, kind: type[ProviderError]
) -> None:
    error = WIRE.error(status, {}, body)
    assert type(error) is kind
    assert error.status == status
    assert error.provider == "anthropic"


def test_an_error_carries_what_the_service_said_of_it() -> None:
    headers = {"request-id": "req_h", "retry-after": "12", "x-should-retry": "false"}
    error = WIRE.error(429, headers, told("rate_limit_error", "50 requests a minute"))
    assert str(error) == "anthropic: rate_limit_error: 50 requests a minute (status 429, req_h)"
    assert (error.request_id, error.retry_after, error.retryable) == ("req_h", 12.0, False)
    other = WIRE.error(400, {"x-should-retry": "true"}, told("invalid_request_error"))
    assert (other.request_id, other.retry_after, other.retryable) == ("req_b", None, True)
    assert WIRE.error(500, {}, to_json({"error": {}, "request_id": 3})).request_id is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "answered nothing"),
        (b"  <html>\n <b>502</b></html>", "answered '<html> <b>502</b></html>'"),
        (b"\xff\xfe", "answered '\ufffd\ufffd'"),
        (b'{"error":"it broke"}', "it broke"),
        (b'{"detail":"it broke"}', "it broke"),
        (b'{"type":"error"}', "no reason given"),
        (b"x" * 10_000, "answered " + repr("x" * 120)),
        (told("api_error", "y" * 10_000), "api_error: " + "y" * 500),
    ],
)
def test_the_message_is_what_was_said_in_brief(body: bytes, message: str) -> None:
    assert WIRE.error(500, {}, body).message == message


@pytest.mark.parametrize(
    "secret",
    ["sk-ant-api03-aaBB__11-cc", "sk-proj-1234567890abcdef", "Bearer abc.DEF-123456", "rk-abcdef123"],
)
def test_no_error_shows_what_looks_like_a_key(secret: str) -> None:
    core = secret.removeprefix("Bearer ")
    for body in (
        told("authentication_error", f"invalid key {secret}, sorry"),
        f"<html>you sent {secret}</html>".encode(),
        to_json({"error": f"{secret} is no key"}),
    ):
        error = WIRE.error(401, {}, body)
        assert core not in str(error)
        assert "[REDACTED]" in str(error)
