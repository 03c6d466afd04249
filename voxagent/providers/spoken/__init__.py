"""Tools for models that cannot call any: they are told of them in words, and call them in words."""

from .provider import with_text_tools

__all__ = ["with_text_tools"]
