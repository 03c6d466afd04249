"""For tests: models (scripted, or a function), a recorder, a ban on the network, checks of session stores."""

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
from .storecheck import StoreCheck
from .stores import session_store_suite

__all__ = [
    "FunctionProvider",
    "NetworkBan",
    "Part",
    "RecordedExchange",
    "RequestRecorder",
    "ScriptedAnswer",
    "ScriptedProvider",
    "Step",
    "StoreCheck",
    "answer",
    "fails",
    "forbid_network",
    "raw_call",
    "refusal",
    "session_store_suite",
    "stalls",
    "text",
    "thinking",
    "tool_call",
    "waits",
]
