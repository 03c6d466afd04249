"""A program that was written for voxagent 0.1 finds its names where they were."""

import importlib

import pytest

import voxagent

NAMES = {
    "voxagent": """Agent BaseProvider StreamChunk TextDeltaChunk ToolUseChunk MessageEndChunk ErrorChunk
        AbortSignal ProviderRegistry get_default_registry tool ToolDefinition ToolContext Message ToolCall
        ToolResult SubAgentDefinition SubAgentContext MaxDepthExceededError __version__ __version_info__
        AbortController Hooks ModelRetry ModelSettings RunContext RunResult ToolReturn Usage UsageLimits
        one_of VoxAgentError ConfigError ProviderError RunError""",
    "voxagent.agent": "Agent AbortController TimeoutHandler handle_context_overflow",
    "voxagent.types": """TextBlock ImageBlock ToolUseBlock ToolResultBlock ContentBlock ToolCall ToolResult
        Message ModelConfig AgentConfig RunParams ToolPolicy ToolMeta RunResult""",
    "voxagent.tools": """tool ToolDefinition ToolContext AbortError execute_tool ToolRegistry
        ToolAlreadyRegisteredError ToolNotFoundError ToolPolicy apply_tool_policies""",
    "voxagent.providers": """BaseProvider TextDeltaChunk ToolUseChunk MessageEndChunk ErrorChunk StreamChunk
        AbortSignal ProviderRegistry ProviderNotFoundError InvalidModelStringError get_default_registry""",
    "voxagent.security": """SecretRegistry RedactionFilter StreamFilter SecurityEvent SecurityEventEmitter""",
    "voxagent.session": """Session resolve_session_key SessionStorage InMemorySessionStorage SessionLock
        SessionLockManager LockTimeoutError count_tokens count_message_tokens needs_compaction compact_context
        CompactionStrategy""",
    "voxagent.streaming": """StreamEvent EventEmitter EventCallback WildcardCallback BaseEvent RunStartEvent
        RunEndEvent RunErrorEvent AssistantStartEvent TextDeltaEvent AssistantEndEvent ToolStartEvent
        ToolOutputEvent ToolEndEvent CompactionStartEvent CompactionEndEvent StreamEventData""",
    "voxagent.subagent": "SubAgentDefinition SubAgentContext MaxDepthExceededError DEFAULT_MAX_DEPTH",
}


@pytest.mark.parametrize("package", NAMES)
def test_the_names_of_voxagent_0_1_are_where_they_were(package: str) -> None:
    module = importlib.import_module(package)
    names = NAMES[package].split()
    assert [name for name in names if not hasattr(module, name)] == []
    assert [name for name in names if name not in module.__all__] == []


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'voxagent' has no attribute 'Agnet'"):
        voxagent.Agnet  # noqa: B018  # the access is what is tested
    assert dir(voxagent) == sorted(voxagent.__all__)
    assert voxagent.__version__.startswith(".".join(map(str, voxagent.__version_info__[:3])))
