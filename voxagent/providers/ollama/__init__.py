"""Ollama's own protocol, without I/O: requests become bytes, and lines of JSON become answers."""

from .settings import OllamaOptions
from .wire import OllamaWire

__all__ = ["OllamaOptions", "OllamaWire"]
