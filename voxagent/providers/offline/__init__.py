"""The model `offline:demo`: no network, no key, the same answer every time."""

from .provider import OfflineProvider

__all__ = ["OfflineProvider"]
