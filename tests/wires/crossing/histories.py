"""Any history that an agent, a session or a program can leave behind, as a strategy.

The seals in it carry the name of who set them, so that a body can be searched for those of others.
"""

from typing import Any

from hypothesis import strategies as st

from voxagent.types import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)

PROVIDERS = (
    "openai", "azure", "chatgpt", "anthropic", "google", "ollama", "groq", "openrouter", "deepseek",
    "mistral", "claudecode",
)  # fmt: skip
NAMES = (
    "add",
    "look",
    "files.read",
    "größe",
    "函数",
    "get weather",
    "1st",
    "",
    "very_" * 20,
    "default_api:x",
)
IDS = (
    "call_1",
    "call_2",
    "call_3",
    "",
    "call.1|fc",
    "google_call_1",
    "ü",
    "abcDEF123",
    "x" * 41,
    "y" * 65,
    "z" * 300,
)
PNG, GIF, PDF = "iVBORw0KGgo=", "R0lGODlh", "JVBERi0xLjQK"

texts = st.sampled_from(["", " ", "\n", "Hello.", "Hello. ", "two\nlines\n", "a\ud800b", "héllo ☃"])
names = st.sampled_from(NAMES)
ids = st.sampled_from(IDS)
arguments = st.dictionaries(
    st.sampled_from(["a", "b", "é"]), st.sampled_from([1, None, "x", [1.5], {"c": []}])
)


def seal(provider: str) -> str:
    """A seal of a provider."""
    return f"{provider}SEAL"


media: st.SearchStrategy[ContentBlock] = st.sampled_from(
    [
        ImageBlock("image/png", PNG),
        ImageBlock("", PNG),
        ImageBlock("image/gif", GIF),
        ImageBlock("image/bmp", "Qk0="),
        ImageBlock("image/png", "_-8"),
        ImageBlock(url=f"data:image/png;base64,{PNG}"),
        ImageBlock(url="data:image/svg+xml;base64,PHN2Zz4="),
        ImageBlock(url="https://x.test/a.png"),
        ImageBlock("image/png", url="gs://bucket/a.png"),
        DocumentBlock("application/pdf", PDF, name="a.pdf"),
        DocumentBlock("text/plain", "SGVsbG8="),
        DocumentBlock("application/json", "e30="),
        DocumentBlock("application/msword", "SGVsbG8="),
        DocumentBlock(url="https://x.test/a.pdf"),
        DocumentBlock("application/pdf", url="gs://bucket/a.pdf"),
        DocumentBlock(url=f"data:application/pdf;base64,{PDF}"),
        AudioBlock("audio/wav", "UklGRg=="),
        AudioBlock("audio/mpeg", "SUQz"),
        AudioBlock("audio/ogg", "T2dnUw=="),
        AudioBlock("audio/wav", url="https://x.test/a.wav"),
    ]
)


def kept(provider: str) -> list[list[ContentBlock]]:
    """What a provider keeps in blocks of its own, as its decoder leaves it."""
    data: dict[str, list[list[dict[str, Any]]]] = {
        "anthropic": [
            [
                {
                    "type": "server_tool_use",
                    "id": "srvtoolu_1",
                    "name": "web_search",
                    "input": {"query": "a"},
                },
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            ]
        ],
        "google": [
            [{"thoughtSignature": seal("google")}],
            [{"executableCode": {"language": "PYTHON", "code": "1"}}],
            [{"groundingMetadata": {"webSearchQueries": ["a"]}}],
        ],
        "openrouter": [
            [
                {
                    "type": "reasoning_details",
                    "details": [{"type": "reasoning.text", "signature": seal("openrouter")}],
                }
            ]
        ],
        "claudecode": [[{"session": "s", "digest": "d"}]],
    }
    items = [
        [{"type": "web_search_call", "id": "ws_1", "status": "completed"}],
        [{"type": "message", "phase": "commentary"}],
        [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "content": [{"type": "reasoning_text", "text": "hm"}],
            }
        ],
        [{"type": "reasoning_details", "details": [{"text": "hm"}]}],
    ]
    found = items if provider in ("openai", "azure", "chatgpt") else data.get(provider, [[]])
    return [[ProviderBlock(provider, each) for each in group] for group in found]


@st.composite
def thoughts(draw: st.DrawFn, provider: str) -> ThinkingBlock:
    """Thoughts with and without a seal, or with nothing else."""
    how = draw(st.sampled_from(["signed", "unsigned", "redacted"]))
    if how == "unsigned":
        return ThinkingBlock(draw(texts), provider=draw(st.sampled_from([None, provider])))
    if how == "redacted":
        return ThinkingBlock("", seal(provider), True, provider=provider)
    return ThinkingBlock(
        draw(texts), seal(provider), id=draw(st.sampled_from([None, "rs_1"])), provider=provider
    )


@st.composite
def calls(draw: st.DrawFn, provider: str) -> ToolUseBlock:
    """A call; Google's are sealed."""
    mark = seal("google") if provider == "google" and draw(st.booleans()) else None
    broken = draw(st.sampled_from([None, None, None, '{"a":']))
    return ToolUseBlock(draw(ids), draw(names), {} if broken else draw(arguments), broken, mark)


@st.composite
def answers(draw: st.DrawFn, owner: str) -> Message:
    """What a model said, wholly or until it was aborted; often one of the owner's."""
    provider = draw(st.sampled_from([*PROVIDERS, *[owner] * len(PROVIDERS)]))
    blocks: list[ContentBlock] = []
    for kind in draw(st.lists(st.integers(0, 6), max_size=5)):
        match kind:
            case 0 | 1:
                blocks.append(TextBlock(draw(texts), ({"type": "url_citation", "url": "u"},)))
            case 2:
                blocks.append(draw(thoughts(provider)))
            case 3 | 4:
                blocks.append(draw(calls(provider)))
            case 5:
                blocks += draw(st.sampled_from(kept(provider)))
            case _:
                blocks.append(
                    draw(st.one_of(media, st.sampled_from([RefusalBlock("no"), UnknownBlock("new", {})])))
                )
    reason = draw(st.sampled_from([None, "stop", "aborted", "length", "content_filter"]))
    content = draw(texts) if not blocks and draw(st.booleans()) else blocks
    return Message("assistant", content, provider=provider, finish_reason=reason)


@st.composite
def prompts(draw: st.DrawFn) -> Message:
    """What the user said."""
    if draw(st.booleans()):
        return Message("user", draw(texts))
    other = st.sampled_from(
        [RefusalBlock("no"), UnknownBlock("new", {}), ThinkingBlock("hm"), ToolUseBlock("call_1", "add", {})]
    )
    return Message("user", draw(st.lists(st.one_of(texts.map(TextBlock), media, other), max_size=3)))


@st.composite
def results(draw: st.DrawFn, asked: list[tuple[str, str]]) -> Message:
    """What tools gave: for these calls, or for none that is known."""
    blocks: list[ContentBlock] = []
    for id, name in asked:
        content = draw(st.one_of(texts, st.lists(st.one_of(texts.map(TextBlock), media), max_size=2)))
        blocks.append(ToolResultBlock(id, draw(st.sampled_from([name, ""])), content, draw(st.booleans())))
    blocks += draw(st.lists(texts.map(TextBlock), max_size=1))
    return Message("user", blocks)


@st.composite
def histories(draw: st.DrawFn, owner: str) -> list[Message]:
    """A conversation that the user goes on with, or that the model shall go on with.

    Args:
        draw: Hypothesis's.
        owner: Who shall go on with it, and has said a part of it.
    """
    messages: list[Message] = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.integers(0, 4))
        if kind == 0:
            messages.append(draw(prompts()))
            continue
        said = draw(answers(owner))
        messages.append(said)
        asked = [(call.id, call.name) for call in said.tool_calls]
        if kind == 1 and asked:  # a call had to wait, or its result was lost
            place = draw(st.integers(0, len(asked)))
            messages.append(draw(results(asked[:place])))
            messages.append(draw(prompts())) if draw(st.booleans()) else None
            messages.append(draw(results(asked[place:]))) if draw(st.booleans()) else None
        elif kind != 2:
            messages.append(draw(results(draw(st.permutations(asked)))))
        if kind == 4:
            messages.append(draw(results([(draw(ids), draw(names))])))
    end = draw(st.sampled_from(["user", "user", "assistant", "as it is"]))
    if end == "assistant":
        messages.append(Message("assistant", draw(texts), provider="openai", finish_reason="aborted"))
    if end == "user" or not any(message.text.strip() for message in messages if message.role == "user"):
        messages.append(Message("user", "And now?"))
    return messages
