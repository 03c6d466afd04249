"""The models of a ChatGPT subscription."""

from .provider import ChatGPTProvider

__all__ = ["ChatGPTProvider"]
