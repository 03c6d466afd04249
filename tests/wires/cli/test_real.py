"""The real programs, asking a model server on loopback: seen with claude 2.1.197 and codex 0.169.0.

They are looked for in the folder that `VOXAGENT_CLI_PROGRAMS` names, and on PATH; `npm install --prefix
FOLDER @anthropic-ai/claude-code @openai/codex` puts them into `FOLDER/node_modules/.bin`.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from voxagent import Agent
from voxagent.errors import ModelNotFoundError, ProviderError
from voxagent.providers import ClaudeCodeProvider, CLIProvider, CodexProvider
from voxagent.streaming import TextDeltaEvent, ThinkingDeltaEvent
from voxagent.types import ThinkingBlock, Usage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real_programs")]

FOUND = os.pathsep.join([os.environ.get("VOXAGENT_CLI_PROGRAMS", ""), os.environ.get("PATH", "")])


def event(data: Mapping[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def block(index: int, start: Mapping[str, Any], *deltas: Mapping[str, Any]) -> Iterator[bytes]:
    yield event({"type": "content_block_start", "index": index, "content_block": start})
    for delta in deltas:
        yield event({"type": "content_block_delta", "index": index, "delta": delta})
    yield event({"type": "content_block_stop", "index": index})


def pieces(answer: str) -> list[str]:
    return [f"{word} " for word in answer.split()]


def messages_answer(body: Mapping[str, Any], answer: str) -> bytes:
    """Anthropic's Messages: thinking, then text."""
    usage = {
        "input_tokens": 11,
        "output_tokens": 7,
        "cache_read_input_tokens": 2,
        "cache_creation_input_tokens": 1,
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
    start = {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}
    thoughts = [
        {"type": "thinking_delta", "thinking": "hm "},
        {"type": "signature_delta", "signature": "c2ln"},
    ]
    words = [{"type": "text_delta", "text": piece} for piece in pieces(answer)]
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return b"".join(
        [
            event({"type": "message_start", "message": start}),
            *block(0, {"type": "thinking", "thinking": "", "signature": ""}, *thoughts),
            *block(1, {"type": "text", "text": ""}, *words),
            event({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 7}}),
            event({"type": "message_stop"}),
        ]
    )


def responses_answer(body: Mapping[str, Any], answer: str) -> bytes:
    """OpenAI's Responses: a summary of thinking, then text."""
    usage = {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 18,
    }
    response = {
        "id": "resp_1",
        "object": "response",
        "status": "in_progress",
        "output": [],
        "model": body["model"],
    }
    thought = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "abc",
    }
    said = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": answer, "annotations": []}],
    }
    completed = {**response, "status": "completed", "usage": usage}
    return b"".join(
        event(each)
        for each in (
            {"type": "response.created", "response": response},
            {"type": "response.output_item.added", "output_index": 0, "item": {**thought, "summary": []}},
            {"type": "response.output_item.done", "output_index": 0, "item": thought},
            {"type": "response.output_item.added", "output_index": 1, "item": {**said, "content": []}},
            {"type": "response.output_item.done", "output_index": 1, "item": said},
            {"type": "response.completed", "response": completed},
        )
    )


class ModelServer(ThreadingHTTPServer):
    """Answers both APIs, with an error where the model is called "missing"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.give(404, "application/json", b"")

    def do_GET(self) -> None:
        self.give(404, "application/json", b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        answers = {"/v1/messages": messages_answer, "/v1/responses": responses_answer}
        answer = answers.get(self.path.partition("?")[0])
        if answer is None or not body.get("stream"):
            self.give(404, "application/json", b"{}")
            return
        self.server.asked.append(body)
        if "missing" in body["model"]:
            error = {"type": "not_found_error", "message": "no model of that name"}
            self.give(404, "application/json", json.dumps({"type": "error", "error": error}).encode())
            return
        self.give(200, "text/event-stream", answer(body, "one two three"))

    def give(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(10)


def path_of(program: str) -> str:
    path = shutil.which(program, path=FOUND)
    if path is None:
        pytest.skip(f"{program} is not on PATH, nor in the folder that VOXAGENT_CLI_PROGRAMS names")
    return path


@pytest.fixture
def claude(server: ModelServer, tmp_path: Path) -> CLIProvider:
    env = {
        "HOME": str(tmp_path),
        "ANTHROPIC_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": "dummy-key-of-a-test",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return ClaudeCodeProvider("sonnet", program=path_of("claude"), cwd=tmp_path, env=env)


CONFIG = """
model = "m"
model_provider = "loopback"

[model_providers.loopback]
name = "loopback"
base_url = "{url}/v1"
env_key = "LOOPBACK_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


@pytest.fixture
def codex(server: ModelServer, tmp_path: Path) -> CLIProvider:
    home = tmp_path / "codex"
    home.mkdir()
    (home / "config.toml").write_text(CONFIG.format(url=server.url))
    env = {"HOME": str(tmp_path), "CODEX_HOME": str(home), "LOOPBACK_KEY": "dummy-key-of-a-test"}
    return CodexProvider(program=path_of("codex"), cwd=tmp_path, env=env, args=["--skip-git-repo-check"])


@pytest.fixture(params=["claude", "codex"])
def provider(request: pytest.FixtureRequest) -> CLIProvider:
    found: CLIProvider = request.getfixturevalue(request.param)
    return found


USED = {
    "claudecode": Usage(14, 7, cache_read_tokens=2, cache_write_tokens=1, requests=1),
    "codex": Usage(11, 7, cache_read_tokens=2, reasoning_tokens=3, requests=1),
}


def test_a_conversation_with_a_real_program_goes_on_in_its_session(
    provider: CLIProvider, server: ModelServer
) -> None:
    agent = Agent(provider, system_prompt="Answer like xyzzy.")
    first = agent.run_sync("What is the word?")
    second = agent.run_sync("And the next one?", message_history=first.messages)
    for finished in (first, second):
        assert finished.output.strip() == "one two three"
        assert finished.usage == USED[provider.name]
        assert [block.text.strip() for block in finished.messages[-1].of(ThinkingBlock)] == ["hm"]
    one, two = (json.dumps(body) for body in server.asked)
    assert "xyzzy" in one
    assert "xyzzy" in two
    assert "What is the word?" in two
    assert "<conversation>" not in two


def test_one_history_can_go_on_twice(provider: CLIProvider, server: ModelServer) -> None:
    agent = Agent(provider)
    first = agent.run_sync("What is the word?")
    agent.run_sync("On the left branch?", message_history=first.messages)
    agent.run_sync("On the right branch?", message_history=first.messages)
    assert "What is the word?" in json.dumps(server.asked[2])
    assert "On the left branch?" not in json.dumps(server.asked[2])


def test_a_session_that_was_taken_away_is_told_anew(
    provider: CLIProvider, server: ModelServer, tmp_path: Path
) -> None:
    agent = Agent(provider)
    first = agent.run_sync("What is the word?")
    for kept in (tmp_path / ".claude" / "projects", tmp_path / "codex" / "sessions"):
        shutil.rmtree(kept, ignore_errors=True)
    second = agent.run_sync("And the next one?", message_history=first.messages)
    assert second.output.strip() == "one two three"
    assert "<conversation>" in json.dumps(server.asked[-1])


async def test_a_real_program_streams_what_it_has(provider: CLIProvider) -> None:
    async with Agent(provider).run_stream("What is the word?") as stream:
        events = [event async for event in stream]
    kinds = [type(event) for event in events if isinstance(event, (TextDeltaEvent, ThinkingDeltaEvent))]
    texts = 3 if provider.name == "claudecode" else 1
    assert kinds == [ThinkingDeltaEvent, *[TextDeltaEvent] * texts]


def test_a_model_that_is_not_there_is_an_error_of_its_kind(provider: CLIProvider) -> None:
    error = Agent(provider).run_sync("hello", model=_missing(provider)).error
    assert isinstance(error, ProviderError)
    assert type(error) is ModelNotFoundError
    assert error.status == 404


def _missing(provider: CLIProvider) -> CLIProvider:
    provider.model = "missing"
    return provider
