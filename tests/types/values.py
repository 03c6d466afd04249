"""Any value that voxagent's public types may have, as hypothesis strategies."""

from hypothesis import strategies as st

from voxagent.types import (
    ApprovalRequest,
    Attempt,
    AudioBlock,
    DocumentBlock,
    ErrorInfo,
    ImageBlock,
    Message,
    ProviderBlock,
    RefusalBlock,
    RunResult,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolMeta,
    ToolResult,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
    Usage,
)

KNOWN_TYPES = frozenset(
    ("text", "thinking", "image", "document", "audio", "tool_use", "tool_result", "refusal", "provider")
)

text = st.text(max_size=12)
maybe_text = st.none() | text
counts = st.integers(0, 10**12)
numbers = st.floats(0, 1e12)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(text, anything, max_size=3)
type_names = text.filter(lambda name: name not in KNOWN_TYPES)
media = {
    "media_type": st.sampled_from(["", "image/png", "application/pdf"]),
    "data": text | st.binary(max_size=8),
    "url": text,
}

unknown_blocks = st.builds(
    UnknownBlock,
    type=type_names,
    data=objects.map(lambda data: {key: value for key, value in data.items() if key != "type"}),
)
leaf_blocks = st.one_of(
    st.builds(TextBlock, text, st.lists(objects, max_size=2).map(tuple)),
    st.builds(ThinkingBlock, text, maybe_text, st.booleans(), maybe_text, maybe_text),
    st.builds(ImageBlock, **media),
    st.builds(DocumentBlock, **media, name=text),
    st.builds(AudioBlock, **media),
    st.builds(ToolUseBlock, text, text, objects, maybe_text, maybe_text),
    st.builds(RefusalBlock, text),
    st.builds(ProviderBlock, text, objects),
    unknown_blocks,
)
contents = text | st.lists(leaf_blocks, max_size=3)
blocks = leaf_blocks | st.builds(ToolResultBlock, text, text, contents, st.booleans())

usages = st.builds(Usage, *[counts] * 7)
finish_reasons = st.sampled_from(
    ["stop", "tool_use", "length", "content_filter", "refusal", "aborted", "error", "pause"]
)
calls = st.builds(ToolCall, text, text, objects, maybe_text, maybe_text)
results = st.builds(ToolResult, text, contents, st.booleans())
messages = st.builds(
    Message,
    st.sampled_from(["user", "assistant", "system"]),
    text | st.lists(blocks, max_size=3),
    st.none() | st.lists(calls, max_size=2),
    finish_reason=st.none() | finish_reasons,
    provider=maybe_text,
    model=maybe_text,
    usage=st.none() | usages,
    metadata=st.none() | objects,
)
error_infos = st.builds(ErrorInfo, text, text, text, st.booleans(), text)
run_results = st.builds(
    RunResult,
    st.lists(messages, max_size=2),
    st.lists(text, max_size=2),
    st.lists(st.builds(ToolMeta, text, text, numbers, st.booleans(), maybe_text), max_size=2),
    st.booleans(),
    st.booleans(),
    st.none() | error_infos,
    st.lists(messages, max_size=2),
    usages,
    text,
    text,
    text,
    counts,
    st.lists(st.builds(Attempt, text, text, maybe_text, maybe_text, numbers, usages), max_size=2),
    st.none() | finish_reasons,
    st.booleans(),
    st.lists(st.builds(ApprovalRequest, calls, text, text), max_size=2),
    objects,
    st.booleans(),
    value=anything,
)
