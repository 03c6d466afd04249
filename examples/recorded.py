"""Watch agents call tools over HTTP: what real models of OpenAI and Anthropic answered once is replayed here.

No model is asked. A server on loopback gives the answers in `examples/data`, one after the other, and only
to the very requests that they were recorded for: the same model, tools and prompt, then the model's own calls
and the results that the functions below gave. To anything else it answers 400, and this program fails.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

from voxagent import Agent, tool
from voxagent.providers import AnthropicProvider, OpenAIProvider, Provider
from voxagent.streaming import (
    AssistantEndEvent,
    StreamEventData,
    TextDeltaEvent,
    ToolEndEvent,
    ToolStartEvent,
)

DATA = Path(__file__).parent / "data"
KEY = "no key is needed here"


# --- the tools of the recorded conversations ---


@tool
def get_weather(location: str) -> str:
    """Get the current weather for a location."""
    degrees = {"Madrid": 72, "Oslo": 40}
    return f"Weather in {location}: {degrees[location]}°F, sunny"


@tool
def secret_retrieval_tool(password: str) -> str:
    """A tool that requires a password to retrieve a secret."""
    return {"mellon": "Welcome to Moria!", "radiance": "Life before Death"}[password]


# --- the server ---


def in_openai(body: Any) -> Iterator[tuple[Any, ...]]:
    """What matters of a request of the Responses API, in order."""
    yield "model", body["model"]
    yield "tools", *[(each["name"], sorted(each["parameters"]["properties"])) for each in body["tools"]]
    for item in body["input"]:
        match item.get("type"):
            case "function_call":
                yield "call", item["call_id"], item["name"], json.loads(item["arguments"])
            case "function_call_output":
                yield "result", item["call_id"], item["output"]
            case _:
                yield item["role"], item["content"]


def in_anthropic(body: Any) -> Iterator[tuple[Any, ...]]:
    """What matters of a request of the Messages API, in order."""
    yield "model", body["model"]
    yield "tools", *[(each["name"], sorted(each["input_schema"]["properties"])) for each in body["tools"]]
    yield "system", *_texts(body["system"])
    for message in body["messages"]:
        for block in _blocks(message["content"]):
            match block["type"]:
                case "tool_use":
                    yield "call", block["id"], block["name"], block["input"]
                case "tool_result":
                    yield "result", block["tool_use_id"], *_texts(block["content"])
                case _:
                    yield message["role"], block["text"]


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _texts(content: Any) -> list[str]:
    return [block["text"] for block in _blocks(content)]


MATTERS = {"openai-responses": in_openai, "anthropic": in_anthropic}


class Replay(ThreadingHTTPServer):
    """Gives the answers of a recording, on a free port of this machine."""

    def __init__(self, recording: Any) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.left: list[Any] = list(recording["exchanges"])
        self.path: str = recording["endpoint"]
        self.matters = MATTERS[recording["wire"]]

    def refusal(self, path: str, body: Any) -> str:
        """What is wrong with a request; "" if it is the one that was recorded."""
        if path != self.path or not self.left:
            return f"nothing is left to answer at {path}"
        wanted = list(self.matters(self.left[0]["request"]["body"]))
        asked = list(self.matters(body))
        return "" if asked == wanted else f"the recorded request has {wanted}, this one has {asked}"


class Answering(BaseHTTPRequestHandler):
    """Answers one request, event by event, as the model's service did."""

    server: Replay

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if refusal := self.server.refusal(self.path, body):
            self._give(400, "application/json", [json.dumps({"error": {"message": refusal}})])
            return
        response = self.server.left.pop(0)["response"]
        events = response["body"].split("\n\n")
        self._give(response["status"], response["headers"]["content-type"], [f"{e}\n\n" for e in events])

    def _give(self, status: int, content_type: str, pieces: Sequence[str]) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing of the server's own."""


@contextmanager
def replayed(recording: Any) -> Iterator[str]:
    """The recording, served; gives the address."""
    with Replay(recording) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()


# --- the agents ---


def direct() -> httpx2.AsyncClient:
    """A client that asks no HTTP proxy of the environment for what is on this machine."""
    return httpx2.AsyncClient(trust_env=False)


def openai(url: str) -> Provider:
    return OpenAIProvider("gpt-4o-mini", KEY, f"{url}/v1", api="responses", client=direct)


def anthropic(url: str) -> Provider:
    return AnthropicProvider("claude-sonnet-4-0", KEY, url, client=direct)


def show(event: StreamEventData) -> None:
    match event:
        case TextDeltaEvent(delta=delta):
            print(delta, end="", flush=True)
        case AssistantEndEvent():
            print()
        case ToolStartEvent(tool_call=call):
            print(f"-> {call.name} {call.params}")
        case ToolEndEvent(tool_name=name, result=result):
            print(f"<- {name}: {result.content}")


def ask(file: str, provider: Callable[[str], Provider], tools: Any, system: str, prompt: str) -> None:
    recording = json.loads((DATA / file).read_text("utf-8"))
    source = recording["source"]
    print(f"\n[{file}: from {source['repo']} at {source['commit'][:12]}, {recording['licence']} licence]")
    print(prompt)
    with replayed(recording) as url:
        agent = Agent(provider(url), tools=tools, system_prompt=system, observers=[show])
        result = agent.run_sync(prompt)
        result.raise_for_error()
    print(f"{result.provider}:{result.model}, {result.usage}")


if __name__ == "__main__":
    print("No model is asked here: recorded answers of real ones are replayed over HTTP on this machine.")
    passwords = "Please retrieve the secrets associated with each of these passwords: mellon,radiance"
    ask("openai-responses.json", openai, [get_weather], "", "What's the weather in Madrid?")
    ask("anthropic.json", anthropic, [secret_retrieval_tool], "Use parallel tool calling.", passwords)
