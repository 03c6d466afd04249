"""Anthropic's Messages API."""

from .messages import MessagesWire
from .settings import MessagesOptions

__all__ = ["MessagesOptions", "MessagesWire"]
