"""Models through a server that keeps their keys: a provider for clients, and an ASGI app for the server."""

from .provider import ProxyProvider

__all__ = ["ProxyProvider"]
