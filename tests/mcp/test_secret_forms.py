"""Where the secrets of a server are found: in connection strings, JSON, headers and long values."""

import base64
import time
from typing import Any

import pytest

from voxagent.mcp.secrets import MOST_HEADERS, Secrets

KEY = "s3cr3t/Abc+def="


def shown(value: str, text: str, name: str = "CONNECTION") -> str:
    secrets = Secrets()
    secrets.add_environment({name: value})
    return secrets.text(text)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (f"AccountEndpoint=https://x.example:443/;AccountKey={KEY};", KEY),
        (f"Endpoint=https://x.example;AccessKey={KEY};Version=1.0;", KEY),
        (f"BlobEndpoint=https://a.example/;SharedAccessSignature=sv=2020&sig={KEY}", f"sv=2020&sig={KEY}"),
        ("DRIVER={ODBC Driver 18};SERVER=h;UID=sa;PWD=MyStr0ngPw!", "MyStr0ngPw!"),
        ("DRIVER={ODBC Driver 18};SERVER=h;UID=sa;Pwd={MyStr0ngPw!}", "MyStr0ngPw!"),
        ("Server=h;Pwd={MyStr0ngPw!", "{MyStr0ngPw!"),
        (f"n.cache.example:6380,password={KEY},ssl=True", KEY),
        (f"host=h,password={KEY},ssl", KEY),
        ("Server=h;User Id=sa;Password=my pass word;", "my pass word"),
        ("api-key=abc-def!,x=y", "abc-def!"),
        ("--api-key=abc-def!", "abc-def!"),
        ("Authorization=Basic aGVsbG86d29ybGQ=", "aGVsbG86d29ybGQ="),
        ("Authorization=Bearer%20abc-def!", "abc-def!"),
        ("Authorization: Bearer abc-def!", "abc-def!"),
        ("Accept: text/html\nX-Key:abc-def!", "abc-def!"),
        ("X-Tenant:acme2026", "acme2026"),
        ('{"Authorization": "Token abc-def!"}', "abc-def!"),
        ('{"Authorization": "Token token=abc-def!"}', "abc-def!"),
        ('{"db_password": "pa\\"ss/w\\u00f6rd"}', 'pa"ss/w\u00f6rd'),
        ('[{"a": {"keys": ["plain", "abc-def!"]}}]', "abc-def!"),
        ('{"passcode": 12345678}', "12345678"),
        ('{"a": "{\\"token\\": \\"abc-def!\\"}"}', "abc-def!"),
        ('{"token": "abc-def!", and so on', "abc-def!"),
        ('{"token": "abc-def!", "a": ' + "[" * 100_000, "abc-def!"),
        ("https://a.example/c?sv=2020&sig=abC%2Fdef%2BG", "abC/def+G"),
        ("https://a.example/c?sv=2020&sig=abC%2Fdef%2BG", "abC%2Fdef%2BG"),
        ("https://a.example/c?sig=abC+def", "abC+def"),
        ("1.https://me:abc-def!@a.example", "abc-def!"),
        ("see_https://me:abc-def!@a.example", "abc-def!"),
    ],
)
def test_a_value_that_holds_a_secret_gives_it_away_nowhere(value: str, secret: str) -> None:
    assert secret not in shown(value, f"it said {secret} twice: {secret}")


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("AUTH_HEADER", "ApiKey abc-def!", "abc-def!"),
        ("AUTHORIZATION", "Token abc-def!", "abc-def!"),
        ("MCP_BEARER", "token abc-def!", "abc-def!"),
    ],
)
def test_a_token_behind_a_word_is_hidden_without_it_too(name: str, value: str, secret: str) -> None:
    assert secret not in shown(value, f"{secret}.", name)


@pytest.mark.parametrize(
    "value",
    [
        "DRIVER={ODBC Driver 18};SERVER=somewhere;DATABASE=products",
        "n.cache.example:6380,ssl=True,abortConnect=False",
        '{"name": "somebody", "list": ["of", "words"], "number": 12345678, "true": true}',
        "see https://a.example/c?page=something",
        "Accept: text/html",
        "[not json] and a {brace",
    ],
)
def test_a_value_that_holds_no_secret_is_shown(value: str) -> None:
    assert shown(value, value) == value


@pytest.mark.parametrize("name", ["PASSPHRASE", "SECRET"])
def test_of_words_that_are_a_secret_together_one_is_shown(name: str) -> None:
    said = shown("correct horsebattery", "a horsebattery, a correct horsebattery", name)
    assert said == f"a horsebattery, a [REDACTED:{name}]"


@pytest.mark.parametrize(
    "secret",
    [
        "ab12cd34ef56ab78", "sk-ant-a03-Xy12Zw34Uv56", "AB12-CD34-EF56-GH78", "eyJhbGciOi1.eyJzdWIiOi2.c2ln",
        "abcdefghijklmnopqrstuvwxyzabc-1",
    ],
)  # fmt: skip
def test_a_value_of_letters_and_digits_mixed_is_a_secret(secret: str) -> None:
    assert shown(secret, secret, "X") == "[REDACTED:X]"


@pytest.mark.parametrize(
    "value",
    [
        base64.urlsafe_b64encode(bytes(range(256)) * 600).decode(),
        "a-" * 100_000,
        "a b " * 50_000,
        "; " + " " * 200_000,
        "a={" * 70_000,
        'a="' * 70_000,
        "x" * 200_000 + "://",
        "a.1+" * 50_000,
        "-" * 200_000,
        "{" * 200_000,
    ],
)
def test_a_long_value_is_looked_through_in_one_pass(value: str) -> None:
    begun = time.monotonic()
    secrets = Secrets()
    secrets._look_at("SOMETHING", value)
    secrets._look_at("SOMETHING", f"{value} http://h")
    assert time.monotonic() - begun < 20


def test_what_is_known_to_be_a_secret_is_more_than_what_looks_like_one() -> None:
    secrets = Secrets()
    form = "ab12cd34ef56ab78"
    secrets.add_environment({"INDEX": form, "TOKEN": "known-one", "OTHER": "Bearer known-two"})
    secrets.add_url(f"https://me:known-three@h/{form}")
    secrets.add_headers({"X-Tenant": "acme2026", "X-Key": "known-four"})
    hidden: Any = ["[REDACTED:TOKEN]", "[REDACTED:OTHER-2]", "[REDACTED:password]", "[REDACTED:X-Key]"]
    given = ["known-one", "known-two", "known-three", "known-four"]
    assert secrets.known([form, "acme2026", *given]) == [form, "acme2026", *hidden]
    assert secrets.value([form, "acme2026"]) == ["[REDACTED:INDEX]", "[REDACTED:X-Tenant]"]


def test_what_was_given_at_first_is_known_however_many_headers_come_after_it() -> None:
    secrets = Secrets()
    secrets.add_arguments(["-H", "X-Thing: first12x", "--token", "hunter2!"])
    for number in range(MOST_HEADERS + 1):
        secrets.add_headers({"X-Key": f"value-{number}"})
    assert secrets.text("first12x hunter2!") == "[REDACTED:X-Thing] [REDACTED:token]"
    assert secrets.known("hunter2!") == "[REDACTED:token]"
    assert secrets.text("value-0 value-256").startswith("value-0 [REDACTED:X-Key-")
