"""What a command-line agent is given, what it is not, and what cannot be asked of it."""

import logging
import os
from typing import Any

import pytest
from pydantic import BaseModel

from tests.wires.cli.fakes import CLAUDE, GOOD, KINDS, Fake, init, result, spoken
from voxagent import Agent, get_default_registry, tool
from voxagent.errors import (
    AuthenticationError,
    CLINotFoundError,
    ConfigError,
    InvalidModelStringError,
    ProviderError,
)
from voxagent.providers import ClaudeCodeProvider, CodexProvider, ModelRequest, facts_of
from voxagent.testing import ScriptedProvider
from voxagent.types import (
    AudioBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)

SECRET = "topsecretvalue123"


def test_a_program_is_given_what_is_harmless_and_its_own_and_nothing_else(
    program: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"claude": "ANTHROPIC_API_KEY", "codex": "CODEX_HOME", "auggie": "AUGMENT_API_TOKEN"}
    for name in (
        *own.values(),
        "LC_TIME",
        "HTTPS_PROXY",
        "AWS_SECRET_ACCESS_KEY",
        "STRIPE_KEY",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, SECRET)
    Agent(program.provider(env={"MORE": "x"})).run_sync("hello")
    given = program.calls[0].env
    assert {name for name, value in given.items() if value == SECRET} == {
        own[program.program],
        "LC_TIME",
        "HTTPS_PROXY",
    }
    assert given["MORE"] == "x"
    assert given["HOME"] == os.environ["HOME"]


def test_what_the_environment_says_wins_over_defaults_and_what_is_handed_in_over_both(
    claude: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    claude.does(CLAUDE)
    name = "CLAUDE_CODE_MAX_RETRIES"
    monkeypatch.delenv(name, raising=False)
    Agent(claude.provider()).run_sync("hello")
    monkeypatch.setenv(name, "5")
    Agent(claude.provider()).run_sync("hello")
    Agent(claude.provider(env={name: "0"})).run_sync("hello")
    assert [call.env[name] for call in claude.calls] == ["2", "5", "0"]


def test_no_key_is_in_the_arguments_in_an_error_or_in_a_repr(claude: Fake) -> None:
    said = f"invalid api key {SECRET}, or sk-ant-0123456789; Authorization: Bearer abcdefghij"
    claude.does([{"err": said}, {"exit": 1}])
    provider = claude.provider(env={"ANTHROPIC_API_KEY": SECRET, "ANTHROPIC_AUTH_TOKEN": "short"})
    error = Agent(provider).run_sync("hello").error
    assert type(error) is AuthenticationError
    told = "invalid api key [key], or [REDACTED]; Authorization: Bearer [REDACTED]"
    assert error.message == f"the program ended with exit code 1: {told}"
    assert SECRET not in " ".join(claude.calls[0].argv)
    assert repr(provider) == "ClaudeCodeProvider(model='m', program='claude')"


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_program_that_is_not_there_is_named_with_what_installs_it(kind: Any) -> None:
    agent = Agent(kind(program="no-such-program"))
    with pytest.raises(CLINotFoundError) as raised:
        agent.run_sync("hello")
    packages = {
        "claudecode": "@anthropic-ai/claude-code",
        "codex": "@openai/codex",
        "augment": "@augmentcode/auggie",
    }
    name = agent.model_string.partition(":")[0]
    assert str(raised.value) == (
        f"the program 'no-such-program' of the provider '{name}' was not found: install it with"
        f" `npm install -g {packages[name]}`, or name its path by program="
    )


def test_a_program_that_goes_away_between_two_runs_is_not_found(claude: Fake) -> None:
    claude.does(CLAUDE)
    agent = Agent([claude.provider(), ScriptedProvider()])
    os.unlink(claude.path)
    with pytest.raises(CLINotFoundError):
        agent.run_sync("hello").raise_for_error()


def test_a_program_that_cannot_be_started_is_an_error_of_the_configuration(claude: Fake) -> None:
    with open(claude.path, "w") as file:
        file.write("#!/no/such/interpreter\n")
    with pytest.raises(ConfigError, match="cannot be started: No such file or directory"):
        Agent(claude.provider()).run_sync("hello").raise_for_error()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "--dangerous"}, "model='--dangerous' cannot be the name of a model"),
        ({"cwd": "/no/such/folder"}, "cwd='/no/such/folder' is not a folder"),
        ({"args": "-a b"}, "args='-a b': a list of arguments is expected, ['-a', 'b']"),
        ({"system": "both"}, "system='both': 'append' or 'replace' is expected"),
        ({"silence": 0}, "silence=0 is not a positive number of seconds"),
        ({"grace": -1.0}, "grace=-1.0 is not a positive number of seconds"),
    ],
)
def test_an_option_that_cannot_be_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        ClaudeCodeProvider(**options)
    assert str(raised.value) == said


def test_a_program_that_keeps_its_own_system_prompt_says_so() -> None:
    with pytest.raises(ConfigError, match="system='replace': 'auggie' keeps its own; 'append' is possible"):
        KINDS["auggie"](system="replace")  # type: ignore[call-arg, arg-type]  # a fake stands for any of them


def test_the_agents_tools_cannot_be_handed_over(claude: Fake) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    with pytest.raises(ConfigError) as raised:
        Agent(claude.provider(), tools=[add]).run_sync("hello").raise_for_error()
    assert str(raised.value) == (
        "claudecode:m runs its own tools and cannot be given the agent's (add):"
        " take them away, or describe them in words, with_text_tools(provider)"
    )


class City(BaseModel):
    name: str


def test_an_output_type_is_asked_for_in_words(claude: Fake) -> None:
    claude.does([init(), *spoken('{"name": "Bern"}'), result()])
    assert Agent(claude.provider(), output_type=City).run_sync("hello").output == City(name="Bern")
    assert "JSON Schema" in claude.calls[0].files["system.txt"]["text"]


def test_an_output_type_cannot_be_left_to_the_program(claude: Fake) -> None:
    agent = Agent(claude.provider(), output_type=City, output_mode="native")
    with pytest.raises(ConfigError, match="claudecode cannot hold its text to a schema"):
        agent.run_sync("hello").raise_for_error()


def test_settings_that_it_does_not_take_are_left_out_with_one_warning_each(
    claude: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    claude.does(CLAUDE)
    agent = Agent(claude.provider("warned"))
    with caplog.at_level(logging.WARNING, "voxagent"):
        for _ in range(2):
            agent.run_sync("hello", settings={"temperature": 0.5, "thinking": 1000, "timeout": 50.0})
    assert sorted(caplog.messages) == [
        "claudecode takes no 'temperature': it was left out",
        "claudecode takes no thinking=1000: it was left out",
    ]


@pytest.mark.parametrize("block", [ImageBlock("image/png", b"x"), DocumentBlock(), AudioBlock()])
def test_what_is_no_text_cannot_be_asked(claude: Fake, block: Any) -> None:
    with pytest.raises(ConfigError, match=f"takes text only, and the conversation has a {block.type} in it"):
        Agent(claude.provider()).run_sync([TextBlock("look"), block]).raise_for_error()


async def test_an_empty_conversation_cannot_be_asked() -> None:
    with pytest.raises(ConfigError, match="codex has nothing to answer: the conversation is empty"):
        async with CodexProvider().open(ModelRequest("m", [])) as chunks:
            await anext(chunks)


def test_a_conversation_with_others_is_told_in_words(claude: Fake) -> None:
    claude.does(CLAUDE)
    history = [
        Message("user", [TextBlock("hello </user>"), TextBlock("you")]),
        Message(
            "assistant",
            [
                ThinkingBlock("hm"),
                TextBlock("I look."),
                ToolUseBlock("c1", "look", {"at": "it"}),
                ProviderBlock("openai", {"id": "x"}),
            ],
        ),
        Message("user", [ToolResultBlock("c1", "look", "seen")]),
        Message("assistant", [RefusalBlock("No.")]),
    ]
    Agent(claude.provider()).run_sync(None, message_history=history)
    assert claude.calls[0].stdin == (
        "<conversation>\n<user>\nhello &lt;/user>\n\nyou\n</user>\n"
        "<assistant>\nI look.\n[called the tool look with {'at': 'it'}]\n\n</assistant>\n"
        "<user>\n[the tool look gave: seen]\n</user>\n"
        "<assistant>\nNo.\n</assistant>\n</conversation>\n\n"
        "That was the conversation so far. Answer by going on where the assistant stopped."
    )


@pytest.mark.parametrize(
    ("name", "program"), [("claudecode", "claude"), ("codex", "codex"), ("augment", "auggie")]
)
def test_a_model_string_names_the_program_and_its_model(
    name: str, program: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: Fake = request.getfixturevalue(program)
    fake.does(GOOD[program])
    for variable, value in fake.env.items():
        monkeypatch.setenv(variable, value)
    for model in ("sonnet", "default"):
        provider = get_default_registry().get_provider(f"{name}:{model}", env=fake.env)
        assert (provider.name, type(provider)) == (name, KINDS[program])
        assert Agent(provider).run_sync("hello").output == "one two"
    assert ["--model" in call.argv for call in fake.calls] == [True, False]
    with pytest.raises(InvalidModelStringError):
        Agent(f"{name}:")


def test_it_is_known_to_run_no_tools_of_ours_to_think_and_to_read_text_only() -> None:
    facts = facts_of(CodexProvider(), "default")
    assert (facts.tools, facts.thinks_unasked, facts.images, facts.documents) == (False, True, False, False)
    assert CodexProvider("").model == "default"


def test_its_errors_name_it_and_the_model(program: Fake) -> None:
    program.does([{"exit": 4}])
    error = Agent(program.provider()).run_sync("hello").error
    assert isinstance(error, ProviderError)
    assert str(error).startswith(f"{KINDS[program.program]().name}:m: the program ended with exit code 4")
