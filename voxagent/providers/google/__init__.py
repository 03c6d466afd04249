"""Google's Gemini API, and Vertex AI, which speaks the same words."""

from .wire import GeminiWire

__all__ = ["GeminiWire"]
