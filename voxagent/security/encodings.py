"""List the forms in which a secret value travels: a key that is only looked for as it is leaks encoded.

Base64 packs three bytes into four characters, so one value has three forms, by the place at which
it begins. Characters at either edge that depend on the neighbouring bytes are left out of the
form: they carry a few bits of the value at most.

JSON text often stands in other JSON text, as the body of an HTTP answer does in a tool's result: what JSON
escapes is then escaped twice. A key of several lines of base64 (PEM) is indented and quoted in many ways, so
its lines are looked for one by one as well.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from json import dumps

MIN_ENCODED = 8
"""Shorter pieces of base64 would be found in ordinary text."""
WIDTHS = (64, 76)
"""Characters after which base64 is broken into lines: by OpenSSL, and in mails."""
VARIED = 12
"""Different characters that a line of a key has at least: a ruler of `=` or a word has fewer."""
OF_ALL_KEYS = "b3BlbnNzaC1rZXkt"
"""How base64 begins in each key of OpenSSH: such a line gives no key away."""

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_JSON_FOR_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_JSON_OF_NET = str.maketrans({sign: f"\\u{ord(sign):04X}" for sign in "&'+<>`\x7f"})
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
_LIKE_ITSELF = re.compile(r"[A-Za-z0-9_.~-]+")
"""What looks the same in all of JSON, URLs, HTML and Python."""
_BASE64 = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9+/]{32,}={0,2}")
_PEM = re.compile(r"-----BEGIN (.*?)-----END ", re.DOTALL)
_HTML = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_HTML_QUOTES = (('"', "&quot;", "'", "&#x27;"), ('"', "&#34;", "'", "&#39;"))


def encoded_forms(value: str | bytes) -> set[str]:
    """Return every text in which the value is looked for, itself included.

    These are the raw text, JSON (with and without ASCII escapes, PHP's, Go's and .NET's) and JSON within
    JSON, Python's `repr` of the text and of its bytes, URL (path, query and JavaScript style, both cases of
    the digits), HTML, hex in both cases, base64 and base64url at three alignments, and base64 in lines, if it
    is long enough for that. Bytes that are not UTF-8 have no form of text. A value of several lines has all
    of them with either kind of line ends, and its lines of base64.
    """
    return {form for each in _with_line_ends(value) for form in _forms(each)}


def _with_line_ends(value: str | bytes) -> set[str | bytes]:
    if isinstance(value, bytes):
        unix_bytes = value.replace(b"\r\n", b"\n")
        return {value, unix_bytes, unix_bytes.replace(b"\n", b"\r\n")}
    unix = value.replace("\r\n", "\n")
    return {value, unix, unix.replace("\n", "\r\n")}


def _forms(value: str | bytes) -> set[str]:
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    forms = {data.hex(), data.hex().upper(), repr(data)[2:-1], *_base64_forms(data), *_broken_forms(data)}
    try:
        text = data.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return forms
    return forms | _text_forms(text, data)


def _text_forms(text: str, data: bytes) -> set[str]:
    if _LIKE_ITSELF.fullmatch(text):
        return {text}
    return (
        {text, repr(text)[1:-1], *_lines_of_key(text)}
        | _json_forms(text)
        | _url_forms(data)
        | _html_forms(text)
    )


def _lines_of_key(text: str) -> list[str]:
    """The lines of base64 of a key, which chance does not write into another text."""
    lines = [line.strip() for block in _PEM.findall(text) for line in block.split("\n")]
    return [line for line in lines if _is_of_key(line)]


def _is_of_key(line: str) -> bool:
    found = _BASE64.fullmatch(line) is not None and not line.startswith(OF_ALL_KEYS)
    return found and len(set(line)) >= VARIED


def _json_forms(text: str) -> set[str]:
    """What JSON makes of it, and what JSON makes of that."""
    plain, escaped = dumps(text, ensure_ascii=False)[1:-1], dumps(text)[1:-1]
    large = _ESCAPE.sub(_in_capitals, escaped)
    once = {plain, escaped, large, large.replace('\\"', "\\u0022").translate(_JSON_OF_NET)}
    once |= {plain.translate(_JSON_FOR_HTML), escaped.translate(_JSON_FOR_HTML)}
    if "/" in text:
        once |= {plain.replace("/", "\\/"), escaped.replace("/", "\\/")}
    twice = {form.replace("\\", "\\\\").replace('"', '\\"') for form in once}
    twice |= {dumps(form)[1:-1] for form in once if not form.isascii()}
    if "/" in text:
        twice |= {form.replace("/", "\\/") for form in twice}
    return once | twice


def _in_capitals(escape: re.Match[str]) -> str:
    return "\\u" + escape[0][2:].upper() if escape[0][1] == "u" else escape[0]


def _base64_forms(data: bytes) -> set[str]:
    forms: set[str] = set()
    for shift, cut in ((0, 0), (1, 2), (2, 3)):
        whole = b2a_base64(b"\0" * shift + data, newline=False).decode().rstrip("=")
        form = whole[cut:-1] if (len(data) + shift) % 3 else whole[cut:]
        if len(form) >= MIN_ENCODED:
            forms |= {form, form.replace("+", "-").replace("/", "_")}
    return forms


def _broken_forms(data: bytes) -> set[str]:
    """Base64 of several lines, with either kind of line ends, and as JSON has those."""
    whole = b2a_base64(data, newline=False).decode().rstrip("=")
    whole = whole[:-1] if len(data) % 3 else whole
    forms: set[str] = set()
    for width in WIDTHS:
        lines = [whole[start : start + width] for start in range(0, len(whole), width)]
        if len(lines) > 1:
            forms |= {end.join(lines) for end in ("\n", "\r\n", "\\n", "\\r\\n")}
    return forms


def _url_forms(data: bytes) -> set[str]:
    forms: set[str] = set()
    for safe in (b"", b"/", b"!'()*"):
        kept = _UNRESERVED | set(safe)
        for digits in ("%%%02X", "%%%02x"):
            quoted = "".join(chr(byte) if byte in kept else digits % byte for byte in data)
            forms |= {quoted, quoted.replace("%20", "+")}
    return forms


def _html_forms(text: str) -> set[str]:
    for plain, escaped in _HTML:
        text = text.replace(plain, escaped)
    return {text} | {
        text.replace(double, as_double).replace(single, as_single)
        for double, as_double, single, as_single in _HTML_QUOTES
    }
