"""Doing many things at once: threads for what blocks, and a loop for callers that have none."""

from .background import background_loop
from .threads import in_thread

__all__ = ["background_loop", "in_thread"]
