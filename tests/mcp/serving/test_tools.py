"""R-A17: agents as tools of an MCP server: what clients see of them, in both eras of the protocol."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tests.mcp.servers import until
from tests.mcp.serving.agents import SECRET, Diary, Place, Report, agents, echo
from voxagent import Agent, ConfigError, Guardrail, Refuse, one_of
from voxagent.errors import LockTimeoutError
from voxagent.mcp import ServedAgent, ServedCall, as_server
from voxagent.mcp.answering import AgentTool
from voxagent.security import RedactionFilter, SecretRegistry
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call

ERAS: list[Literal["auto", "legacy"]] = ["auto", "legacy"]
PROMPT = {"type": "string", "minLength": 1, "description": "What it shall do, with all it needs to know."}


def said(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path / "diary")


async def test_each_agent_is_a_tool_with_its_name_description_and_schemas(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary), name="crew", instructions="Ask us."), mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert client.instructions == "Ask us."
    assert list(tools) == [
        "echo", "weather", "worker", "meeting", "broken", "asking", "who", "how", "diary", "chat_with_you",
        "trip",
    ]  # fmt: skip
    assert tools["echo"].description == "Says what it was told."
    assert tools["echo"].input_schema == {
        "type": "object",
        "properties": {"prompt": PROMPT},
        "required": ["prompt"],
    }
    assert tools["echo"].output_schema is None
    assert tools["weather"].description == "Ask the agent 'weather'."
    assert tools["weather"].output_schema == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
        "required": ["city", "degrees"],
    }
    assert set(tools["chat_with_you"].input_schema["properties"]) == {"prompt", "session"}
    assert tools["trip"].input_schema == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"default": 1, "type": "integer"}},
        "required": ["city"],
    }


async def test_a_call_answers_with_the_output_and_with_an_object_where_it_is_one(
    era: Any, diary: Diary
) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        plain = await client.call_tool("echo", {"prompt": "hello"})
        typed = await client.call_tool("weather", {"prompt": "Kiel?"})
        fields = await client.call_tool("trip", {"city": "Kiel"})
    assert (said(plain), plain.structured_content, plain.is_error) == ("you said hello", None, False)
    assert typed.structured_content == {"city": "Kiel", "degrees": 7}
    assert said(typed) == '{"city":"Kiel","degrees":7}'
    assert said(fields) == 'you said {"city":"Kiel","days":1}'


@pytest.mark.parametrize(
    ("tool", "arguments", "wrong"),
    [
        ("echo", {}, "'prompt' is missing"),
        ("echo", {"prompt": "a", "more": 1}, "'more' is not known; known are 'prompt'"),
        ("echo", {"prompt": "a", "y": 1, "z": 2}, "'y', 'z' are not known; known are 'prompt'"),
        ("chat_with_you", {"text": "a"}, "'text' is not known; known are 'prompt', 'session'"),
        ("trip", {"city": "Kiel", "y": 1}, "'y' is not known; known are 'city', 'days'"),
        ("echo", {"prompt": " "}, "'prompt' is to be a text that says something"),
        ("echo", {"prompt": 7}, "'prompt' is to be a text that says something"),
        ("chat_with_you", {"prompt": "a", "session": 7}, "'session' is to be a text that says something"),
        ("trip", {"days": "no"}, "city: Field required"),
    ],
)
async def test_wrong_arguments_are_an_error_that_says_what_is_right(
    era: Any, diary: Diary, tool: str, arguments: dict[str, Any], wrong: str
) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert wrong in said(result)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    city: str


class Named(BaseModel):
    city: str = Field(validation_alias=AliasChoices("city", "town"))
    of: Open | None = None


@dataclass
class Spot:
    city: str


@pytest.mark.parametrize(
    ("kind", "given", "answer"),
    [
        (Open, {"city": "Kiel", "y": 1}, 'you said {"city":"Kiel","y":1}'),
        (dict[str, int], {"y": 1}, 'you said {"y":1}'),
        (Named, {"town": "Kiel"}, 'you said {"city":"Kiel","of":null}'),
        (
            Named,
            {"town": "Kiel", "of": {"city": "Rom", "y": 1}},
            'you said {"city":"Kiel","of":{"city":"Rom","y":1}}',
        ),
        (Named, {"town": "Kiel", "y": 1}, "invalid arguments: 'y' is not known; known are 'city', 'of'"),
        (Spot, {"city": "Kiel", "y": 1}, "invalid arguments: 'y' is not known; known are 'city'"),
    ],
)
async def test_names_that_no_field_has_are_refused_unless_the_model_takes_any(
    kind: Any, given: dict[str, Any], answer: str
) -> None:
    served = ServedAgent(Agent(FunctionProvider(echo), name="it"), input_type=kind)
    async with Client(as_server(served)) as client:
        assert said(await client.call_tool("it", given)) == answer


async def test_a_session_that_is_null_names_none() -> None:
    served = ServedAgent(Agent(FunctionProvider(echo), name="it"), sessions=True)
    async with Client(as_server(served)) as client:
        assert said(await client.call_tool("it", {"prompt": "a", "session": None})) == "you said a"


async def test_a_thousand_calls_leave_no_task_behind() -> None:
    async with Client(as_server(Agent(FunctionProvider(echo), name="echo"))) as client:
        await client.call_tool("echo", {"prompt": "a"})
        before = len(asyncio.all_tasks())
        for _ in range(20):
            calls = [client.call_tool("echo", {"prompt": "a"}) for _ in range(50)]
            assert {said(each) for each in await asyncio.gather(*calls)} == {"you said a"}
        assert len(asyncio.all_tasks()) == before


async def test_an_unknown_tool_is_an_error_of_the_protocol(era: Any, diary: Diary) -> None:
    async with Client(as_server(agents(diary)[0]), mode=era) as client:
        with pytest.raises(MCPError, match="there is no tool 'other'; there are echo") as raised:
            await client.call_tool("other", {})
    assert raised.value.code == -32_602


async def test_tool_calls_and_text_are_progress_of_the_call(era: Any, diary: Diary) -> None:
    told: list[tuple[float, str | None]] = []

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, message))

    async with Client(as_server(*agents(diary)), mode=era) as client:
        await client.call_tool("weather", {"prompt": "Kiel?"}, progress_callback=on_progress)
    assert told == [(1.0, "calls measure"), (2.0, "measure is done")]


async def test_a_cancelled_call_aborts_the_run_and_its_tools(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        call = asyncio.create_task(client.call_tool("worker", {"prompt": "go"}))
        await diary.until("began")
        call.cancel()
        await asyncio.wait([call], timeout=10)
        await diary.until("cancelled")
        assert said(await client.call_tool("echo", {"prompt": "still there"})) == "you said still there"
    assert diary.read() == ["began", "cancelled"]


async def test_a_call_that_runs_out_of_time_at_the_client_aborts_the_run(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        with pytest.raises(MCPError):
            await client.call_tool("worker", {"prompt": "go"}, read_timeout_seconds=0.5)
        await diary.until("began", "cancelled")


async def test_the_end_of_the_connection_aborts_the_runs(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        call = asyncio.create_task(client.call_tool("worker", {"prompt": "go"}))
        await diary.until("began")
    await asyncio.wait([call], timeout=10)
    await diary.until("cancelled")


async def test_calls_of_one_client_run_together(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary, together=20)), mode=era) as client, asyncio.timeout(20):
        results = await asyncio.gather(*(client.call_tool("meeting", {"prompt": "go"}) for _ in range(20)))
    assert {said(result) for result in results} == {"all met"}


@pytest.mark.parametrize(("most", "at_work"), [(1, "another call is at work"), (2, "2 calls are at work")])
async def test_a_call_more_than_may_be_at_work_is_refused_until_one_has_ended(
    era: Any, diary: Diary, most: int, at_work: str
) -> None:
    """The limit is for all clients together."""
    server = as_server(*agents(diary), max_parallel=most)
    async with Client(server, mode=era) as client, Client(server, mode=era) as other:
        calls = [asyncio.create_task(client.call_tool("worker", {"prompt": "go"})) for _ in range(most)]
        await asyncio.wait_for(asyncio.to_thread(until, lambda: diary.read().count("began") == most), 20)
        refused = await other.call_tool("echo", {"prompt": "go"})
        assert (said(refused), refused.is_error) == (
            f"echo is busy: {at_work}, and no more may be; try again later",
            True,
        )
        calls[0].cancel()
        await asyncio.wait(calls[:1])
        async with asyncio.timeout(20):
            while (answered := await other.call_tool("echo", {"prompt": "go"})).is_error:
                continue
        assert said(answered) == "you said go"
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)


async def test_deps_and_sessions_come_from_functions_of_the_call(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        assert said(await client.call_tool("who", {"prompt": "a"}, meta={"user": "eve"})) == "eve"
        assert said(await client.call_tool("how", {"prompt": "a"}, meta={"user": "eve"})) == "how of eve"
        for user, prompt in (("eve", "one"), ("bob", "two"), ("eve", "three")):
            last = await client.call_tool("diary", {"prompt": prompt}, meta={"user": user})
    assert said(last) == "you said one and three"


async def test_a_client_goes_on_with_the_conversation_that_it_names(era: Any, diary: Diary) -> None:
    async with Client(as_server(*agents(diary)), mode=era) as client:
        for prompt, named in (("a", {"session": "s"}), ("b", {}), ("c", {"session": "s"})):
            last = await client.call_tool("chat_with_you", {"prompt": prompt, **named})
    assert said(last) == "you said a and c"


async def test_what_a_client_names_is_no_key_of_another_session() -> None:
    agent = Agent(FunctionProvider(echo), name="echo")
    await agent.run("for the program", session_key="s")
    async with Client(as_server(ServedAgent(agent, sessions=True))) as client:
        result = await client.call_tool("echo", {"prompt": "for the client", "session": "s"})
    assert said(result) == "you said for the client"


async def test_a_failure_is_an_error_without_the_programs_secrets(
    era: Any, diary: Diary, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_API_KEY", SECRET)
    with caplog.at_level(logging.DEBUG):
        async with Client(as_server(*agents(diary)), mode=era) as client:
            failed = await client.call_tool("broken", {"prompt": "go"})
            unprepared = await client.call_tool("how", {"prompt": "fail"})
            pending = await client.call_tool("asking", {"prompt": "go"})
    assert [each.is_error for each in (failed, unprepared, pending)] == [True, True, True]
    assert said(failed).startswith("broken failed (authentication, run run_")
    assert said(unprepared).startswith("how failed; the server's log says why (call ")
    assert "calls of delete_all wait for approval" in said(pending)
    own = [each.getMessage() for each in caplog.records if each.name == "voxagent"]
    [run] = [line for line in own if "AuthenticationError" in line]
    [call] = [line for line in own if "KeyError" in line]
    assert said(failed).rpartition("run ")[2].rstrip(")") in run
    assert said(unprepared).rpartition("call ")[2].rstrip(")") in call
    assert SECRET not in f"{failed}{unprepared}{pending}{own}"
    assert "10.1.2.3" not in said(failed)


async def test_a_client_is_told_why_an_agent_refused(era: Any) -> None:
    agent = Agent(
        ScriptedProvider(text("yes")),
        name="proud",
        guardrails=[Guardrail(on_prompt=lambda ctx, prompt: Refuse("that is not my work"))],
    )
    async with Client(as_server(agent), mode=era) as client:
        result = await client.call_tool("proud", {"prompt": "go"})
    assert result.is_error
    assert "that is not my work" in said(result)


async def test_a_session_that_is_in_use_is_an_error_that_says_so() -> None:
    class Busy:
        name, description, output_type = "busy", None, str

        def run_stream(self, prompt: str, *, deps: Any, session_key: str | None) -> Any:
            raise LockTimeoutError(f"session {session_key!r} is in use")

    async with Client(as_server(ServedAgent(Busy(), sessions=True))) as client:
        result = await client.call_tool("busy", {"prompt": "go", "session": "s"})
    assert said(result) == "busy has no answer: session 'mcp:busy:s' is in use"


async def test_a_run_that_only_picked_a_tool_has_no_answer() -> None:
    class Picks:
        name, description, output_type = "picks", None, str

        def __init__(self) -> None:
            self._agent = Agent(ScriptedProvider(tool_call("run_it")), tools=[])

        def run_stream(self, prompt: str, *, deps: Any, session_key: str | None) -> Any:
            return self._agent.run_stream(prompt, routing_only=True)

    async with Client(as_server(Picks())) as client:
        result = await client.call_tool("picks", {"prompt": "go"})
    assert result.is_error
    assert said(result).startswith("picks ")


@dataclass
class Node:
    name: str
    below: "list[Node]"


@pytest.mark.parametrize(
    ("output_type", "schema", "answer", "words", "structured"),
    [
        (int, False, 7, "7", None),
        (list[int], False, [1, 2], "[1,2]", None),
        (one_of(Report, int), False, 7, "7", None),
        ([Report, int], False, 7, "7", None),
        (dict[str, int], True, {"a": 1}, '{"a":1}', {"a": 1}),
        (Node, True, {"name": "a", "below": []}, '{"name":"a","below":[]}', {"name": "a", "below": []}),
    ],
)
async def test_only_outputs_that_are_objects_have_a_schema(
    output_type: Any, schema: bool, answer: Any, words: str, structured: Any
) -> None:
    wrapped = not isinstance(answer, dict)
    name = "final_result"
    if isinstance(output_type, list) or type(output_type).__name__ == "OneOf":
        name = "final_result_int"
    call = tool_call(name, **({"result": answer} if wrapped else answer))
    agent = Agent(ScriptedProvider(call), name="it", output_type=output_type)
    async with Client(as_server(agent)) as client:
        [tool] = (await client.list_tools()).tools
        result = await client.call_tool("it", {"prompt": "go"})
    assert (tool.output_schema is not None, said(result), result.structured_content) == (
        schema,
        words,
        structured,
    )


@dataclass
class Unwritable:
    function: Callable[[], int]


def test_an_output_without_a_json_schema_is_served_without_one() -> None:
    class Odd:
        name, description, output_type = "odd", None, Unwritable

        def run_stream(self, prompt: str, *, deps: Any, session_key: str | None) -> Any: ...

    tool = AgentTool(ServedAgent(Odd()), RedactionFilter(SecretRegistry()))
    assert tool.output.schema is None
    assert tool.output.told(Unwritable(int))[1] is None


async def test_what_agents_keep_open_is_open_as_long_as_the_server() -> None:
    happened: list[str] = []

    class Kept:
        async def __aenter__(self) -> Self:
            happened.append("opened")
            return self

        async def __aexit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            happened.append("closed")

        def open(self, run: Any) -> Any:
            return nullcontext([])

    agent = Agent(FunctionProvider(echo), name="echo", toolsets=[Kept()])  # type: ignore[list-item]  # it is a toolset
    async with Client(as_server(agent)) as client:
        await client.call_tool("echo", {"prompt": "a"})
        await client.call_tool("echo", {"prompt": "b"})
        assert happened == ["opened"]
    assert happened == ["opened", "closed"]


@dataclass
class Taken:
    session: str


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (lambda: as_server(), "needs an agent to serve"),
        (
            lambda: as_server(Agent(FunctionProvider(echo), name="a"), max_parallel=0),
            "max_parallel=0: how many calls may be at work, 1 or more",
        ),
        (
            lambda: as_server(Agent(FunctionProvider(echo), name="a"), max_parallel="7"),  # type: ignore[arg-type]  # that is the point
            "max_parallel='7': how many calls may be at work, 1 or more",
        ),
        (
            lambda: as_server(Agent(FunctionProvider(echo), name="a", deps_type=Spot)),
            r"deps is missing: agent 'a' has deps_type=.*Spot.*; give ServedAgent\(agent, deps=...\)",
        ),
        (
            lambda: ServedAgent(Agent(FunctionProvider(echo), name="a", deps_type=Spot), deps=Spot("x")),  # type: ignore[arg-type]  # that is the point
            "deps= is of type Spot: a function of the call is expected",
        ),
        (
            lambda: ServedAgent(Agent(FunctionProvider(echo), name="a"), session_key="s"),  # type: ignore[arg-type]  # that is the point
            "session_key= is of type str: a function of the call is expected",
        ),
        (
            lambda: as_server(ServedAgent(Agent(FunctionProvider(echo), name="a"), input_type="Place")),
            "input_type='Place' of 'a' is not an object such as a model or dataclass",
        ),
        (lambda: as_server("echo"), "'echo' is no agent"),  # type: ignore[arg-type]  # that is the point
        (lambda: as_server(Agent(FunctionProvider(echo))), "an agent needs a name to be served"),
        (
            lambda: as_server(*[Agent(FunctionProvider(echo), name=name) for name in ("a b", "a-b")]),
            "two agents would be served as 'a_b'",
        ),
        (
            lambda: as_server(ServedAgent(Agent(FunctionProvider(echo), name="a"), input_type=int)),
            "input_type=<class 'int'> of 'a' is not an object",
        ),
        (
            lambda: as_server(
                ServedAgent(Agent(FunctionProvider(echo), name="a"), input_type=Taken, sessions=True)
            ),
            "input_type of 'a' has a field 'session'",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(make: Any, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        make()


async def test_fields_and_a_session_can_be_given_together() -> None:
    agent = Agent(FunctionProvider(echo), name="trip")
    async with Client(as_server(ServedAgent(agent, input_type=Place, sessions=True))) as client:
        await client.call_tool("trip", {"city": "Kiel", "session": "s"})
        last = await client.call_tool("trip", {"city": "Rom", "days": 2, "session": "s"})
    assert said(last) == 'you said {"city":"Kiel","days":1} and {"city":"Rom","days":2}'


def test_a_call_shows_nothing_of_its_content() -> None:
    call = ServedCall("echo", {"prompt": SECRET}, SECRET, {"authorization": SECRET}, {"token": SECRET})
    assert repr(call) == "ServedCall(tool='echo')"
