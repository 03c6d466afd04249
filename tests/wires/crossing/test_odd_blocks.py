"""What one service shows or says and another refuses becomes what that one takes, or an error that tells why.

A picture, a document or sound that is new is an error where it cannot be read, for the answer would be about
nothing. Once it was answered, by whomever, it is a note: the conversation must go on.
"""

from typing import Any

import pytest

from tests.wires.crossing.recorded import GO
from tests.wires.crossing.targets import TARGETS, Target
from voxagent.errors import ConfigError
from voxagent.providers import ModelRequest
from voxagent.providers.cli.prompt import told
from voxagent.providers.http.base64text import usual_base64
from voxagent.types import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    ModelSettings,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)

BY_NAME = {target.name: target for target in TARGETS}
DONE = Message("assistant", "Well.")
SOUND = AudioBlock("audio/wav", "UklGRg==")
GIF = ImageBlock("image/gif", "R0lGODlh")
CLOUD = ImageBlock("image/png", url="gs://bucket/a.png")


async def body(name: str, *messages: Message, settings: ModelSettings | None = None) -> Any:
    target = BY_NAME[name]
    made = await target.body(ModelRequest(target.model, messages, settings=settings or {}))
    assert list(target.judge(made)) == []
    return made


def user(*blocks: ContentBlock) -> Message:
    return Message("user", blocks)


@pytest.mark.parametrize(
    ("name", "block", "words"),
    [
        ("anthropic", SOUND, r"an AudioBlock \(audio/wav\) cannot be sent"),
        ("anthropic", CLOUD, "the ImageBlock at gs://bucket/a.png cannot be sent: only the web is read"),
        ("google", GIF, "the ImageBlock of type 'image/gif' cannot be sent"),
    ],
)
async def test_what_a_service_cannot_read_is_an_error_while_it_is_new_and_a_note_once_it_was_answered(
    name: str, block: ContentBlock, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        await body(name, user(block))
    with pytest.raises(ConfigError, match=words):
        await body(name, GO, DONE, user(TextBlock("see"), block))
    assert "[left out: " in str(await body(name, user(block), DONE, GO))
    call = Message("assistant", [ToolUseBlock("a", "look", {})])
    assert "[left out: " in str(await body(name, GO, call, user(ToolResultBlock("a", "look", [block]))))


def test_a_program_is_told_of_a_picture_only_once_it_was_answered() -> None:
    with pytest.raises(ConfigError, match="codex takes text only, and the conversation has a image in it"):
        told([GO, DONE, user(GIF)], "codex")
    assert "[image not shown: image/gif]" in told([user(GIF), DONE, GO], "codex")
    assert "[image not shown: gs://bucket/a.png]" in told([user(CLOUD), DONE, GO], "codex")
    inline = ImageBlock("image/png", url="data:image/png;base64,iVBO")
    assert "[image not shown: image/png]" in told([user(inline), DONE, GO], "codex")


@pytest.mark.parametrize("name", ["openai", "openai-chat", "deepseek", "groq", "mistral", "openrouter"])
@pytest.mark.parametrize(
    "block",
    [
        ImageBlock("image/bmp", "Qk0="),
        ImageBlock(url="data:image/svg+xml;base64,PHN2Zz4="),
        CLOUD,
        AudioBlock("audio/ogg", "T2dnUw=="),
        DocumentBlock("application/pdf", url="gs://bucket/a.pdf"),
    ],
)
async def test_by_openais_protocols_the_model_is_told_what_it_is_not_shown(
    name: str, block: ContentBlock
) -> None:
    written = str(await body(name, user(block)))
    assert f"[{block.type} not shown: " in written
    assert "base64" not in written


async def test_deepseek_and_groq_are_sent_only_what_they_read() -> None:
    picture = ImageBlock("image/png", "iVBORw0KGgo=")
    assert "image_url" not in str(await body("deepseek", user(picture)))
    assert "image_url" in str(await body("groq", user(picture)))
    for name in ("deepseek", "groq"):
        assert "input_audio" not in str(await body(name, user(SOUND)))


async def test_a_document_in_a_data_url_is_sent_by_its_bytes() -> None:
    block = DocumentBlock(url="data:application/pdf;base64,JVBERi0xLjQK")
    for name in ("openai", "openai-chat", "openrouter"):
        assert "'file_data': 'data:application/pdf;base64,JVBERi0xLjQK'" in str(await body(name, user(block)))


@pytest.mark.parametrize("name", ["openai", "openai-chat", "anthropic", "ollama"])
async def test_bytes_in_the_alphabet_for_urls_are_told_in_the_usual_one(name: str) -> None:
    written = str(await body(name, user(ImageBlock("image/png", "iVBOR_-"))))
    assert "iVBOR/+=" in written
    assert "iVBOR_-" not in written


def test_usual_base64_stays_the_same_object() -> None:
    data = "iVBORw0KGgo="
    assert usual_base64(data) is data
    assert usual_base64(b"_-8") == "/+8="


async def test_an_error_with_a_picture_is_told_to_claude_in_text() -> None:
    call = Message("assistant", [ToolUseBlock("a", "look", {})])
    content = [TextBlock("broken"), ImageBlock("image/png", "iVBORw0KGgo=")]
    told = await body("anthropic", GO, call, user(ToolResultBlock("a", "look", content, is_error=True)))
    (result,) = told["messages"][2]["content"]
    assert result["content"] == [
        {"type": "text", "text": "broken"},
        {"type": "text", "text": "[left out: the image that came with the error]"},
    ]


# --- who has the first and the last word


def roles(body: Any) -> list[tuple[str, str]]:
    return [(message["role"], message["content"][-1]["text"]) for message in body["messages"]]


async def test_claude_is_asked_by_the_user_first_and_last() -> None:
    begun = Message("assistant", "Once upon \n")
    silence, go_on = ("user", "(nothing was said)"), ("user", "Go on.")
    assert roles(await body("anthropic", begun)) == [silence, ("assistant", "Once upon")]
    assert roles(await body("anthropic-adaptive", begun)) == [silence, ("assistant", "Once upon \n"), go_on]
    thinking = await body("anthropic", GO, begun, settings={"thinking": "low"})
    assert roles(thinking) == [("user", GO.text), ("assistant", "Once upon \n"), go_on]
    assert roles(await body("anthropic", DONE, GO)) == [silence, ("assistant", "Well."), ("user", GO.text)]
    nothing = Message("assistant", [ThinkingBlock("hm", "SIG", provider="anthropic")])
    assert roles(await body("anthropic", nothing)) == [silence]
    assert roles(await body("anthropic", nothing, GO, nothing)) == [("user", GO.text)]


async def test_blanks_at_the_end_of_an_answer_that_is_begun_are_not_sent_to_claude() -> None:
    place = {"document_index": 0, "document_title": None, "start_char_index": 0, "end_char_index": 1}
    cited = ({"type": "char_location", "cited_text": "x", **place},)
    begun = Message("assistant", [TextBlock("Once", cited), TextBlock("upon ", cited), TextBlock(" ")])
    told = (await body("anthropic", GO, begun))["messages"][1]["content"]
    assert [(block["text"], len(block["citations"])) for block in told] == [("Once", 1), ("upon", 1)]
    whole = Message("assistant", "Once")
    assert roles(await body("anthropic", GO, whole))[1] == ("assistant", "Once")


async def test_an_answer_that_claude_paused_is_gone_on_with_as_it_is() -> None:
    paused = Message("assistant", "I look ", finish_reason="pause")
    target = BY_NAME["anthropic-adaptive"]
    for ahead in [GO], []:
        told = await target.body(ModelRequest(target.model, [*ahead, paused]))
        assert roles(told)[1:] == [("assistant", "I look ")]


async def test_thoughts_that_nothing_follows_do_not_go_back_to_claude() -> None:
    seal = ThinkingBlock("hm", "SIG", provider="anthropic")
    said = Message("assistant", [seal, TextBlock("so"), seal])
    told = (await body("anthropic", GO, said, GO))["messages"][1]["content"]
    assert [block["type"] for block in told] == ["thinking", "text"]


@pytest.mark.parametrize("target", [BY_NAME["mistral"], BY_NAME["deepseek-beta"]], ids=lambda each: each.name)
async def test_only_what_is_sent_counts_as_the_last_word(target: Target) -> None:
    nothing = Message("assistant", [ThinkingBlock("hm", provider="other")])
    begun = Message("assistant", "Once upon")
    told = (await body(target.name, nothing, GO, begun, nothing))["messages"]
    assert [message["role"] for message in told] == ["user", "assistant"]
    assert told[-1]["prefix"] is True
    told = (await body(target.name, nothing))["messages"]
    assert told == [{"role": "user", "content": "(nothing was said)"}]


async def test_at_mistral_an_empty_answer_does_not_stand_between_results_and_the_user() -> None:
    call = Message("assistant", [ToolUseBlock("a", "look", {})])
    told = await body(
        "mistral", GO, call, user(ToolResultBlock("a", "look", "2")), Message("assistant", []), GO
    )
    assert [message["role"] for message in told["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


async def test_what_stands_within_a_result_only_is_not_told_in_words() -> None:
    call = Message("assistant", [ToolUseBlock("a", "look", {})])
    content = [TextBlock("seen"), ProviderBlock("anthropic", {"type": "tool_reference", "tool_name": "add"})]
    told = await body("text-tools over anthropic", GO, call, user(ToolResultBlock("a", "look", content)))
    assert told["messages"][-1]["content"] == [{"type": "text", "text": "[[result: look]]\nseen"}]
