"""Vendors that speak OpenAI's protocols in dialects of their own."""

from .azure import AzureProvider
from .deepseek import DeepSeekProvider
from .groq import GroqProvider
from .mistral import MistralProvider
from .openrouter import OpenRouterProvider

__all__ = ["AzureProvider", "DeepSeekProvider", "GroqProvider", "MistralProvider", "OpenRouterProvider"]
