"""No form in which a value may travel lets it through."""

import base64
import html
import json
import random
import re
import urllib.parse
from collections.abc import Callable
from textwrap import indent

import pytest

from voxagent.security import RedactionFilter, SecretRegistry, StreamFilter

VALUES = [
    "sk_live-0123456789abcdef",
    'pa"ss\\w/o<r>d & "mörë" +\'%\n\tend',
    "пароль-от-сервера",
    "hunter2",
    "a/b+c=d?e&f#g h~i*j(k)!",
    "ünïcödé😀key",
]


def of_net(value: str) -> str:
    """System.Text.Json, if nothing is said: what is no ASCII, or has a meaning in HTML, by number."""
    short = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    codes = memoryview(value.encode("utf-16-le")).cast("H")
    plain = {sign for sign in map(chr, range(32, 127)) if sign not in "\"&'+<>`"}
    return "".join(
        short.get(chr(code)) or (chr(code) if chr(code) in plain else f"\\u{code:04X}") for code in codes
    )


def dumped(value: str, *, plain: bool = False) -> str:
    return json.dumps(value, ensure_ascii=not plain)[1:-1]


def of_php(value: str) -> str:
    return dumped(value).replace("/", "\\/")


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": lambda value: json.dumps(value)[1:-1],
    "json in unicode": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json of PHP": lambda value: json.dumps(value, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "json of PHP as it is when nothing is said": of_php,
    "json of .NET": of_net,
    "json in capitals": lambda value: re.sub(
        r"(?<=\\u)[0-9a-f]{4}", lambda code: code[0].upper(), dumped(value)
    ),
    "json in json": lambda value: dumped(dumped(value)),
    "json in unicode in json": lambda value: dumped(dumped(value, plain=True)),
    "json in unicode in json in unicode": lambda value: dumped(dumped(value, plain=True), plain=True),
    "json of PHP in json": lambda value: dumped(of_php(value)),
    "json of PHP in json of PHP": lambda value: of_php(of_php(value)),
    "json in json of PHP": lambda value: of_php(dumped(value)),
    "json of .NET in json": lambda value: dumped(of_net(value)),
    "repr": lambda value: repr(value)[1:-1],
    "repr of bytes": lambda value: repr(value.encode())[2:-1],
    "url path": urllib.parse.quote,
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "url query": urllib.parse.quote_plus,
    "encodeURIComponent": lambda value: urllib.parse.quote(value, safe="!'()*"),
    "html": html.escape,
    "html without quotes": lambda value: html.escape(value, quote=False),
    "html with numbers": lambda value: (
        html.escape(value).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    ),
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "url in small letters": lambda value: "".join(
        part.lower() if part.startswith("%") else part
        for part in _percent_parts(urllib.parse.quote(value, safe=""))
    ),
}


def _percent_parts(text: str) -> list[str]:
    parts: list[str] = []
    while text:
        size = 3 if text[0] == "%" else 1
        parts.append(text[:size])
        text = text[size:]
    return parts


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_value_is_redacted_in_every_encoding(encoding: str, value: str) -> None:
    registry = SecretRegistry()
    registry.register_value("key", value)
    text = f"<{ENCODERS[encoding](value)}>"
    assert RedactionFilter(registry).redact(text) == "<[REDACTED]>"
    stream = StreamFilter(registry)
    assert "".join([*map(stream.process_chunk, text), stream.flush()]) == "<[REDACTED]>"


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("ahead", ["", "u", "us", "use"])
@pytest.mark.parametrize("behind", ["", "x", "xy"])
def test_a_value_within_base64_is_redacted_at_every_alignment(
    behind: str, ahead: str, encode: Callable[[bytes], bytes], value: str
) -> None:
    registry = SecretRegistry()
    registry.register_value("key", value)
    text = encode((ahead + value + behind).encode()).decode()
    assert len(registry.find_secrets(text)) == 1 or len(value) < 8
    shown = RedactionFilter(registry, "").redact(text)
    assert len(shown) <= 12 or len(value) < 8


def test_raw_bytes_are_found_as_hex_and_base64() -> None:
    value = bytes(range(200, 232))
    registry = SecretRegistry()
    registry.register_value("raw", value)
    text = f"{value.hex()} {base64.b64encode(value).decode()} {base64.b64encode(b'x' + value).decode()}"
    assert len(registry.find_secrets(text)) == 3


def test_bytes_that_are_text_are_found_as_text() -> None:
    registry = SecretRegistry()
    registry.register_value("key", b"hunter2hunter2")
    assert registry.find_secrets("hunter2hunter2") == [("hunter2hunter2", 0, 14)]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\\n", "\\r\\n", "%0A", "%0D%0A"])
@pytest.mark.parametrize("registered", ["\n", "\r\n"])
def test_a_value_of_several_lines_is_found_with_either_kind_of_line_ends(ends: str, registered: str) -> None:
    lines = ["BEGIN-KEY", "MIIabcdefgh", "END-KEY"]
    for value in (registered.join(lines), registered.join(lines).encode()):
        registry = SecretRegistry()
        registry.register_value("pem", value)
        assert RedactionFilter(registry, "#").redact(f"x {ends.join(lines)} y") == "x # y"


def shown(value: str | bytes, text: str) -> str:
    registry = SecretRegistry()
    registry.register_value("key", value)
    return RedactionFilter(registry, "#").redact(text)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\\n", "\\r\\n"])
@pytest.mark.parametrize("size", [96, 100, 101, 240])
@pytest.mark.parametrize("width", [64, 76])
def test_a_long_value_is_found_in_base64_of_several_lines(width: int, size: int, ends: str) -> None:
    value = random.Random(size).randbytes(size)
    whole = base64.b64encode(value).decode()
    text = ends.join(whole[start : start + width] for start in range(0, len(whole), width))
    assert shown(value, text).rstrip("=") in ("#", "#" + whole.rstrip("=")[-1])


def pem() -> str:
    lines = base64.encodebytes(random.Random(4).randbytes(600)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("ahead", ["  ", "\t", "> ", "12: "])
def test_the_lines_of_a_key_are_found_whatever_stands_ahead_of_them(ahead: str) -> None:
    lines = pem().splitlines()
    assert len(lines[-2]) > 32
    hidden = "\n".join([lines[0], *["#"] * (len(lines) - 2), lines[-1]])
    for end in ("\n", "\\n", "\r\n"):
        assert shown(pem(), indent(pem(), ahead).replace("\n", end)) == (
            indent(hidden + "\n", ahead).replace("\n", end)
        )
    assert shown(pem(), pem()) == "#\n"


def test_lines_of_a_secret_that_are_no_key_are_left_in_other_texts() -> None:
    lines = [
        "=" * 40,
        "a1A" * 20,
        "some words that are long enough for a line",
        "/usr/local/share/applications/config/main",
        "CustomerRelationshipManagementSystemXY",
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
    ]
    of_key = pem().splitlines()[1]
    text = "\n\n".join(lines)
    key = ["-----BEGIN KEY-----", *lines, of_key, "-----END KEY-----"]
    assert shown("\n".join(key), f"{text}\n\n{of_key}") == f"{text}\n\n#"
    text += of_key
    assert shown("\n".join([*lines, of_key, "the-secret-itself"]), text) == text
