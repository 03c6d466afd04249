"""List the forms in which a secret value travels: a key that is only looked for as it is leaks encoded.

Base64 packs three bytes into four characters, so one value has three forms, by the place at which
it begins. Characters at either edge that depend on the neighbouring bytes are left out of the
form: they carry a few bits of the value at most.
"""

from __future__ import annotations

from binascii import b2a_base64
from json import dumps

MIN_ENCODED = 8
"""Shorter pieces of base64 would be found in ordinary text."""

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_JSON_FOR_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_HTML = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_HTML_QUOTES = (('"', "&quot;", "'", "&#x27;"), ('"', "&#34;", "'", "&#39;"))


def encoded_forms(value: str | bytes) -> set[str]:
    """Return every text in which the value is looked for, itself included.

    These are the raw text, JSON (with and without ASCII escapes, PHP's and Go's), Python's `repr`,
    URL (path, query and JavaScript style, both cases of the digits), HTML, hex in both cases, base64
    and base64url at three alignments. Bytes that are not UTF-8 have the last three only. A value of
    several lines has all of them with either kind of line ends.
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
    forms = {data.hex(), data.hex().upper(), *_base64_forms(data)}
    try:
        text = data.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return forms
    return forms | _text_forms(text, data)


def _text_forms(text: str, data: bytes) -> set[str]:
    if text.isascii() and text.isalnum():
        return {text}
    plain_json = dumps(text, ensure_ascii=False)[1:-1]
    forms = {text, plain_json, plain_json.replace("/", "\\/"), plain_json.translate(_JSON_FOR_HTML)}
    forms |= {dumps(text)[1:-1], repr(text)[1:-1]}
    return forms | _url_forms(data) | _html_forms(text)


def _base64_forms(data: bytes) -> set[str]:
    forms: set[str] = set()
    for shift, cut in ((0, 0), (1, 2), (2, 3)):
        whole = b2a_base64(b"\0" * shift + data, newline=False).decode().rstrip("=")
        form = whole[cut:-1] if (len(data) + shift) % 3 else whole[cut:]
        if len(form) >= MIN_ENCODED:
            forms |= {form, form.replace("+", "-").replace("/", "_")}
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
