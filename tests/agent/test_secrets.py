"""What was named as a secret is in no message, event, result or log, and its name is in its place."""

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.agent.doors import every_door
from voxagent import (
    AbortController,
    Agent,
    Answer,
    Hooks,
    Message,
    ModelRetry,
    RunContext,
    ToolContext,
    ToolReturn,
    tool,
)
from voxagent.errors import CallbackError, ServerError
from voxagent.session import InMemorySessionStorage
from voxagent.streaming import (
    BaseEvent,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ToolCallDeltaEvent,
    ToolEndEvent,
    ToolOutputEvent,
    ToolStartEvent,
)
from voxagent.testing import ScriptedProvider, answer, fails, raw_call, refusal, text, thinking, tool_call
from voxagent.types import (
    ImageBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)

KEY = "swordfish-4711"
SHOWN = "[REDACTED:door]"


@tool
async def echo(said: str) -> str:
    received.append(said)
    return f"heard {said}"


@tool
async def leak() -> ToolReturn[dict[str, Any]]:
    return ToolReturn({"deep": [{KEY: KEY}]}, content=f"also {KEY}", metadata={"key": KEY})


@tool
async def fail_with_it() -> str:
    raise ZeroDivisionError(f"cannot divide {KEY}")


@tool
async def retry_with_it() -> str:
    raise ModelRetry(f"not {KEY}")


@tool
async def report_it(ctx: ToolContext[Any]) -> str:
    await ctx.update(f"at {KEY}")
    await ctx.emit(f"note {KEY}", {"key": [KEY]})
    return "reported"


@tool
async def report_pieces(ctx: ToolContext[Any], size: int) -> str:
    said = f"at {KEY}, twice {KEY}"
    for at in range(0, len(said), size):
        await ctx.update(said[at : at + size])
    return "reported"


@tool
def report_pieces_from_a_thread(ctx: ToolContext[Any], size: int) -> str:
    said = f"at {KEY}, twice {KEY}"
    for at in range(0, len(said), size):
        ctx.update(said[at : at + size])
    return "reported"


received: list[str] = []
TOOLS = (echo, leak, fail_with_it, retry_with_it, report_it)


class Seen:
    """Everything that leaves an agent, as text."""

    def __init__(self, agent: Agent[Any, Any]) -> None:
        self.events: list[BaseEvent] = []
        agent.subscribe(self.events.append)

    def texts(self, result: Any) -> list[str]:
        told = [each for event in self.events for each in (repr(event), event.model_dump_json())]
        return [*told, repr(result), result.model_dump_json(), str(result.error), repr(result.error)]

    def joined(self, kind: type[BaseEvent]) -> str:
        return "".join(event.delta for event in self.events if isinstance(event, kind))


@every_door
@pytest.mark.parametrize("name", ["report_pieces", "report_pieces_from_a_thread"])
async def test_a_secret_that_a_tool_tells_in_pieces_is_told_in_none(door: Any, name: str) -> None:
    calls = [tool_call(name, size=size) for size in (1, 3, 10)]
    agent = Agent(
        ScriptedProvider(answer(*calls), text("ok")),
        tools=[report_pieces, report_pieces_from_a_thread],
        secrets_to_redact={"door": KEY},
    )
    seen = Seen(agent)
    await door(agent, "go")
    ids = [each.tool_call_id for each in seen.events if isinstance(each, ToolEndEvent)]
    assert len(ids) == 3
    for id in ids:
        told = [each for each in seen.events if getattr(each, "tool_call_id", None) == id]
        assert [type(each) for each in told[-2:]] == [ToolOutputEvent, ToolEndEvent]
        said = "".join(each.delta for each in told if isinstance(each, ToolOutputEvent))
        assert said == f"at {SHOWN}, twice {SHOWN}"


async def test_messages_of_a_tool_stay_whole_where_their_ends_are_harmless() -> None:
    said = [
        "Downloading files",
        "Parsing tables",
        "s",
        "swo",
        "keys",
        "word",
        "3 of 5",
        "keys",
        "wordfish-4711",
        "s",
    ]

    @tool
    async def told(ctx: ToolContext[Any]) -> str:
        for each in said:
            await ctx.update(each)
        return "done"

    agent = Agent(
        ScriptedProvider(tool_call("told"), text("ok")), tools=[told], secrets_to_redact={"door": KEY}
    )
    seen = Seen(agent)
    await agent.run("go")
    found = [each.delta for each in seen.events if isinstance(each, ToolOutputEvent)]
    whole = ["Downloading files", "Parsing tables", "s", "swokeys", "word3 of 5", "keys", SHOWN, "s"]
    assert found == whole
    assert "".join(found) == "".join(said).replace("swordfish-4711", "s" + SHOWN)


async def test_a_tool_that_tells_nothing_and_one_that_tells_a_number_are_heard() -> None:
    @tool
    async def told(ctx: ToolContext[Any]) -> str:
        await ctx.update("")
        await ctx.update(0.5)  # type: ignore[arg-type]  # whoever does not check types
        return "done"

    agent = Agent(
        ScriptedProvider(tool_call("told"), text("ok")), tools=[told], secrets_to_redact={"door": KEY}
    )
    seen = Seen(agent)
    await agent.run("go")
    assert [each.delta for each in seen.events if isinstance(each, ToolOutputEvent)] == ["", "0.5"]


SCRIPTS: dict[str, list[Any]] = {
    "text": [answer(text(f"It is {KEY}. Bye."), chunk_size=3)],
    "text at the end": [answer(text(f"It is {KEY}"), chunk_size=1)],
    "thinking": [answer(thinking(f"Hmm {KEY}!"), text("ok"), chunk_size=4)],
    "signed thinking": [answer(thinking(f"Hmm {KEY}!", "seal"), text("ok"), chunk_size=4)],
    "refusal": [refusal(f"I will not tell {KEY}.")],
    "arguments": [answer(tool_call("echo", said=f"say {KEY}"), chunk_size=5), text("ok")],
    "broken arguments": [answer(raw_call("echo", f'{{"said": "{KEY}'), chunk_size=5), text("ok")],
    "unknown tool": [tool_call("nosuch", key=KEY), text("ok")],
    "tool result": [tool_call("leak"), text("ok")],
    "tool error": [tool_call("fail_with_it"), text("ok")],
    "tool retry": [tool_call("retry_with_it"), text("ok")],
    "tool events": [tool_call("report_it"), text("ok")],
    "provider error": [answer(text(f"It is {KEY}"), fails(ServerError(f"bad key {KEY}")))],
    "cut": [answer(text(f"It is {KEY}"), cut=True)],
}


@every_door
@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_secret_leaves_by_no_way(door: Any, script: str, caplog: pytest.LogCaptureFixture) -> None:
    storage = InMemorySessionStorage()
    provider = ScriptedProvider(*SCRIPTS[script])
    agent = Agent(
        provider,
        tools=TOOLS,
        secrets_to_redact={"door": KEY},
        session_storage=storage,
        system_prompt=f"Know {KEY}.",
    )
    seen = Seen(agent)
    with caplog.at_level(logging.DEBUG, "voxagent"):
        result = await door(agent, f"My key is {KEY}.", session_key="k", metadata={"trace": "t1"})
    stored = await storage.load("k")
    assert stored is not None
    requests = [repr(request.messages) + request.system for request in provider.requests]
    everything = [*seen.texts(result), *requests, stored.model_dump_json(), caplog.text]
    assert [each for each in everything if KEY in each] == []
    assert result.messages[0].text == f"My key is {SHOWN}."
    assert provider.requests[0].system == f"Know {SHOWN}."
    assert stored.messages == result.messages


@every_door
async def test_the_streamed_text_is_the_redacted_whole(door: Any) -> None:
    said = f"{KEY} and {KEY[:9]} and {KEY}"
    for end in (KEY[:9], SHOWN):
        script = answer(thinking(f"Hm, {end.replace(SHOWN, KEY)}"), text(f"It is {end}"), chunk_size=3)
        agent = Agent("a:b", secrets_to_redact={"door": KEY})
        assert (await door(agent, "?", model=ScriptedProvider(script))).output == f"It is {end}"
        seen = Seen(agent)
        await door(agent, "?", model=ScriptedProvider(script))
        assert (seen.joined(ThinkingDeltaEvent), seen.joined(TextDeltaEvent)) == (
            f"Hm, {end}",
            f"It is {end}",
        )
    for size in range(1, 30):
        agent = Agent("a:b", secrets_to_redact={"door": KEY})
        seen = Seen(agent)
        script = answer(thinking(said), text(said), chunk_size=size)
        result = await door(agent, "?", model=ScriptedProvider(script))
        assert result.output == f"{SHOWN} and {KEY[:9]} and {SHOWN}"
        assert seen.joined(TextDeltaEvent) == result.output
        assert seen.joined(ThinkingDeltaEvent) == result.output


async def test_a_secret_that_the_model_writes_as_an_argument_is_a_placeholder_for_everybody() -> None:
    received.clear()
    agent = Agent("a:b", tools=[echo], secrets_to_redact={"door": KEY})
    seen = Seen(agent)
    script = ScriptedProvider(answer(tool_call("echo", said=f"say {KEY}"), chunk_size=3), text("ok"))
    result = await agent.run("?", model=script)
    assert received == [f"say {SHOWN}"]
    assert seen.joined(ToolCallDeltaEvent) == f'{{"said":"say {SHOWN}"}}'
    assert result.tool_args == {"said": f"say {SHOWN}"}
    assert result.messages[1].content == [ToolUseBlock("call_1", "echo", {"said": f"say {SHOWN}"})]
    assert result.messages[2].tool_results[0].text == f"heard say {SHOWN}"


class Login(BaseModel):
    user: str
    password: SecretStr


@dataclass
class Deps:
    login: Login
    token: SecretStr
    plain: str = "not hidden"
    ignored: SecretStr = field(default_factory=lambda: SecretStr("x"))


@every_door
async def test_a_secret_in_deps_is_hidden_by_the_path_of_its_field(door: Any) -> None:
    deps = Deps(Login(user="ada", password=SecretStr("hunter2-hunter2")), SecretStr("tok-123456"))
    agent: Agent[Deps, str] = Agent("a:b", deps_type=Deps)
    seen = Seen(agent)

    @agent.tool
    async def login(ctx: ToolContext[Deps]) -> str:
        return f"{ctx.deps.login.password.get_secret_value()} {ctx.deps.token.get_secret_value()}"

    @agent.instructions
    def tell(ctx: RunContext[Deps]) -> str:
        return f"{ctx.deps.plain} {ctx.deps.token.get_secret_value()}"

    provider = ScriptedProvider(tool_call("login"), text("I know tok-123456, not x."))
    result = await door(agent, "?", deps=deps, model=provider)
    assert result.messages[2].tool_results[0].text == "[REDACTED:login.password] [REDACTED:token]"
    assert result.output == "I know [REDACTED:token], not x."
    assert provider.requests[0].system == "not hidden [REDACTED:token]"
    assert not [each for each in seen.texts(result) if "hunter2" in each or "tok-123456" in each]
    assert dict(agent.secrets_to_redact) == {}
    other = await door(
        agent, "?", deps=Deps(deps.login, SecretStr("z")), model=ScriptedProvider(text("tok-123456"))
    )
    assert other.output == "tok-123456"


@every_door
async def test_what_the_program_says_of_a_secret_is_redacted_too(door: Any) -> None:
    """Reasons of retries and refusals, causes of errors (one that is its own cause included), metadata."""
    seen_everywhere: list[str] = []
    agent = Agent("a:b", secrets_to_redact={"door": KEY})
    seen = Seen(agent)
    wishes: list[Exception | None] = [ModelRetry(f"not {KEY}"), None]

    @agent.output_validator
    def check(output: str) -> str:
        wish = wishes.pop(0)
        if wish is not None:
            raise wish from wish
        return output

    result = await door(agent, "?", model=ScriptedProvider(text("a"), text("b")), metadata={"key": [KEY]})
    assert (result.output, result.metadata) == ("b", {"key": [SHOWN]})
    seen_everywhere += seen.texts(result)
    wishes += [ValueError(f"bad {KEY}")]
    result = await door(agent, "?", model=ScriptedProvider(text("a")))
    cause = result.error.__cause__
    assert (str(result.error), str(cause), cause.__cause__ is cause) == (
        f"the output validator check() raised ValueError: bad {SHOWN}",
        f"bad {SHOWN}",
        True,
    )
    seen_everywhere += seen.texts(result)
    for wish in [ModelRetry(f"not {KEY}")] * 2:
        wishes.append(wish)
    result = await door(agent, "?", model=ScriptedProvider(text("a"), text("b")))
    assert str(result.error) == f"the model's output did not validate, 2 times; the last time: not {SHOWN}"
    seen_everywhere += seen.texts(result)
    assert [each for each in seen_everywhere if KEY in each] == []


async def test_errors_of_the_system_and_notes_are_redacted_too() -> None:
    agent = Agent(ScriptedProvider(text("a")), secrets_to_redact={"door": KEY})

    @agent.output_validator
    def check(output: str) -> str:
        try:
            raise PermissionError(13, f"no {KEY}", f"/keys/{KEY}")
        except PermissionError as error:
            error.add_note(f"asked for {KEY}")
            raise ServerError("down", received=f"got {KEY}", request_id=KEY) from error

    result = await agent.run("?")
    assert isinstance(result.error, ServerError)
    assert (result.error.received, result.error.request_id) == (f"got {SHOWN}", SHOWN)
    assert str(result.error.__cause__) == f"[Errno 13] no {SHOWN}: '/keys/{SHOWN}'"
    assert result.error.__cause__.__notes__ == [f"asked for {SHOWN}"]  # type: ignore[union-attr]


async def test_quotes_of_sources_are_redacted_too() -> None:
    quoted = TextBlock(f"It is {KEY}.", ({"cited_text": f"The key is {KEY}."},))
    agent = Agent("a:b", secrets_to_redact={"door": KEY})
    seen = Seen(agent)
    result = await agent.run("?", model=ScriptedProvider(Message("assistant", [quoted])))
    assert result.messages[1].content == [
        TextBlock(f"It is {SHOWN}.", ({"cited_text": f"The key is {SHOWN}."},))
    ]
    assert seen.joined(TextDeltaEvent) == f"It is {SHOWN}."


async def test_structured_output_and_content_prompts_are_redacted_too() -> None:
    class Found(BaseModel):
        key: str
        more: list[str]

    provider = ScriptedProvider(answer(tool_call("final_result", key=KEY, more=[f"x{KEY}"]), chunk_size=4))
    agent = Agent(provider, output_type=Found, secrets_to_redact={"door": KEY})
    picture = ImageBlock("image/png", b"x")
    result = await agent.run([f"My key is {KEY}.", picture])
    assert result.output == Found(key=SHOWN, more=[f"x{SHOWN}"])
    assert result.messages[0].content == [TextBlock(f"My key is {SHOWN}."), picture]


async def test_a_history_that_is_handed_in_is_redacted() -> None:
    provider = ScriptedProvider(text("ok"))
    agent = Agent(provider, secrets_to_redact={"door": KEY})
    history = [Message("system", f"Use {KEY}."), Message("user", f"It is {KEY}."), Message("assistant", "ok")]
    await agent.run("?", message_history=history)
    assert (provider.requests[0].system, provider.requests[0].messages[0].text) == (
        f"Use {SHOWN}.",
        f"It is {SHOWN}.",
    )


async def test_a_signed_thought_that_had_to_be_changed_loses_its_seal() -> None:
    script = ScriptedProvider(
        answer(thinking(f"it is {KEY}", "seal"), text("ok")), answer(thinking("fine", "seal"), text("ok"))
    )
    agent = Agent(script, secrets_to_redact={"door": KEY})
    first, second = [(await agent.run("?")).messages[1].of(ThinkingBlock) for _ in range(2)]
    assert [first, second] == [
        [ThinkingBlock(f"it is {SHOWN}", None, provider="scripted")],
        [ThinkingBlock("fine", "seal", provider="scripted")],
    ]


SEALS = "[A-Z]{3}-[a-z0-9]{8,40}"
"""A pattern that finds its secrets within seals, too."""
LOOKS_LIKE_ONE = "ABC-0123456789"
HISTORY = [
    Message("user", [TextBlock(f"my key: {LOOKS_LIKE_ONE}")], metadata={"key": LOOKS_LIKE_ONE}),
    Message(
        "assistant",
        [
            ThinkingBlock("hm", LOOKS_LIKE_ONE, id=LOOKS_LIKE_ONE, provider="anthropic"),
            ThinkingBlock("", LOOKS_LIKE_ONE, redacted=True, provider="anthropic"),
            ThinkingBlock(LOOKS_LIKE_ONE, LOOKS_LIKE_ONE, provider="anthropic"),
            TextBlock(LOOKS_LIKE_ONE, ({"quote": LOOKS_LIKE_ONE, "encrypted_index": LOOKS_LIKE_ONE},)),
            ProviderBlock("openai", {"said": LOOKS_LIKE_ONE, "encrypted_content": LOOKS_LIKE_ONE}),
            ProviderBlock("google", {"thoughtSignature": LOOKS_LIKE_ONE}),
            ProviderBlock(
                "openrouter", {"details": [{"type": "reasoning.encrypted", "data": LOOKS_LIKE_ONE}]}
            ),
            UnknownBlock("new", {"said": LOOKS_LIKE_ONE, "signature": LOOKS_LIKE_ONE}),
            ToolUseBlock(LOOKS_LIKE_ONE, "echo", {"said": LOOKS_LIKE_ONE}, signature=LOOKS_LIKE_ONE),
            ToolUseBlock("2", "echo", {}, f"not {LOOKS_LIKE_ONE}"),
        ],
        provider="anthropic",
    ),
    Message(
        "user",
        [
            ToolResultBlock(LOOKS_LIKE_ONE, "echo", LOOKS_LIKE_ONE),
            ToolResultBlock("2", "echo", [TextBlock(LOOKS_LIKE_ONE), ImageBlock("image/png", "iVBO")]),
            RefusalBlock(f"no {LOOKS_LIKE_ONE}"),
        ],
    ),
    Message("assistant", "nothing to hide"),
]


async def test_what_is_sealed_in_a_history_goes_back_as_it_came_and_the_rest_is_redacted() -> None:
    model = ScriptedProvider(text("Hello."))
    result = await Agent(model, tools=[echo], secret_patterns=SEALS).run("?", message_history=HISTORY)
    asked, said, results, plain = result.messages[:4]
    shown = "[REDACTED:pattern]"
    assert asked == Message("user", [TextBlock(f"my key: {shown}")], metadata={"key": shown})
    assert said.blocks == [
        HISTORY[1].blocks[0],
        HISTORY[1].blocks[1],
        ThinkingBlock(shown, provider="anthropic"),
        TextBlock(shown, ({"quote": shown, "encrypted_index": LOOKS_LIKE_ONE},)),
        ProviderBlock("openai", {"said": shown, "encrypted_content": LOOKS_LIKE_ONE}),
        *HISTORY[1].blocks[5:7],
        UnknownBlock("new", {"said": shown, "signature": LOOKS_LIKE_ONE}),
        ToolUseBlock(LOOKS_LIKE_ONE, "echo", {"said": shown}, signature=LOOKS_LIKE_ONE),
        ToolUseBlock("2", "echo", {}, f"not {shown}"),
    ]
    assert said.provider == "anthropic"
    assert results.blocks == [
        ToolResultBlock(LOOKS_LIKE_ONE, "echo", shown),
        ToolResultBlock("2", "echo", [TextBlock(shown), ImageBlock("image/png", "iVBO")]),
        RefusalBlock(f"no {shown}"),
    ]
    assert plain is HISTORY[3]
    assert model.requests[0].messages[1] == said


async def test_a_seal_in_a_prompt_and_in_an_answer_of_a_hook_stays_as_it_is() -> None:
    sealed = ProviderBlock("anthropic", {"type": "document", "encrypted_content": LOOKS_LIKE_ONE})
    said = Message("assistant", [sealed, TextBlock(LOOKS_LIKE_ONE)])
    hooks = Hooks[Any](before_model=lambda ctx, request: Answer(said))
    agent = Agent(ScriptedProvider(text("never")), secret_patterns=SEALS, hooks=[hooks])
    result = await agent.run([LOOKS_LIKE_ONE, sealed])
    asked, answered = result.messages
    assert asked.blocks == [TextBlock("[REDACTED:pattern]"), sealed]
    assert answered.blocks == [sealed, TextBlock("[REDACTED:pattern]")]


async def test_nothing_is_looked_at_where_nothing_is_to_be_hidden() -> None:
    result = await Agent(ScriptedProvider(text("Hello.")), tools=[echo]).run("?", message_history=HISTORY)
    assert all(told is given for told, given in zip(result.messages, HISTORY, strict=False))


@every_door
async def test_a_stored_session_is_rid_of_secrets_that_were_written_without_them(door: Any) -> None:
    storage = InMemorySessionStorage()
    await storage.append(
        "k", [Message("user", f"it is {KEY}"), Message("assistant", KEY)], expected_version=0
    )
    provider = ScriptedProvider(text("ok"))
    agent = Agent(provider, session_storage=storage, secrets_to_redact={"door": KEY})
    result = await door(agent, "?", session_key="k")
    assert [message.text for message in result.messages] == [f"it is {SHOWN}", SHOWN, "?", "ok"]
    assert KEY not in repr(provider.requests)


async def test_a_secret_of_several_lines_is_found_in_what_a_tool_raises() -> None:
    secret = "first-line-of-it\nsecond-line-of-it"

    @tool
    def broken() -> str:
        raise ValueError(f"bad key {secret}")

    for errors in ("model", "raise"):
        provider = ScriptedProvider(tool_call("broken"), text("ok"))
        agent = Agent(provider, tools=[broken], secrets_to_redact={"pem": secret}, tool_errors=errors)
        result = await agent.run("?")
        assert "bad key [REDACTED:pem]" in repr(result)
        assert "first-line-of-it" not in f"{result!r}{provider.requests!r}"


async def test_the_reason_of_an_abort_shows_no_secret() -> None:
    controller = AbortController()
    controller.abort(f"the door is {KEY}")
    agent = Agent(ScriptedProvider(text("ok")), secrets_to_redact={"door": KEY})
    result = await agent.run("?", abort_signal=controller.signal)
    assert str(result.error) == f"the run was aborted: the door is {SHOWN}"


@dataclass(frozen=True)
class Frozen(Exception):
    """An exception that cannot be changed."""

    said: str


@every_door
@pytest.mark.parametrize("cause", [False, True])
async def test_an_error_that_cannot_be_changed_still_fails_the_run(door: Any, cause: bool) -> None:
    def check(ctx: RunContext[None], prompt: str) -> None:
        if cause:
            raise ValueError("no") from Frozen(f"not {KEY}")
        raise Frozen(f"not {KEY}")

    agent = Agent(
        ScriptedProvider(text("ok")), hooks=Hooks(before_run=check), secrets_to_redact={"door": KEY}
    )
    events: list[BaseEvent] = []
    agent.subscribe(events.append)
    result = await door(agent, "?")
    assert not result.ok
    assert "before_run" in str(result.error)
    assert "run_error" in [event.event_type for event in events]
    assert KEY not in f"{result!r}{result.error!r}{result.error.__cause__!r}"


@every_door
async def test_what_a_function_that_prepares_a_tool_raises_is_told_without_secrets(door: Any) -> None:
    async def prepare(ctx: RunContext[Any], definition: Any) -> Any:
        raise ValueError(f"not {KEY}")

    @tool(prepare=prepare)
    def open_door() -> str:
        return "open"

    agent = Agent(ScriptedProvider(text("ok")), tools=[open_door], secrets_to_redact={"door": KEY})
    with pytest.raises(CallbackError) as raised:
        await door(agent, "?")
    said = f"prepare= of tool 'open_door', prepare() raised ValueError: not {SHOWN}"
    assert (str(raised.value), str(raised.value.__cause__)) == (said, f"not {SHOWN}")


# --- arguments ---------------------------------------------------------------------------------------

NUMBER = 4111111111111111
WRITTEN = [
    (r'{"said": "\u0073wordfish-4711"}', {"said": SHOWN}),
    (r'{"said": "x", "said": "swordfish\u002d4711"}', {"said": SHOWN}),
    ('{"said": "swordfish-4711", "said": "x"}', {"said": "x"}),
    ('{"said": ["a", {"is swordfish-4711": true}]}', {"said": ["a", {f"is {SHOWN}": True}]}),
    (f'{{"said": {NUMBER}, "n": 1, "b": true, "z": null}}', {"said": "[REDACTED:card]", "n": 1, "b": True}),
    (f'{{"said": [{NUMBER}.0, 1.5]}}', {"said": ["[REDACTED:card].0", 1.5]}),
    ('{"said": "token=abcdef"}', {"said": "[REDACTED:pattern]"}),
    ('{"said": "token=abcdef", "n": 1}', {"said": "[REDACTED:pattern]", "n": 1}),
]


@pytest.mark.parametrize(("written", "read"), WRITTEN)
async def test_arguments_are_redacted_by_what_they_say_and_can_still_be_read(
    written: str, read: dict[str, Any]
) -> None:
    got: list[dict[str, Any]] = []

    @tool
    async def take(said: Any, n: int = 0, b: bool = False, z: Any = None) -> str:
        got.append({"said": said, "n": n, "b": b})
        return "taken"

    agent = Agent(
        ScriptedProvider(raw_call("take", written), text("ok")),
        tools=[take],
        secrets_to_redact={"door": KEY, "card": str(NUMBER)},
        secret_patterns=[r"token=[^ ]{4,}"],
    )
    seen = Seen(agent)
    result = await agent.run("go")
    assert got == [{"n": 0, "b": False, **read}]
    for told in seen.texts(result):
        assert KEY not in told
        assert str(NUMBER) not in told


async def test_arguments_without_a_secret_stay_as_they_were_written() -> None:
    written = '{ "said":"a",   "n": 1.50 }'
    agent = Agent(ScriptedProvider(raw_call("echo", written), text("ok")), secrets_to_redact={"door": KEY})
    seen = Seen(agent)
    await agent.run("go")
    assert [each.tool_call.arguments for each in seen.events if isinstance(each, ToolStartEvent)] == [written]


@dataclass
class Keyring:
    openai_api_key: SecretStr


async def test_a_word_in_the_place_of_a_providers_key_is_none_and_one_in_the_deps_is() -> None:
    class Local(ScriptedProvider):
        def known_secrets(self) -> list[tuple[str, str | bytes]]:
            return [("openai_api_key", "ollama")]

    agent = Agent(Local(text("x"), text("x")), deps_type=Keyring)
    result = await agent.run("install ollama", deps=Keyring(SecretStr("anything")))
    assert result.messages[0].text == "install ollama"
    result = await agent.run("install anything", deps=Keyring(SecretStr("anything")))
    assert result.messages[0].text == "install [REDACTED:openai_api_key]"


async def test_a_number_that_is_a_secret_is_none_in_metadata_either() -> None:
    @tool
    async def pay() -> ToolReturn[str]:
        return ToolReturn("paid", metadata={"card": NUMBER, "n": 5, "seconds": 0.25})

    agent = Agent(
        ScriptedProvider(tool_call("pay"), text("ok")), tools=[pay], secrets_to_redact={"card": str(NUMBER)}
    )
    seen = Seen(agent)
    result = await agent.run("go", metadata={"order": NUMBER})
    assert result.tool_metas[0].metadata == {"card": "[REDACTED:card]", "n": 5, "seconds": 0.25}
    assert result.metadata == {"order": "[REDACTED:card]"}
    assert not [each for each in seen.texts(result) if str(NUMBER) in each]


async def test_a_number_that_is_a_secret_is_none_in_a_history_either() -> None:
    history = [
        Message("user", "go"),
        Message("assistant", [ToolUseBlock("c", "pay", {"card": NUMBER, "n": 1})]),
        Message("user", [ToolResultBlock("c", "pay", "done")]),
    ]
    model = ScriptedProvider(text("ok"))
    result = await Agent(model, secrets_to_redact={"card": str(NUMBER)}).run("?", message_history=history)
    for messages in (result.messages, model.requests[0].messages):
        assert messages[1].tool_calls[0].params == {"card": "[REDACTED:card]", "n": 1}
