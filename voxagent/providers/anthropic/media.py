"""Pictures and documents in the form that the API takes.

Raises `ConfigError` for what it has no form for: it reads four kinds of pictures, PDF and plain text.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, cast

from ...errors import ConfigError
from ...types.blocks import DocumentBlock, ImageBlock
from ..http.base64text import usual_base64

IMAGES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
PDF = "application/pdf"
_TEXTS = frozenset(("application/json", "application/xml", "application/yaml", "application/x-yaml"))

_BEGINNINGS = {
    "/9j/": "image/jpeg",
    "iVBORw0KGgo": "image/png",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi0": PDF,
}
"""How the kinds begin in base64."""


def image(block: ImageBlock) -> dict[str, Any]:
    """A picture."""
    media, data = _content(block)
    if _is_elsewhere(block):
        return {"type": "image", "source": {"type": "url", "url": block.url}}
    media = "image/jpeg" if media == "image/jpg" else media
    if media not in IMAGES or not data:
        raise _unsuitable(block, media, "JPEG, PNG, GIF or WebP")
    return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}


def document(block: DocumentBlock) -> dict[str, Any]:
    """A document."""
    media, data = _content(block)
    titled: dict[str, Any] = {"title": block.name} if block.name else {}
    if _is_elsewhere(block):
        return {"type": "document", "source": {"type": "url", "url": block.url}, **titled}
    if media == PDF and data:
        return {"type": "document", "source": {"type": "base64", "media_type": PDF, "data": data}, **titled}
    text = _decoded(data) if media.startswith("text/") or media in _TEXTS else ""
    if not text.strip():
        raise _unsuitable(block, media, "PDF or text")
    return {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": text},
        **titled,
    }


def _is_elsewhere(block: ImageBlock | DocumentBlock) -> bool:
    """Whether the service is to fetch it, which it can from the web only."""
    if not block.url or block.data or block.url.startswith("data:"):
        return False
    if not block.url.startswith(("https://", "http://")):
        raise ConfigError(f"the {type(block).__name__} at {block.url} cannot be sent: only the web is read")
    return True


def _content(block: ImageBlock | DocumentBlock) -> tuple[str, str]:
    """Media type and base64 text, from the block or from a `data:` URL."""
    media, data = block.media_type, cast("str", block.data)
    if not data and block.url.startswith("data:"):
        head, _, data = block.url.removeprefix("data:").partition(",")
        media = media or head.partition(";")[0]
    if not media:
        media = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), "")
    return media.partition(";")[0].strip().lower(), usual_base64(data)


def _decoded(data: str) -> str:
    try:
        return b64decode(data).decode("utf-8", "replace")
    except Base64Error:
        return ""


def _unsuitable(block: ImageBlock | DocumentBlock, media: str, wanted: str) -> ConfigError:
    name = type(block).__name__
    if not block.data and not block.url:
        return ConfigError(f"the {name} is empty: give it data or a URL")
    return ConfigError(f"the {name} of type {media or 'unknown'!r} cannot be sent: {wanted} is expected")
