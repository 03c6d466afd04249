"""In what each vendor's requests differ from OpenAI's."""

import logging
from typing import Any

import pytest

from tests.wires.compatible.asking import sent
from voxagent.providers import (
    AzureProvider,
    ChatGPTProvider,
    DeepSeekProvider,
    GroqProvider,
    MistralProvider,
    ModelFacts,
    OpenRouterProvider,
    facts_of,
)
from voxagent.types import (
    DocumentBlock,
    ImageBlock,
    Message,
    ModelSettings,
    OutputSpec,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)

TOOL = ToolSpec("add", "Add.", {"type": "object", "properties": {"a": {"type": "integer"}}})
OUTPUT = OutputSpec("city", {"type": "object", "properties": {"name": {"type": "string"}}}, "A city.")
FOREIGN = [
    Message("user", "go"),
    Message(
        "assistant",
        [ThinkingBlock("hm"), ToolUseBlock("call_PTLP8xhu3uwZk4l3nlnrrJha", "add", {"a": 1})],
        provider="openai",
    ),
    Message("user", [ToolResultBlock("call_PTLP8xhu3uwZk4l3nlnrrJha", "add", "2")]),
]
"""A conversation that another provider began."""


async def body(kind: Any, model: str, settings: ModelSettings | None = None, **asked: Any) -> dict[str, Any]:
    """The body, without the conversation."""
    told = (await sent(kind, model, settings=settings or {}, **asked)).body
    return {name: value for name, value in told.items() if name not in ("messages", "model", "stream")}


# --- thinking

USAGE = {"stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("model", "thinking", "fields"),
    [
        ("openai/gpt-oss-120b", None, {}),
        ("openai/gpt-oss-120b", "high", {"reasoning_effort": "high"}),
        ("openai/gpt-oss-120b", "off", {"reasoning_effort": "low"}),
        ("qwen/qwen3-32b", None, {"reasoning_format": "parsed"}),
        ("qwen/qwen3-32b", "low", {"reasoning_format": "parsed", "reasoning_effort": "default"}),
        ("qwen/qwen3-32b", "off", {"reasoning_effort": "none"}),
        ("deepseek-r1-distill-llama-70b", None, {"reasoning_format": "parsed"}),
        ("deepseek-r1-distill-llama-70b", "off", {"reasoning_format": "parsed"}),
        ("deepseek-r1-distill-llama-70b", "high", {"reasoning_format": "parsed"}),
        ("llama-3.3-70b-versatile", None, {}),
        ("llama-3.3-70b-versatile", "off", {}),
        ("llama-3.3-70b-versatile", "high", {}),
        ("a-coming-model", 20_000, {"reasoning_effort": "high"}),
        ("a-coming-model", None, {}),
    ],
)
async def test_groq_is_told_of_thinking_in_the_models_own_way(model: str, thinking: Any, fields: Any) -> None:
    settings: ModelSettings = {} if thinking is None else {"thinking": thinking}
    assert await body(GroqProvider, model, settings) == {**USAGE, **fields}


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ("high", {"effort": "high"}),
        (2_000, {"max_tokens": 2_000}),
        ("off", {"effort": "none"}),
        (0, {"effort": "none"}),
    ],
)
async def test_openrouter_takes_a_level_or_a_budget(thinking: Any, reasoning: Any) -> None:
    told = await body(OpenRouterProvider, "anthropic/claude-sonnet-4.5", {"thinking": thinking})
    assert told == {**USAGE, "reasoning": reasoning}


@pytest.mark.parametrize(
    ("thinking", "fields"),
    [
        (None, {}),
        ("off", {"thinking": {"type": "disabled"}}),
        ("high", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        (1, {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
    ],
)
async def test_deepseeks_thinking_is_switched(thinking: Any, fields: Any) -> None:
    settings: ModelSettings = {} if thinking is None else {"thinking": thinking}
    assert await body(DeepSeekProvider, "deepseek-v4-flash", settings) == {**USAGE, **fields}


@pytest.mark.parametrize(
    ("model", "thinking", "fields"),
    [
        ("mistral-small-latest", None, {}),
        ("mistral-small-latest", "low", {"reasoning_effort": "high"}),
        ("mistral-small-latest", "off", {"reasoning_effort": "none"}),
        ("magistral-medium-latest", "high", {}),
        ("magistral-medium-latest", "off", {}),
        ("codestral-latest", "high", {}),
        ("codestral-latest", "off", {}),
    ],
)
async def test_mistrals_thinking_is_on_or_off(model: str, thinking: Any, fields: Any) -> None:
    settings: ModelSettings = {} if thinking is None else {"thinking": thinking}
    assert await body(MistralProvider, model, settings) == fields


@pytest.mark.parametrize(
    ("kind", "model", "thinking", "said"),
    [
        (GroqProvider, "openai/gpt-oss-20b", "off", "'low' is the least"),
        (GroqProvider, "deepseek-r1-distill-qwen-32b", "off", "cannot be stopped"),
        (GroqProvider, "llama-3.1-8b-instant", "high", "does not think"),
        (MistralProvider, "magistral-small-latest", "off", "cannot be stopped"),
        (MistralProvider, "pixtral-12b-2409", "high", "does not think"),
        (DeepSeekProvider, "deepseek-v4-pro", None, ""),
    ],
)
async def test_what_a_model_cannot_is_logged(
    kind: Any, model: str, thinking: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings: ModelSettings = {} if thinking is None else {"thinking": thinking}
    with caplog.at_level(logging.WARNING, "voxagent"):
        await sent(kind, model, settings=settings)
    assert said in caplog.text
    assert bool(said) == bool(caplog.records)


async def test_thinking_goes_back_where_the_vendor_reads_it() -> None:
    details = [{"type": "reasoning.text", "text": "hm", "signature": "seal"}]
    said = Message(
        "assistant",
        [
            ThinkingBlock("hm"),
            ProviderBlock("openrouter", {"type": "reasoning_details", "details": details}),
            TextBlock("4"),
        ],
    )
    expected: dict[Any, Any] = {
        GroqProvider: {"content": "4"},
        OpenRouterProvider: {"content": "4", "reasoning_details": details},
        DeepSeekProvider: {"content": "4", "reasoning_content": "hm"},
        MistralProvider: {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "4"},
            ]
        },
    }
    for kind, told in expected.items():
        messages = (await sent(kind, "m", [Message("user", "go"), said, Message("user", "and?")])).body[
            "messages"
        ]
        assert messages[1] == {"role": "assistant", **told}


# --- conversations of others


async def test_deepseek_gets_empty_thinking_with_the_calls_of_others() -> None:
    messages = (await sent(DeepSeekProvider, "m", FOREIGN)).body["messages"]
    assert messages[1]["reasoning_content"] == ""
    assert messages[1]["tool_calls"][0]["id"] == "call_PTLP8xhu3uwZk4l3nlnrrJha"


async def test_mistral_gets_ids_of_nine_letters_that_agree_and_last() -> None:
    first = (await sent(MistralProvider, "m", FOREIGN)).body["messages"]
    again = (await sent(MistralProvider, "m", FOREIGN)).body["messages"]
    id = first[1]["tool_calls"][0]["id"]
    assert len(id) == 9
    assert id.isascii()
    assert id.isalnum()
    assert first[2]["tool_call_id"] == id == again[1]["tool_calls"][0]["id"]
    assert "reasoning_content" not in first[1]


@pytest.mark.parametrize("id", ["Or5TU38vr", "123456789"])
async def test_mistral_gets_its_own_ids_back(id: str) -> None:
    call = Message("assistant", [ToolUseBlock(id, "add", {})])
    asked = [*FOREIGN[:1], call, Message("user", [ToolResultBlock(id, "add", "2")])]
    messages = (await sent(MistralProvider, "m", asked)).body["messages"]
    assert (messages[1]["tool_calls"][0]["id"], messages[2]["tool_call_id"]) == (id, id)


@pytest.mark.parametrize("odd", ["call_1234", "déjà_vu12", "call-1.23", "x", "\ud83d"])
async def test_mistral_gets_no_id_that_it_would_refuse(odd: str) -> None:
    call = Message("assistant", [ToolUseBlock(odd, "add", {})])
    messages = (await sent(MistralProvider, "m", [*FOREIGN[:1], call])).body["messages"]
    id = messages[1]["tool_calls"][0]["id"]
    assert messages[2]["tool_call_id"] == id
    assert len(id) == 9
    assert id.isascii()
    assert id.isalnum()


OK = {"role": "assistant", "content": "OK"}


async def test_at_mistral_the_user_speaks_only_after_an_answer_to_results() -> None:
    asked = [*FOREIGN, Message("user", "And now?"), Message("user", "Well?")]
    for model, roles in {
        "mistral-large-latest": ["user", "assistant", "tool", "assistant", "user", "user"],
        "mistral-small-latest": ["user", "assistant", "tool", "user", "user"],
    }.items():
        messages = (await sent(MistralProvider, model, asked)).body["messages"]
        assert [message["role"] for message in messages] == roles
        assert (OK in messages) == (len(roles) == 6)


async def test_at_mistral_a_picture_in_a_result_follows_an_answer_to_it() -> None:
    call = Message("assistant", [ToolUseBlock("a23456789", "look", {})])
    result = ToolResultBlock("a23456789", "look", [TextBlock("here"), ImageBlock(url="https://h/i.png")])
    asked = [*FOREIGN[:1], call, Message("user", [result])]
    messages = (await sent(MistralProvider, "mistral-large-latest", asked)).body["messages"]
    assert [message["role"] for message in messages[2:]] == ["tool", "assistant", "user"]
    assert messages[3] == OK


async def test_results_of_one_turn_stand_together_at_mistral() -> None:
    calls = Message("assistant", [ToolUseBlock(f"a2345678{n}", "add", {}) for n in (1, 2)])
    results = [Message("user", [ToolResultBlock(f"a2345678{n}", "add", "2")]) for n in (1, 2)]
    asked = [*FOREIGN[:1], calls, *results]
    messages = (await sent(MistralProvider, "mistral-large-latest", asked)).body["messages"]
    assert [message["role"] for message in messages[2:]] == ["tool", "tool"]


BETA = {"base_url": "https://api.deepseek.com/beta"}


@pytest.mark.parametrize(
    ("kind", "options", "marked", "framed"),
    [
        (MistralProvider, {}, True, True),
        (DeepSeekProvider, BETA, True, True),
        (DeepSeekProvider, {}, False, True),
        (GroqProvider, {}, False, False),
    ],
)
async def test_a_beginning_of_the_answer_is_marked_where_it_must_be(
    kind: Any, options: Any, marked: bool, framed: bool
) -> None:
    begun = Message("assistant", "Once upon")
    last = {"role": "assistant", "content": "Once upon", **({"prefix": True} if marked else {})}
    go_on = [{"role": "user", "content": "Go on."}] if framed and not marked else []
    silence = [{"role": "user", "content": "(nothing was said)"}] if framed else []
    told = (await sent(kind, "m", [Message("user", "go"), begun], options=options)).body["messages"]
    assert told == [{"role": "user", "content": "go"}, last, *go_on]
    told = (await sent(kind, "m", [begun], options=options)).body["messages"]
    assert told == [*silence, last, *go_on]
    told = (await sent(kind, "m", [begun], options=options, system="Be brief.")).body["messages"]
    assert told == [{"role": "system", "content": "Be brief."}, *silence, last, *go_on]
    nothing = Message("assistant", [ThinkingBlock("hm", provider="other")])
    assert (
        len((await sent(kind, "m", [Message("user", "go"), nothing], options=options)).body["messages"]) == 1
    )


# --- settings, tools, outputs, documents


@pytest.mark.parametrize(
    ("kind", "limit", "seed", "parallel"),
    [
        (GroqProvider, "max_completion_tokens", "seed", True),
        (OpenRouterProvider, "max_tokens", "seed", True),
        (DeepSeekProvider, "max_tokens", None, False),
        (MistralProvider, "max_tokens", "random_seed", True),
    ],
)
async def test_settings_have_the_names_that_the_vendor_gives_them(
    kind: Any, limit: str, seed: str | None, parallel: bool
) -> None:
    settings: ModelSettings = {
        "max_tokens": 7,
        "seed": 3,
        "parallel_tool_calls": False,
        "tool_choice": "auto",
    }
    told = await body(kind, "m", settings, tools=[TOOL])
    assert told[limit] == 7
    assert seed is None or told[seed] == 3
    assert ("parallel_tool_calls" in told) == parallel
    assert told["tool_choice"] == "auto"
    assert ("stream_options" in told) == (kind is not MistralProvider)


async def test_mistrals_word_for_a_call_that_must_be_is_any() -> None:
    assert (await body(MistralProvider, "m", {"tool_choice": "required"}, tools=[TOOL]))[
        "tool_choice"
    ] == "any"
    named = (await body(MistralProvider, "m", {"tool_choice": "add"}, tools=[TOOL]))["tool_choice"]
    assert named == {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize(
    ("settings", "choice", "thinking"),
    [
        ({"tool_choice": "auto"}, "auto", None),
        ({"tool_choice": "none"}, "none", None),
        ({"tool_choice": "required"}, "required", {"type": "disabled"}),
        ({"tool_choice": "required", "thinking": "off"}, "required", {"type": "disabled"}),
        ({"tool_choice": "required", "thinking": "high"}, "auto", {"type": "enabled"}),
        ({"tool_choice": "add"}, {"type": "function", "function": {"name": "add"}}, {"type": "disabled"}),
    ],
)
async def test_deepseek_is_made_to_call_a_tool_only_while_it_does_not_think(
    settings: Any, choice: Any, thinking: Any
) -> None:
    told = await body(DeepSeekProvider, "deepseek-v4-flash", settings, tools=[TOOL])
    assert (told["tool_choice"], told.get("thinking")) == (choice, thinking)


async def test_deepseek_is_told_the_schema_of_an_output_in_words() -> None:
    told = (await sent(DeepSeekProvider, "m", output=OUTPUT, system="Be brief.")).body
    assert told["response_format"] == {"type": "json_object"}
    system = told["messages"][0]["content"]
    assert system.startswith("Be brief.\n\nAnswer with a JSON object (A city.)")
    assert '"name":{"type":"string"}' in system
    alone = (await sent(DeepSeekProvider, "m", output=OutputSpec("n", {"type": "object"}))).body
    assert alone["messages"][0]["content"].startswith("Answer with a JSON object and nothing else.")


@pytest.mark.parametrize(
    ("kind", "model", "strict"),
    [
        (GroqProvider, "openai/gpt-oss-20b", True),
        (GroqProvider, "moonshotai/kimi-k2-instruct", None),
        (OpenRouterProvider, "openai/gpt-5", True),
        (MistralProvider, "mistral-small-latest", True),
    ],
)
async def test_others_are_held_to_the_schema_of_an_output(kind: Any, model: str, strict: bool | None) -> None:
    form = (await body(kind, model, output=OUTPUT))["response_format"]
    assert (form["type"], form["json_schema"].get("strict")) == ("json_schema", strict)


async def test_documents_are_taken_by_their_address_where_the_vendor_fetches_them() -> None:
    url, data = DocumentBlock(url="https://h/a.pdf", name="a.pdf"), DocumentBlock("application/pdf", b"%PDF")
    here = "data:application/pdf;base64,JVBERg=="
    text = DocumentBlock("text/plain", b"hello")

    async def parts(kind: Any) -> Any:
        return (await sent(kind, "m", [Message("user", [TextBlock("?"), url, data, text])])).body["messages"][
            0
        ]["content"][1:]

    inline = {"type": "text", "text": "hello"}
    assert await parts(MistralProvider) == [
        {"type": "document_url", "document_url": "https://h/a.pdf"},
        {"type": "document_url", "document_url": here},
        inline,
    ]
    assert await parts(OpenRouterProvider) == [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "https://h/a.pdf"}},
        {"type": "file", "file": {"filename": "document", "file_data": here}},
        inline,
    ]
    for kind in GroqProvider, DeepSeekProvider:
        told = await parts(kind)
        assert [part["type"] for part in told] == ["text"] * 3
        assert "not shown" in told[0]["text"]
        assert "not shown" in told[1]["text"]


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        (GroqProvider, "openai/gpt-oss-20b"),
        (DeepSeekProvider, "deepseek-v4-flash"),
        (MistralProvider, "mistral-large-2512"),
        (OpenRouterProvider, "anthropic/claude-sonnet-4.5"),
    ],
)
def test_the_facts_of_a_vendors_models_hold_at_its_own_address(kind: Any, model: str) -> None:
    assert facts_of(kind(model), model).context_window is not None
    assert facts_of(kind(model, base_url="http://h/v1"), model) == ModelFacts()
    given = ModelFacts(context_window=5)
    assert facts_of(kind(model, facts=given), model) is given


def test_a_subscriptions_models_have_no_price_and_azures_are_openais() -> None:
    azure = facts_of(AzureProvider("gpt-5", base_url="https://me.openai.azure.com"), "gpt-5")
    assert azure.input_price is not None
    facts = facts_of(ChatGPTProvider("gpt-5"), "gpt-5")
    assert (facts.context_window, facts.input_price, facts.output_price) == (azure.context_window, None, None)
    assert facts_of(ChatGPTProvider("gpt-5", facts=azure), "gpt-5") is azure
