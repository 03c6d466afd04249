"""Command-line agents as providers: a program is run for each answer."""

from .dialect import Decoder, Dialect, Outcome, Question
from .programs import AugmentProvider, ClaudeCodeProvider, CLIOptions, CodexProvider
from .prompt import Session
from .provider import CLIProvider

__all__ = [
    "AugmentProvider",
    "CLIOptions",
    "CLIProvider",
    "ClaudeCodeProvider",
    "CodexProvider",
    "Decoder",
    "Dialect",
    "Outcome",
    "Question",
    "Session",
]
