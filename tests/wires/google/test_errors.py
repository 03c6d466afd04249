"""What the service's refusals mean."""

import json
from typing import Any

import pytest

from voxagent.errors import ProviderError
from voxagent.providers.google import GeminiWire

KEY = "AIzaSyD-made-up-key-for-this-test-0000"


def refused(status: int, error: Any, **headers: str) -> ProviderError:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    body = error if isinstance(error, bytes) else json.dumps({"error": error}).encode()
    return GeminiWire().error(status, told, body)


def status(name: str, message: str = "no", *details: Any) -> dict[str, Any]:
    return {"code": 400, "message": message, "status": name, "details": list(details)}


def info(reason: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}


@pytest.mark.parametrize(
    ("http", "error", "kind"),
    [
        (400, status("INVALID_ARGUMENT"), "bad_request"),
        (
            400,
            status("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
            "authentication",
        ),
        (400, status("INVALID_ARGUMENT", "no", info("API_KEY_INVALID")), "authentication"),
        (400, status("INVALID_ARGUMENT", "API key expired. Please renew the API key."), "authentication"),
        (403, status("PERMISSION_DENIED", "Method doesn't allow unregistered callers"), "authentication"),
        (401, status("UNAUTHENTICATED"), "authentication"),
        (401, status("UNAUTHENTICATED", "no", info("ACCESS_TOKEN_EXPIRED")), "authentication"),
        (403, status("PERMISSION_DENIED"), "permission"),
        (403, status("PERMISSION_DENIED", "no", info("BILLING_DISABLED")), "quota"),
        (400, status("FAILED_PRECONDITION", "User location is not supported for the API use."), "permission"),
        (400, status("FAILED_PRECONDITION"), "bad_request"),
        (404, status("NOT_FOUND"), "not_found"),
        (500, status("INTERNAL"), "server"),
        (500, status("INTERNAL", "The model is overloaded."), "overloaded"),
        (503, status("UNAVAILABLE"), "overloaded"),
        (504, status("DEADLINE_EXCEEDED"), "timeout"),
        (499, status("CANCELLED"), "server"),
        (429, status("RESOURCE_EXHAUSTED", "Resource exhausted."), "rate_limit"),
        (429, status("RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), "quota"),
        (429, status("RESOURCE_EXHAUSTED", "limit: 0, model: gemini-3-pro"), "quota"),
        (
            429,
            status("RESOURCE_EXHAUSTED", "no", {"violations": [{"quotaId": "RequestsPerDayPerModel"}]}),
            "quota",
        ),
        (
            429,
            status("RESOURCE_EXHAUSTED", "no", {"violations": [{"quotaId": "RequestsPerMinute"}]}),
            "rate_limit",
        ),
        (
            400,
            status(
                "INVALID_ARGUMENT",
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            ),
            "context_length",
        ),
        (
            400,
            status("INVALID_ARGUMENT", "The input token count is 40000 but model only supports up to 32768."),
            "context_length",
        ),
        (400, status("INVALID_ARGUMENT", "The prompt violates our usage guidelines."), "content_filter"),
        (418, status("SOMETHING_NEW"), "bad_request"),
        (502, b"<html>Bad Gateway</html>", "server"),
        (503, b"", "overloaded"),
        (500, b"[]", "server"),
        (400, b'"no"', "bad_request"),
        (400, b'{"error": "no"}', "bad_request"),
        (400, b'{"error": 7, "message": "no"}', "bad_request"),
        (400, b'{"message": "no"}', "bad_request"),
        (400, b'[{"error": {"status": ["x"], "details": [7, {"reason": 7}], "message": 7}}]', "bad_request"),
    ],
)
def test_a_refusal_has_its_kind(http: int, error: Any, kind: str) -> None:
    found = refused(http, error)
    assert (found.kind, found.status) == (kind, http)


def test_a_refusal_says_in_few_words_what_was_wrong() -> None:
    found = refused(400, status("INVALID_ARGUMENT", "Invalid value. " * 100), x_goog_request_id="req_1")
    assert found.message.startswith("INVALID_ARGUMENT: Invalid value.")
    assert len(found.message) < 600
    assert found.request_id == "req_1"
    assert refused(400, {"message": "no"}).message == "no"
    assert (
        refused(502, b"<html>Bad Gateway</html>").message == "the service answered '<html>Bad Gateway</html>'"
    )
    assert refused(503, b"").message == "the service answered nothing"


@pytest.mark.parametrize(
    ("error", "headers", "wait"),
    [
        (status("RESOURCE_EXHAUSTED", "no", {"retryDelay": "34.5s"}), {}, 34.5),
        (status("RESOURCE_EXHAUSTED", "no", {"retryDelay": "34s"}), {"retry-after": "2"}, 2.0),
        (status("RESOURCE_EXHAUSTED", "Please retry in 12.25s."), {}, 12.25),
        (status("RESOURCE_EXHAUSTED", "Please retry in 250ms."), {}, 0.25),
        (status("RESOURCE_EXHAUSTED", "Please retry in 1.2.3s."), {}, None),
        (status("RESOURCE_EXHAUSTED", "no", {"retryDelay": "soon"}), {}, None),
        (status("RESOURCE_EXHAUSTED"), {}, None),
    ],
)
def test_a_limit_says_when_to_ask_again(error: Any, headers: dict[str, str], wait: float | None) -> None:
    assert refused(429, error, **headers).retry_after == wait


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "AQ.Ab8RN6-made-up-key",
        "ya29.made-up-token-0000",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3M",
        "sk-made-up-key",
    ],
)
def test_no_refusal_repeats_a_key(secret: str) -> None:
    for body in (status("INVALID_ARGUMENT", f"API Key {secret} is wrong"), f"<p>{secret}</p>".encode()):
        assert secret not in refused(400, body).message
    assert "made-up" not in refused(400, status("X", "no such key at https://a.test/?key=made-up")).message
    assert "made-up" not in refused(401, status("X", "got Bearer made-up-token")).message
