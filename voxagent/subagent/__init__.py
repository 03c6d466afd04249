"""Agents as tools of other agents."""

from ..errors import MaxDepthExceededError
from .definition import Runnable, SubAgentDefinition
from .lineage import DEFAULT_MAX_DEPTH, SubAgentContext

__all__ = [
    "DEFAULT_MAX_DEPTH",
    "MaxDepthExceededError",
    "Runnable",
    "SubAgentContext",
    "SubAgentDefinition",
]
