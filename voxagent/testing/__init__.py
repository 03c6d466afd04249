"""Models for tests: scripted, or a function; a recorder, and a ban on the network."""

from .function import FunctionProvider
from .network import NetworkBan, forbid_network
from .recorder import RecordedExchange, RequestRecorder
from .scripted import ScriptedProvider
from .steps import (
    Part,
    ScriptedAnswer,
    Step,
    answer,
    fails,
    raw_call,
    refusal,
    stalls,
    text,
    thinking,
    tool_call,
    waits,
)

__all__ = [
    "FunctionProvider",
    "NetworkBan",
    "Part",
    "RecordedExchange",
    "RequestRecorder",
    "ScriptedAnswer",
    "ScriptedProvider",
    "Step",
    "answer",
    "fails",
    "forbid_network",
    "raw_call",
    "refusal",
    "stalls",
    "text",
    "thinking",
    "tool_call",
    "waits",
]
