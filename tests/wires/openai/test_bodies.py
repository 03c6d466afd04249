"""What a request becomes: messages, settings, and everything that a model does not take."""

import json
from base64 import b64encode
from typing import Any

import pytest

from voxagent.errors import ConfigError
from voxagent.providers.base import ModelRequest
from voxagent.providers.openai import ChatDialect, ChatWire, ResponsesDialect, ResponsesWire
from voxagent.types import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    ModelSettings,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
    UnknownBlock,
)

TOOLS = (ToolSpec("add", "", {"type": "object"}),)
PDF = b64encode(b"%PDF").decode()
HELLO = b64encode(b"Hello").decode()


def asked(wire: Any, *messages: Message, model: str = "gpt-4o", **more: Any) -> Any:
    return json.loads(wire.body(ModelRequest(model, messages, **more)))


def chat(*blocks: ContentBlock, role: Any = "user", dialect: ChatDialect | None = None) -> Any:
    return asked(ChatWire(dialect), Message(role, blocks))["messages"]


def items(*blocks: ContentBlock, role: Any = "user", dialect: ResponsesDialect | None = None) -> Any:
    return asked(ResponsesWire(dialect), Message(role, blocks), model="gpt-5")["input"]


# --- what the user says


def test_text_is_sent_as_text() -> None:
    assert chat(TextBlock("Hi")) == items(TextBlock("Hi")) == [{"role": "user", "content": "Hi"}]
    assert asked(ChatWire(), Message("user", "Hi"))["messages"] == [{"role": "user", "content": "Hi"}]
    assert asked(ResponsesWire(), Message("user", "Hi"))["input"] == [{"role": "user", "content": "Hi"}]
    assert asked(ChatWire(), Message("user", ""))["messages"] == [{"role": "user", "content": ""}]
    assert chat() == items() == [{"role": "user", "content": ""}]


def test_a_system_prompt_goes_where_each_api_wants_it() -> None:
    chat, responses = (
        asked(wire, Message("user", "Hi"), system="Be kind.") for wire in (ChatWire(), ResponsesWire())
    )
    assert chat["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    assert (responses["instructions"], len(responses["input"])) == ("Be kind.", 1)
    assert "instructions" not in asked(ResponsesWire())


@pytest.mark.parametrize(
    ("model", "dialect", "role"),
    [
        ("gpt-5", ChatDialect(), "developer"),
        ("openai/o3", ChatDialect(), "developer"),
        ("gpt-5", ChatDialect(developer=False), "system"),
        ("llama", ChatDialect(), "system"),
        ("o1-mini-2024-09-12", ChatDialect(), "user"),
    ],
)
def test_the_system_prompt_has_the_role_that_the_model_knows(
    model: str, dialect: ChatDialect, role: str
) -> None:
    sent = asked(ChatWire(dialect), model=model, system="Be kind.")["messages"]
    assert sent == [{"role": role, "content": "Be kind."}]


PARTS: list[tuple[ContentBlock, Any, Any]] = [
    (TextBlock("Hi"), {"type": "text", "text": "Hi"}, {"type": "input_text", "text": "Hi"}),
    (
        ImageBlock(url="https://a/b.png"),
        {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
        {"type": "input_image", "image_url": "https://a/b.png", "detail": "auto"},
    ),
    (
        ImageBlock("image/jpeg", b"x"),
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,eA=="}},
        {"type": "input_image", "image_url": "data:image/jpeg;base64,eA==", "detail": "auto"},
    ),
    (
        ImageBlock(data="eA=="),
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}},
        {"type": "input_image", "image_url": "data:image/png;base64,eA==", "detail": "auto"},
    ),
    (
        DocumentBlock("application/pdf", PDF, name="a.pdf"),
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
        {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
    ),
    (
        DocumentBlock(data=PDF),
        {"type": "file", "file": {"filename": "document", "file_data": f"data:application/pdf;base64,{PDF}"}},
        {"type": "input_file", "filename": "document", "file_data": f"data:application/pdf;base64,{PDF}"},
    ),
    (
        DocumentBlock("text/plain", HELLO, name="a.txt"),
        {"type": "text", "text": "a.txt:\nHello"},
        {"type": "input_file", "filename": "a.txt", "file_data": f"data:text/plain;base64,{HELLO}"},
    ),
    (
        DocumentBlock("application/json", HELLO),
        {"type": "text", "text": "Hello"},
        {"type": "input_file", "filename": "document", "file_data": f"data:application/json;base64,{HELLO}"},
    ),
    (
        DocumentBlock(url="https://a/b.pdf"),
        {"type": "text", "text": "[document not shown: https://a/b.pdf]"},
        {"type": "input_file", "file_url": "https://a/b.pdf"},
    ),
    (
        AudioBlock("audio/mpeg", "eA=="),
        {"type": "input_audio", "input_audio": {"data": "eA==", "format": "mp3"}},
        {"type": "input_text", "text": "[audio not shown: audio/mpeg]"},
    ),
    (
        AudioBlock("audio/wav", "eA=="),
        {"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}},
        {"type": "input_text", "text": "[audio not shown: audio/wav]"},
    ),
    (
        AudioBlock(url="https://a/b.wav"),
        {"type": "text", "text": "[audio not shown: https://a/b.wav]"},
        {"type": "input_text", "text": "[audio not shown: https://a/b.wav]"},
    ),
]


@pytest.mark.parametrize(("block", "part", "item"), PARTS)
def test_a_block_becomes_a_part(block: ContentBlock, part: Any, item: Any) -> None:
    text = TextBlock("See:")
    assert chat(text, block)[0]["content"] == [{"type": "text", "text": "See:"}, part]
    assert items(text, block)[0]["content"] == [{"type": "input_text", "text": "See:"}, item]


def test_what_cannot_be_sent_is_told_once() -> None:
    wire = ChatWire(ChatDialect(files=False))
    blocks = [DocumentBlock("application/pdf", PDF), AudioBlock(url="https://a"), AudioBlock(url="https://b")]
    message = Message("user", blocks)
    for _ in range(3):
        assert len(asked(wire, message)["messages"][0]["content"]) == 3
    assert wire.warnings(ModelRequest("m", [message])) == [
        "document of this form is not taken: the model is only told that it is there",
        "audio of this form is not taken: the model is only told that it is there",
    ]
    other = ResponsesWire()
    asked(other, message)
    assert len(other.warnings(ModelRequest("m", [message]))) == 1


def test_a_text_document_that_is_no_base64_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ConfigError, match="no base64"):
        chat(DocumentBlock("text/plain", "a"))


def test_blocks_that_are_not_the_users_are_left_out() -> None:
    odd = [TextBlock(""), ProviderBlock("x", {}), UnknownBlock("x", {}), ThinkingBlock("hm"), TextBlock("Hi")]
    assert chat(*odd) == items(*odd) == [{"role": "user", "content": "Hi"}]


# --- tool results


def test_each_result_is_a_message_and_what_follows_comes_after_all() -> None:
    blocks = [
        ToolResultBlock("1", "add", "3"),
        TextBlock("Now go on."),
        ToolResultBlock("2", "add", "broken", is_error=True),
    ]
    assert chat(*blocks) == [
        {"role": "tool", "tool_call_id": "1", "content": "3"},
        {"role": "tool", "tool_call_id": "2", "content": "Error: broken"},
        {"role": "user", "content": "Now go on."},
    ]
    assert items(*blocks) == [
        {"type": "function_call_output", "call_id": "1", "output": "3"},
        {"type": "function_call_output", "call_id": "2", "output": "Error: broken"},
        {"role": "user", "content": "Now go on."},
    ]


def test_a_picture_in_a_result_is_shown() -> None:
    picture = ImageBlock(url="https://a/b.png")
    results = [ToolResultBlock("1", "draw", [TextBlock("Done."), picture]), ToolResultBlock("2", "add", "3")]
    assert chat(*results) == [
        {"role": "tool", "tool_call_id": "1", "content": "Done."},
        {"role": "tool", "tool_call_id": "2", "content": "3"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "From the result of tool call 1:"},
                {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
            ],
        },
    ]
    shown = {"type": "input_image", "image_url": "https://a/b.png", "detail": "auto"}
    assert items(*results)[0]["output"] == [{"type": "input_text", "text": "Done."}, shown]
    assert items(ToolResultBlock("1", "draw", [picture]))[0]["output"] == [shown]
    assert items(ToolResultBlock("1", "say", [TextBlock("Hi")]))[0]["output"] == "Hi"


# --- what the model said


def test_an_answer_is_sent_back_in_the_order_of_its_blocks() -> None:
    said = [
        ThinkingBlock("one", id="rs", provider="openai"),
        ThinkingBlock("two", "seal", id="rs", provider="openai"),
        TextBlock("Let me see."),
        ToolUseBlock("1", "add", {"x": 1}),
        ProviderBlock("openai", {"type": "web_search_call", "id": "ws"}),
        ThinkingBlock("", "seal2", True, provider="openai"),
        TextBlock("Done."),
    ]
    summary = [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}]
    assert items(*said, role="assistant") == [
        {"type": "reasoning", "id": "rs", "summary": summary, "encrypted_content": "seal"},
        {"role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "1", "name": "add", "arguments": '{"x":1}'},
        {"type": "web_search_call", "id": "ws"},
        {"type": "reasoning", "summary": [], "encrypted_content": "seal2"},
        {"role": "assistant", "content": "Done."},
    ]
    function = {"name": "add", "arguments": '{"x":1}'}
    assert chat(*said, role="assistant") == [
        {
            "role": "assistant",
            "content": "Let me see.Done.",
            "tool_calls": [{"id": "1", "type": "function", "function": function}],
        }
    ]


@pytest.mark.parametrize(
    "block",
    [
        ThinkingBlock("unsigned"),
        ThinkingBlock("unsigned", id="rs", provider="openai"),
        ThinkingBlock("theirs", "seal", provider="anthropic"),
        ProviderBlock("anthropic", {"type": "server_tool_use"}),
        ImageBlock(url="https://a"),
        UnknownBlock("new", {}),
        TextBlock(""),
    ],
)
def test_what_nobody_takes_back_is_left_out(block: ContentBlock) -> None:
    assert chat(block, role="assistant") == items(block, role="assistant") == []
    both = [block, TextBlock("Hi")]
    assert (
        chat(*both, role="assistant")
        == items(*both, role="assistant")
        == [{"role": "assistant", "content": "Hi"}]
    )


def test_an_empty_answer_leaves_no_hole() -> None:
    history = [
        Message("assistant", ""),
        Message("user", "Hi"),
        Message("assistant", []),
        Message("user", "Ho"),
    ]
    said = [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Ho"}]
    for _ in range(2):
        assert asked(ChatWire(), *history)["messages"] == said
        assert asked(ResponsesWire(), *history)["input"] == said
    assert asked(ChatWire(), Message("assistant", ""))["messages"] == []


def test_unsigned_thoughts_of_another_item_do_not_get_into_a_summary() -> None:
    said = [
        ThinkingBlock("lost", id="rs1", provider="openai"),
        ThinkingBlock("kept", "seal", id="rs2", provider="openai"),
        ThinkingBlock("lost", id="rs3", provider="openai"),
        TextBlock("Hi"),
        ThinkingBlock("", "seal", id="rs3", provider="openai"),
        TextBlock("Ho"),
    ]
    thoughts = [item for item in items(*said, role="assistant") if item.get("type") == "reasoning"]
    assert [(each["id"], len(each["summary"])) for each in thoughts] == [("rs2", 1), ("rs3", 0)]


def test_phase_and_namespace_go_back_to_where_they_were() -> None:
    said = [
        TextBlock("I look."),
        ProviderBlock("openai", {"type": "message", "phase": "commentary"}),
        ToolUseBlock("1", "add", {}),
        ProviderBlock("openai", {"type": "function_call", "namespace": "n"}),
        TextBlock("One."),
        TextBlock("Two."),
        ProviderBlock("openai", {"type": "message", "phase": "final_answer"}),
    ]
    assert items(*said, role="assistant") == [
        {"role": "assistant", "content": "I look.", "phase": "commentary"},
        {"type": "function_call", "call_id": "1", "name": "add", "arguments": "{}", "namespace": "n"},
        {"role": "assistant", "content": "One.", "phase": "final_answer"},
        {"role": "assistant", "content": "Two.", "phase": "final_answer"},
    ]
    two = [TextBlock("a"), said[1], TextBlock("b"), said[1]]
    assert [item["phase"] for item in items(*two, role="assistant")] == ["commentary", "commentary"]
    assert items(said[1], said[3], role="assistant") == []
    assert items(TextBlock("Hi"), said[3], role="assistant") == [{"role": "assistant", "content": "Hi"}]


def test_blocks_of_another_service_that_speaks_the_same_are_not_shown_to_this_one() -> None:
    said = [
        ThinkingBlock("", "seal", id="rs", provider="azure"),
        ProviderBlock("azure", {"type": "web_search_call"}),
    ]
    assert items(*said, role="assistant") == []
    assert len(items(*said, role="assistant", dialect=ResponsesDialect("azure"))) == 2


def test_reasoning_goes_back_neither_alone_nor_to_a_model_that_does_not_think() -> None:
    seal = ThinkingBlock("", "seal", id="rs", provider="openai")
    assert items(seal, role="assistant") == []
    assert [item.get("type") for item in items(seal, TextBlock("Hi"), seal, role="assistant")] == [
        "reasoning",
        None,
    ]
    message = Message("assistant", [seal, TextBlock("Hi")])
    for model, number in {"gpt-4.1": 1, "gpt-5": 2, "a-deployment": 2}.items():
        assert len(asked(ResponsesWire(), message, model=model)["input"]) == number


def test_what_chat_completions_kept_of_thoughts_is_no_item() -> None:
    kept = ProviderBlock("openai", {"type": "reasoning_details", "details": [{"text": "hm"}]})
    assert items(kept, TextBlock("Hi"), role="assistant") == [{"role": "assistant", "content": "Hi"}]


def test_broken_arguments_are_sent_back_so_that_every_server_can_read_them() -> None:
    broken = ToolUseBlock("1", "add", {}, '{"x"')
    (call,) = items(broken, role="assistant")
    assert json.loads(call["arguments"]) == {"invalid_json": '{"x"'}
    (message,) = chat(broken, role="assistant")
    assert message["tool_calls"][0]["function"]["arguments"] == call["arguments"]
    assert message["content"] is None


def test_a_refusal_is_sent_back_as_what_was_said() -> None:
    assert chat(RefusalBlock("No."), role="assistant") == [{"role": "assistant", "content": "No."}]
    assert items(RefusalBlock("No."), role="assistant") == [{"role": "assistant", "content": "No."}]


@pytest.mark.parametrize(
    ("back", "sent"),
    [
        ("", {"content": "Hi"}),
        ("reasoning_content", {"content": "Hi", "reasoning_content": "hm"}),
        ("reasoning", {"content": "Hi", "reasoning": "hm"}),
        ("reasoning_details", {"content": "Hi", "reasoning_details": [{"text": "hm"}]}),
        (
            "content",
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "Hi"},
                ]
            },
        ),
    ],
)
def test_thinking_is_sent_back_where_the_server_wants_it(back: Any, sent: Any) -> None:
    said = [
        ThinkingBlock("hm"),
        ThinkingBlock("theirs", "seal", provider="anthropic"),
        ProviderBlock("me", {"type": "reasoning_details", "details": [{"text": "hm"}]}),
        ProviderBlock("other", {"type": "reasoning_details", "details": []}),
        TextBlock("Hi"),
    ]
    dialect = ChatDialect("me", thinking_back=back)
    assert chat(*said, role="assistant", dialect=dialect) == [{"role": "assistant", **sent}]
    assert chat(TextBlock("Hi"), role="assistant", dialect=dialect) == [
        {"role": "assistant", "content": "Hi"}
    ]


def test_thinking_without_text_is_sent_back_with_its_call() -> None:
    dialect = ChatDialect(thinking_back="content")
    (said,) = chat(ThinkingBlock("hm"), ToolUseBlock("1", "add", {}), role="assistant", dialect=dialect)
    assert said["content"] == [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]


def test_seals_of_calls_go_only_to_those_who_want_them() -> None:
    sealed = ToolUseBlock("1", "add", {}, signature="s")
    (plain,) = chat(sealed, role="assistant")
    assert "extra_content" not in plain["tool_calls"][0]
    (kept,) = chat(sealed, ToolUseBlock("2", "add", {}), role="assistant", dialect=ChatDialect(seals=True))
    assert kept["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "s"}}
    assert "extra_content" not in kept["tool_calls"][1]


def test_what_json_cannot_say_breaks_no_request() -> None:
    odd = Message("user", "a\ud83db")
    for wire, name in ((ChatWire(), "messages"), (ResponsesWire(), "input")):
        assert asked(wire, odd)[name] == [{"role": "user", "content": "a\ufffdb"}]
    said = Message("assistant", [ToolUseBlock("1", "add", {"x": float("nan"), "y": "\udc00", "z": object})])
    arguments = json.loads(asked(ChatWire(), said)["messages"][0]["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"x": None, "y": "\ufffd", "z": "<class 'object'>"}


# --- settings


def settings(wire: Any, model: str, tools: Any = (), **asked_for: Any) -> Any:
    sent = asked(wire, model=model, tools=tools, settings=ModelSettings(**asked_for))
    return {name: value for name, value in sent.items() if name not in DEFAULTS}


def warned(wire: Any, model: str, tools: Any = (), **asked_for: Any) -> list[str]:
    request = ModelRequest(model, (), tools=tools, settings=ModelSettings(**asked_for))
    assert wire.warnings(request) == wire.warnings(request)
    return wire.warnings(request)


DEFAULTS = ("model", "stream", "stream_options", "messages", "input", "store", "tools", "include")
ALL: Any = {"temperature": 0.5, "top_p": 0.9, "stop": ["x"], "seed": 7, "max_tokens": 99}


def test_a_body_always_asks_for_a_stream() -> None:
    assert asked(ChatWire()) == {
        "model": "gpt-4o",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [],
    }
    assert asked(ResponsesWire()) == {"model": "gpt-4o", "stream": True, "store": False, "input": []}
    assert "stream_options" not in asked(ChatWire(ChatDialect(stream_options=False)))


def test_settings_have_each_apis_names() -> None:
    assert settings(ChatWire(), "gpt-4o", **ALL) == {
        "temperature": 0.5, "top_p": 0.9, "stop": ["x"], "seed": 7, "max_completion_tokens": 99,
    }  # fmt: skip
    dialect = ChatDialect(max_tokens="max_tokens")
    assert settings(ChatWire(dialect), "llama", max_tokens=99) == {"max_tokens": 99}
    assert settings(ResponsesWire(), "gpt-4o", **ALL) == {
        "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 99,
    }  # fmt: skip
    assert warned(ChatWire(), "gpt-4o", **ALL) == []
    assert warned(ResponsesWire(), "gpt-4o", **ALL) == [
        "the setting 'stop' is not taken: it was left out",
        "the setting 'seed' is not taken: it was left out",
    ]


@pytest.mark.parametrize(
    ("model", "thinking", "dropped"),
    [
        ("gpt-4o", None, []),
        ("gpt-4.1", None, []),
        ("gpt-5-chat-latest", None, []),
        ("llama", None, []),
        ("o3-mini", None, ["temperature", "top_p", "stop", "parallel_tool_calls"]),
        ("ft:o4-mini:me", None, ["temperature", "top_p", "stop", "parallel_tool_calls"]),
        ("gpt-5", None, ["temperature", "top_p", "stop"]),
        ("openai/gpt-5-mini", None, ["temperature", "top_p", "stop"]),
        ("codex-mini-latest", None, ["temperature", "top_p", "stop"]),
        ("gpt-5.2", None, ["temperature", "top_p", "stop"]),
        ("gpt-5.2", "low", ["temperature", "top_p", "stop"]),
        ("gpt-5.2", "off", ["stop"]),
        ("gpt-4o-search-preview", None, ["temperature", "top_p"]),
        ("gpt-5-search-api", None, ["temperature", "top_p"]),
    ],
)
def test_what_a_model_does_not_take_is_dropped_and_told(
    model: str, thinking: Any, dropped: list[str]
) -> None:
    extra = {"thinking": thinking} if thinking else {}
    given = {"temperature": 1.0, "top_p": 0.5, "stop": ["x"], "parallel_tool_calls": False}
    sent = settings(ChatWire(), model, TOOLS, **given, **extra)
    assert {name for name in given if name not in sent} == set(dropped)
    told = [f"the setting {name!r} is not taken: it was left out" for name in dropped]
    assert warned(ChatWire(), model, TOOLS, **given, **extra) == told


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "warnings"),
    [
        ("gpt-5", "low", "low", 0),
        ("gpt-5", "high", "high", 0),
        ("gpt-5", "off", "minimal", 1),
        ("gpt-5.2", "off", "none", 0),
        ("o3", "off", "low", 1),
        ("o3", 0, "low", 1),
        ("o3", 1_000, "low", 0),
        ("o3", 10_000, "medium", 0),
        ("o3", 50_000, "high", 0),
        ("gpt-4o", "high", None, 1),
        ("gpt-4o", "off", None, 0),
        ("gpt-4o-search-preview", "low", None, 1),
        ("qwen", "off", "none", 0),
    ],
)
def test_thinking_is_an_effort(model: str, thinking: Any, effort: str | None, warnings: int) -> None:
    sent = settings(ChatWire(), model, thinking=thinking)
    assert sent == ({} if effort is None else {"reasoning_effort": effort})
    sent = settings(ResponsesWire(), model, thinking=thinking)
    summary = {"summary": "auto"} if effort != "none" else {}
    assert sent == ({} if effort is None else {"reasoning": {"effort": effort, **summary}})
    for wire in (ChatWire(), ResponsesWire()):
        assert len(warned(wire, model, thinking=thinking)) == warnings


def test_thinking_goes_where_the_server_takes_it() -> None:
    assert settings(ChatWire(ChatDialect(effort="reasoning")), "m", thinking="low") == {
        "reasoning": {"effort": "low"}
    }
    assert settings(ChatWire(ChatDialect(effort="reasoning")), "m", thinking=99) == {
        "reasoning": {"max_tokens": 99}
    }
    without = ChatWire(ChatDialect(effort=""))
    assert settings(without, "m", thinking="low") == {}
    assert warned(without, "m", thinking="low") == ["the setting 'thinking' is not taken: it was left out"]
    quiet = ResponsesWire(ResponsesDialect(summary=""))
    assert settings(quiet, "o3", thinking="low") == {"reasoning": {"effort": "low"}}


@pytest.mark.parametrize(
    ("model", "encrypted", "asked_for"),
    [
        ("gpt-5", None, True),
        ("gpt-4o", None, False),
        ("grok-4", None, False),
        ("grok-4", True, True),
        ("gpt-5", False, False),
    ],
)
def test_encrypted_thinking_is_asked_for_where_there_is_thinking(
    model: str, encrypted: bool | None, asked_for: bool
) -> None:
    sent = asked(ResponsesWire(ResponsesDialect(encrypted=encrypted)), model=model)
    assert sent.get("include") == (["reasoning.encrypted_content"] if asked_for else None)


@pytest.mark.parametrize(
    ("choice", "in_chat", "in_responses"),
    [
        ("auto", "auto", "auto"),
        ("none", "none", "none"),
        ("required", "required", "required"),
        ("add", {"type": "function", "function": {"name": "add"}}, {"type": "function", "name": "add"}),
    ],
)
def test_a_choice_of_tool_is_sent_with_tools_only(choice: str, in_chat: Any, in_responses: Any) -> None:
    for wire, sent in ((ChatWire(), in_chat), (ResponsesWire(), in_responses)):
        asked_for: Any = {"tool_choice": choice, "parallel_tool_calls": True}
        assert settings(wire, "gpt-4o", TOOLS, **asked_for) == {
            "tool_choice": sent,
            "parallel_tool_calls": True,
        }
        assert settings(wire, "gpt-4o", **asked_for) == {}
    wire = ChatWire(ChatDialect(required="any", parallel_tool_calls=False))
    asked_for = {"tool_choice": "required", "parallel_tool_calls": True}
    assert settings(wire, "m", TOOLS, **asked_for) == {"tool_choice": "any"}
    assert len(warned(wire, "m", TOOLS, **asked_for)) == 1


def test_the_protocols_have_no_headers_of_their_own() -> None:
    for wire in (ChatWire(), ResponsesWire()):
        assert wire.headers(ModelRequest("m", ())) == {}


def test_what_the_caller_adds_is_merged_last() -> None:
    search = {"type": "web_search"}
    extra = {
        "temperature": 2,
        "reasoning": {"summary": "detailed"},
        "include": ["reasoning.encrypted_content", "web_search_call.results"],
        "tools": [search],
        "service_tier": "flex",
    }
    given = ModelSettings(thinking="low", extra_body=extra, tool_choice="required")
    sent = asked(ResponsesWire(), model="gpt-5", tools=TOOLS, settings=given)
    assert sent["reasoning"] == {"effort": "low", "summary": "detailed"}
    assert sent["include"] == ["reasoning.encrypted_content", "web_search_call.results"]
    assert [tool["type"] for tool in sent["tools"]] == ["function", "web_search"]
    assert (sent["temperature"], sent["service_tier"], sent["tool_choice"]) == (2, "flex", "required")
    alone = asked(ChatWire(), settings=ModelSettings(extra_body={"tools": [search], "messages": []}))
    assert (alone["tools"], alone["messages"]) == ([search], [])
    assert "tools" not in asked(ChatWire(), settings=ModelSettings(extra_body={"tools": []}))


# --- bytes are built once


def test_a_message_is_put_into_bytes_once_for_all_equal_wires() -> None:
    message = Message("user", "Hi")
    asked(ChatWire(), message)
    assert message.wire is not None
    kept = message.wire
    asked(ChatWire(ChatDialect()), message)
    assert message.wire is kept
    asked(ResponsesWire(), message)
    assert message.wire is not kept
    assert message.wire[1] == b',{"role":"user","content":"Hi"}'
    asked(ChatWire(ChatDialect(seals=True)), message)
    assert message.wire[0] != kept[0]
    assert message == Message("user", "Hi")


def test_kept_bytes_and_new_ones_make_the_same_body() -> None:
    history = [Message("assistant", ""), *(Message("user", f"Text {number}") for number in range(5))]
    for wire in (ChatWire(), ResponsesWire()):
        first = wire.body(ModelRequest("gpt-4o", history[:3]))
        again = wire.body(ModelRequest("gpt-4o", history))
        fresh = [Message(message.role, message.content) for message in history]
        assert again == wire.body(ModelRequest("gpt-4o", fresh))
        assert first == wire.body(ModelRequest("gpt-4o", fresh[:3]))
