"""What is sent of each block, and what is left out."""

from base64 import b64encode
from typing import Any

import pytest
from pydantic_core import from_json

from voxagent.errors import ConfigError
from voxagent.providers.anthropic import MessagesOptions, MessagesWire
from voxagent.providers.base import ModelRequest
from voxagent.types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from voxagent.types.message import Message

PNG = "iVBORw0KGgoAAAA="
PDF = "JVBERi0xLjQK"


def sent(*messages: Message, provider: str = "anthropic") -> list[dict[str, Any]]:
    body = MessagesWire(MessagesOptions(provider=provider)).body(ModelRequest("m", messages))
    return from_json(body)["messages"]


def asked(*blocks: ContentBlock) -> list[dict[str, Any]]:
    """The blocks that a user's message is sent as."""
    told = sent(Message("user", list(blocks)))
    return told[0]["content"] if told else []


def said(*blocks: ContentBlock) -> list[dict[str, Any]]:
    """The blocks that an assistant's message is sent as."""
    told = sent(Message("user", "go"), Message("assistant", list(blocks)), Message("user", "on"))
    return told[1]["content"] if len(told) == 3 else []


def test_roles_alternate_and_what_says_nothing_is_not_sent() -> None:
    assert sent(
        Message("user", "a"),
        Message("user", [TextBlock("b"), TextBlock(""), TextBlock(" \n")]),
        Message("assistant", ""),
        Message("assistant", []),
        Message("user", "c"),
        Message("assistant", "d"),
        Message("assistant", [TextBlock("e")]),
        Message("user", "f"),
    ) == [
        {"role": "user", "content": [{"type": "text", "text": each} for each in "abc"]},
        {"role": "assistant", "content": [{"type": "text", "text": each} for each in "de"]},
        {"role": "user", "content": [{"type": "text", "text": "f"}]},
    ]
    nothing = [{"role": "user", "content": [{"type": "text", "text": "(nothing was said)"}]}]
    assert sent() == sent(Message("user", "")) == nothing


def test_results_come_first_in_one_message_and_in_several() -> None:
    result = ToolResultBlock("t1", "add", "3")
    other = ToolResultBlock("t2", "add", "4")
    kinds = ["tool_result", "tool_result", "text"]
    assert [block["type"] for block in asked(TextBlock("a"), result, other)] == kinds
    (turn,) = sent(Message("user", "a"), Message("user", [result]), Message("user", [other]))
    assert [block["type"] for block in turn["content"]] == kinds
    assert [block.get("tool_use_id") for block in turn["content"]] == ["t1", "t2", None]
    (turn,) = sent(Message("user", [result]), Message("user", [other]), Message("user", "a"))
    assert [block.get("tool_use_id") for block in turn["content"]] == ["t1", "t2", None]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (ToolResultBlock("t", "n", "3"), {"content": "3"}),
        (ToolResultBlock("t", "n", ""), {}),
        (ToolResultBlock("t", "n", " \n"), {}),
        (ToolResultBlock("t", "n", []), {}),
        (ToolResultBlock("t", "n", [TextBlock("")]), {}),
        (ToolResultBlock("t", "n", "bad", is_error=True), {"content": "bad", "is_error": True}),
        (ToolResultBlock("t", "n", "", is_error=True), {"content": "error", "is_error": True}),
        (
            ToolResultBlock("t", "n", [TextBlock("a"), ImageBlock("image/png", PNG)]),
            {
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                ]
            },
        ),
        (
            ToolResultBlock("t", "n", [DocumentBlock(url="https://x.test/a.pdf"), UnknownBlock("x", {})]),
            {"content": [{"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}}]},
        ),
        (
            ToolResultBlock(
                "t", "n", [ProviderBlock("anthropic", {"type": "tool_reference", "tool_name": "x"})]
            ),
            {"content": [{"type": "tool_reference", "tool_name": "x"}]},
        ),
        (ToolResultBlock("t", "n", [ToolResultBlock("u", "n", "inner")]), {}),
    ],
)
def test_a_result_is_text_or_blocks(result: ToolResultBlock, told: dict[str, Any]) -> None:
    assert asked(result) == [{"type": "tool_result", "tool_use_id": "t", **told}]


def test_what_a_tool_gives_and_the_api_has_no_form_for_becomes_a_note() -> None:
    (result,) = asked(ToolResultBlock("t", "n", [AudioBlock("audio/wav", "QUJD")]))
    (note,) = result["content"]
    assert note["text"].startswith("[left out: an AudioBlock (audio/wav) cannot be sent")


@pytest.mark.parametrize(
    ("block", "source"),
    [
        (ImageBlock("image/png", PNG), {"type": "base64", "media_type": "image/png", "data": PNG}),
        (ImageBlock(data=PNG), {"type": "base64", "media_type": "image/png", "data": PNG}),
        (ImageBlock("image/jpg", "/9j/"), {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"}),
        (
            ImageBlock("IMAGE/GIF; q=1", b"GIF8"),
            {"type": "base64", "media_type": "image/gif", "data": "R0lGOA=="},
        ),
        (ImageBlock(url="https://x.test/a.png"), {"type": "url", "url": "https://x.test/a.png"}),
        (
            ImageBlock(url=f"data:image/webp;base64,{PNG}"),
            {"type": "base64", "media_type": "image/webp", "data": PNG},
        ),
        (
            ImageBlock("image/png", url=f"data:;base64,{PNG}"),
            {"type": "base64", "media_type": "image/png", "data": PNG},
        ),
    ],
)
def test_a_picture_is_sent_by_its_bytes_or_its_url(block: ImageBlock, source: dict[str, Any]) -> None:
    assert asked(block) == [{"type": "image", "source": source}]


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (
            DocumentBlock("application/pdf", PDF, name="a.pdf"),
            {"source": {"type": "base64", "media_type": "application/pdf", "data": PDF}, "title": "a.pdf"},
        ),
        (
            DocumentBlock(data=PDF),
            {"source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
        ),
        (
            DocumentBlock("text/markdown", "# ä".encode(), name="a.md"),
            {"source": {"type": "text", "media_type": "text/plain", "data": "# ä"}, "title": "a.md"},
        ),
        (
            DocumentBlock("application/json", b"{}"),
            {"source": {"type": "text", "media_type": "text/plain", "data": "{}"}},
        ),
        (
            DocumentBlock(url="https://x.test/a.pdf", name="a"),
            {"source": {"type": "url", "url": "https://x.test/a.pdf"}, "title": "a"},
        ),
    ],
)
def test_a_document_is_pdf_or_text(block: DocumentBlock, told: dict[str, Any]) -> None:
    assert asked(block) == [{"type": "document", **told}]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (AudioBlock("audio/wav", "QUJD"), r"an AudioBlock \(audio/wav\) cannot be sent"),
        (AudioBlock(url="https://x.test/a"), r"an AudioBlock \(https://x.test/a\) cannot be sent"),
        (AudioBlock(data="QUJD"), r"an AudioBlock \(of unknown type\) cannot be sent"),
        (ImageBlock(), "the ImageBlock is empty"),
        (ImageBlock(url="data:"), "the ImageBlock of type 'unknown' cannot be sent"),
        (
            ImageBlock("image/svg+xml", "QUJD"),
            r"the ImageBlock of type 'image/svg\+xml' cannot be sent: JPEG",
        ),
        (DocumentBlock(), "the DocumentBlock is empty"),
        (DocumentBlock("application/msword", "QUJD"), "the DocumentBlock of type 'application/msword'"),
        (DocumentBlock("text/plain", "Q"), "the DocumentBlock of type 'text/plain' cannot be sent"),
        (DocumentBlock("text/plain", b64encode(b" ").decode()), "the DocumentBlock of type 'text/plain'"),
    ],
)
def test_a_block_that_the_api_has_no_form_for_is_named(block: ContentBlock, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        asked(block)


def test_thoughts_go_back_unchanged_in_their_place_to_whoever_sealed_them() -> None:
    assert said(
        ThinkingBlock("hm ", "SIG", provider="anthropic"),
        TextBlock("a"),
        ThinkingBlock("", "ENC", redacted=True, provider="anthropic"),
        ThinkingBlock("", "SEAL", provider="anthropic"),
        ToolUseBlock("t1", "add", {"a": 1}),
        ThinkingBlock("no seal", None, provider="anthropic"),
        ThinkingBlock("no seal", "", provider="anthropic"),
        ThinkingBlock("theirs", "SIG", provider="openai"),
        ThinkingBlock("whose?", "SIG"),
    ) == [
        {"type": "thinking", "thinking": "hm ", "signature": "SIG"},
        {"type": "text", "text": "a"},
        {"type": "redacted_thinking", "data": "ENC"},
        {"type": "thinking", "thinking": "", "signature": "SEAL"},
        {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
    ]


def test_blocks_of_a_provider_go_back_to_it_alone() -> None:
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "a"}}
    ours, theirs = ProviderBlock("anthropic", use), ProviderBlock("openai", {"type": "reasoning"})
    assert said(ours, theirs) == [use]
    assert asked(theirs, ProviderBlock("anthropic", {"type": "container_upload", "file_id": "f"})) == [
        {"type": "container_upload", "file_id": "f"}
    ]
    assert len(sent(Message("user", "go"), Message("assistant", [ours]), provider="other")) == 1


def test_sources_go_back_if_the_api_knows_their_kind() -> None:
    known = {"type": "web_search_result_location", "url": "u", "encrypted_index": "E"}
    place = {"type": "char_location", "cited_text": "x", "file_id": None}
    foreign = {"type": "url_citation", "url": "u"}
    assert said(TextBlock("a", (known, foreign, place)), TextBlock("b", (foreign,))) == [
        {"type": "text", "text": "a", "citations": [known, {"type": "char_location", "cited_text": "x"}]},
        {"type": "text", "text": "b"},
    ]
    assert said(TextBlock("", (known,))) == []
    assert asked(TextBlock("a", (known,))) == [{"type": "text", "text": "a"}]


def test_a_refusal_is_text_and_what_has_no_place_in_a_message_is_left_out() -> None:
    assert said(
        RefusalBlock("no"),
        ImageBlock("image/png", PNG),
        DocumentBlock("application/pdf", PDF),
        AudioBlock("audio/wav", "QUJD"),
        ToolResultBlock("t", "n", "3"),
        UnknownBlock("future", {}),
    ) == [{"type": "text", "text": "no"}]
    assert asked(
        RefusalBlock("no"),
        ThinkingBlock("hm", "SIG", provider="anthropic"),
        ToolUseBlock("t", "n", {}),
        UnknownBlock("future", {}),
    ) == [{"type": "text", "text": "no"}]


def test_a_call_whose_arguments_were_broken_has_an_empty_object() -> None:
    assert said(ToolUseBlock("t", "add", {}, arguments='{"a":'))[0]["input"] == {}


def test_foreign_ids_are_mapped_the_same_way_in_call_and_result() -> None:
    ids = ["call.1|fc", "call_1_fc", "", "tool call", "ü" * 300]
    calls = said(*(ToolUseBlock(id, "add", {}) for id in ids))
    results = asked(*(ToolResultBlock(id, "add", "3") for id in ids))
    assert [each["id"] for each in calls] == [each["tool_use_id"] for each in results]
    assert len({each["id"] for each in calls}) == len(ids)
    assert calls[1]["id"] == "call_1_fc"


def test_a_name_that_a_model_invented_is_made_one_that_the_api_takes() -> None:
    names = [
        each["name"] for each in said(*(ToolUseBlock("t", name, {}) for name in ("a.b", "", "a" * 200, "ok")))
    ]
    assert names[3] == "ok"
    assert len(set(names)) == 4
    assert all(name.replace("_", "").replace("-", "").isalnum() and len(name) <= 128 for name in names)


def test_lone_surrogates_and_odd_numbers_can_be_sent() -> None:
    assert asked(TextBlock("a\ud800b")) == [{"type": "text", "text": "a\ufffdb"}]
    (call,) = said(ToolUseBlock("t", "add", {"\ud800": [float("nan"), "\udc00", 1], "b": (1.5,)}))
    assert call["input"] == {"\ufffd": [None, "\ufffd", 1], "b": [1.5]}


def test_what_json_has_no_form_for_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ConfigError, match="cannot be sent as JSON"):
        said(ToolUseBlock("t", "add", {"a": object()}))
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(ConfigError, match="cannot be sent as JSON"):
        said(ToolUseBlock("t", "add", endless))
