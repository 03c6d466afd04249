"""Amazon's event stream encoding, written for tests."""

from base64 import b64encode
from binascii import crc32
from json import dumps
from typing import Any


def framed(payload: bytes, **headers: str) -> bytes:
    """A frame with headers of text; `message_type` stands for ":message-type"."""
    named = b"".join(_header(f":{name.replace('_', '-')}", value) for name, value in headers.items())
    return raw(payload, named)


def raw(payload: bytes, headers: bytes) -> bytes:
    prelude = (len(headers) + len(payload) + 16).to_bytes(4) + len(headers).to_bytes(4)
    body = prelude + crc32(prelude).to_bytes(4) + headers + payload
    return body + crc32(body).to_bytes(4)


def _header(name: str, value: str) -> bytes:
    data = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + len(data).to_bytes(2) + data


def chunk(event: Any) -> bytes:
    """A frame that holds one event of the Messages API."""
    inner = b64encode(dumps(event).encode()).decode()
    payload = dumps({"bytes": inner, "p": "abcdef"}).encode()
    told = {"event_type": "chunk", "content_type": "application/json", "message_type": "event"}
    return framed(payload, **told)


def exception(name: str, words: str) -> bytes:
    """A frame that ends a stream with an exception."""
    payload = dumps({"message": words}).encode()
    return framed(payload, exception_type=name, content_type="application/json", message_type="exception")
