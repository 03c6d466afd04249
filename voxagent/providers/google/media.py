"""Pictures, sound, films and documents in the form that the API takes: bytes within, or an address.

Raises `ConfigError` for what has no type, because the API wants one with bytes, and for pictures of a kind
that it does not read. Text of a kind that the API does not know (JSON, YAML) is told as plain text, which it
is.
"""

from __future__ import annotations

from mimetypes import guess_type
from typing import Any, TypeAlias, cast
from urllib.parse import urlsplit

from ...errors import ConfigError
from ...types.blocks import AudioBlock, DocumentBlock, ImageBlock

Media: TypeAlias = ImageBlock | DocumentBlock | AudioBlock

WITHIN_RESULTS = frozenset(("image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"))
"""What may stand within the result of a function (generation 3 and later)."""
IMAGES = frozenset(("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"))
"""The pictures that are read (ai.google.dev/gemini-api/docs/image-understanding)."""
_BEGINNINGS = {
    "/9j/": "image/jpeg",
    "iVBORw0KGgo": "image/png",
    "R0lGOD": "image/gif",
    "JVBERi0": "application/pdf",
    "SUQz": "audio/mpeg",
    "//u": "audio/mpeg",
    "T2dnUw": "audio/ogg",
    "ZkxhQ": "audio/flac",
}
"""How the kinds begin in base64."""
_TEXTS = frozenset(
    ("application/json", "application/xml", "application/yaml", "application/x-yaml", "application/toml")
)
_SAME = {"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg"}


def media_part(block: Media) -> dict[str, Any]:
    """A part of a message."""
    if block.url and not block.data and not block.url.startswith("data:"):
        media = _plain(block.media_type) or guess_type(urlsplit(block.url).path)[0] or ""
        told = {"mimeType": media} if media else {}
        return {"fileData": {**told, "fileUri": block.url}}
    media, data = _content(block)
    return {"inlineData": {"mimeType": media, "data": data}}


def _content(block: Media) -> tuple[str, str]:
    """Media type and base64 text, from the block or from a `data:` URL."""
    name, media, data = type(block).__name__, block.media_type, cast("str", block.data)
    if not data and block.url.startswith("data:"):
        head, _, data = block.url.removeprefix("data:").partition(",")
        media = media or head.removesuffix(";base64")
    if not data:
        raise ConfigError(f"the {name} is empty: give it data or a URL")
    media = _plain(media) or _by_beginning(data)
    if not media:
        raise ConfigError(f"the {name} has no media_type, and its data does not tell: give it one")
    if media.startswith("image/") and media not in IMAGES:
        raise ConfigError(f"the {name} of type {media!r} cannot be sent: PNG, JPEG, WebP or HEIC is expected")
    return media, data


def _plain(media: str) -> str:
    media = media.strip()
    kind = media.partition(";")[0].strip().lower()
    if kind in _TEXTS:
        return "text/plain"
    return _SAME.get(kind) or (media if kind.startswith("audio/") else kind)


def _by_beginning(data: str) -> str:
    if data.startswith("UklGR"):  # RIFF: what it holds is told nine bytes further on
        return {"RUJQ": "image/webp", "QVZF": "audio/wav"}.get(data[12:16], "")
    return next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), "")
