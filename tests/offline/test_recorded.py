"""The second example of the demo: recorded answers of real models, replayed over HTTP to real agents."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from voxagent import tool
from voxagent.errors import BadRequestError

EXAMPLE = Path(__file__).parents[2] / "examples" / "recorded.py"
FILES = ("openai-responses.json", "anthropic.json")
WEATHER = "What's the weather in Madrid?"
SHOWN = """\
No model is asked here: recorded answers of real ones are replayed over HTTP on this machine.

[openai-responses.json: from Mirascope/mirascope at 41d433578653, MIT licence]
What's the weather in Madrid?

-> get_weather {'location': 'Madrid'}
<- get_weather: Weather in Madrid: 72°F, sunny
The weather in Madrid is currently 72°F and sunny.
openai:gpt-4o-mini-2024-07-18, Usage(input_tokens=128, output_tokens=29, requests=2, tool_calls=1)

[anthropic.json: from Mirascope/mirascope at 41d433578653, MIT licence]
Please retrieve the secrets associated with each of these passwords: mellon,radiance
I'll retrieve the secrets for both passwords using the secret retrieval tool.
-> secret_retrieval_tool {'password': 'mellon'}
-> secret_retrieval_tool {'password': 'radiance'}
<- secret_retrieval_tool: Welcome to Moria!
<- secret_retrieval_tool: Life before Death
Here are the secrets retrieved for each password:

- Password "mellon": **Welcome to Moria!**
- Password "radiance": **Life before Death**
anthropic:claude-sonnet-4-20250514, Usage(input_tokens=1022, output_tokens=152, requests=2, tool_calls=2)
"""


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recorded", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _recording(file: str) -> Any:
    return json.loads((EXAMPLE.parent / "data" / file).read_text("utf-8"))


def test_recorded_conversations_are_run_again_without_a_key_and_with_their_tools() -> None:
    kept = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    nowhere = "http://127.0.0.1:9"  # an HTTP proxy of the environment is not asked for this machine
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)],
        env={**kept, "PYTHONPATH": str(EXAMPLE.parents[1]), "PYTHONUTF8": "1", "HTTP_PROXY": nowhere},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sorted(ran.stdout.splitlines()) == sorted(SHOWN.splitlines())  # two tools may end in any order


def test_a_tool_that_gives_something_else_ends_the_demo_with_what_was_recorded() -> None:
    @tool
    def get_weather(location: str) -> str:
        return "I did not look"

    example = _example()
    with pytest.raises(BadRequestError, match=r"72°F, sunny.*this one has.*I did not look"):
        example.ask(FILES[0], example.openai, [get_weather], "", WEATHER)


def test_another_prompt_is_not_answered() -> None:
    example = _example()
    with pytest.raises(BadRequestError, match="the recorded request has"):
        example.ask(FILES[0], example.openai, [example.get_weather], "", "How are you?")


@pytest.mark.parametrize("file", FILES)
def test_the_recorded_requests_get_the_recorded_answers_once(file: str) -> None:
    recording = _recording(file)
    with _example().replayed(recording) as url:
        for exchange in recording["exchanges"]:
            told = _post(url, recording["endpoint"], exchange["request"]["body"])
            assert (told[0], told[1].strip()) == (200, exchange["response"]["body"].strip())
        again = recording["exchanges"][-1]["request"]["body"]
        assert _post(url, recording["endpoint"], again)[0] == 400


def _set(*path: Any) -> Callable[[Any], None]:
    """Change what is at a place of a body."""

    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = "something else"

    return change


CHANGES = {
    "openai-responses.json": [
        _set("model"),
        _set("tools", 0, "name"),
        _set("input", 0, "content"),
        _set("input", 1, "call_id"),
        _set("input", 2, "call_id"),
        _set("input", 2, "output"),
        lambda body: body["input"].pop(),
    ],
    "anthropic.json": [
        _set("model"),
        _set("tools", 0, "name"),
        _set("system"),
        _set("messages", 0, "content"),
        _set("messages", 1, "content", 1, "id"),
        _set("messages", 1, "content", 1, "input"),
        _set("messages", 2, "content", 0, "tool_use_id"),
        _set("messages", 2, "content", 1, "content"),
        lambda body: body["messages"][2]["content"].reverse(),
        lambda body: body["messages"].pop(),
    ],
}


@pytest.mark.parametrize(
    ("file", "number"), [(file, number) for file in FILES for number in range(len(CHANGES[file]))]
)
def test_a_request_that_differs_in_what_matters_is_refused(file: str, number: int) -> None:
    recording = _recording(file)
    first, second = (exchange["request"]["body"] for exchange in recording["exchanges"])
    changed = copy.deepcopy(second)
    CHANGES[file][number](changed)
    with _example().replayed(recording) as url:
        assert _post(url, recording["endpoint"], first)[0] == 200
        status, told = _post(url, recording["endpoint"], changed)
        assert (status, "the recorded request has" in told) == (400, True)
        assert _post(url, "/v1/elsewhere", second)[0] == 400
        assert _post(url, recording["endpoint"], second)[0] == 200


def test_the_data_names_where_it_comes_from() -> None:
    said = (EXAMPLE.parent / "data" / "README.md").read_text("utf-8")
    for file in FILES:
        recording = _recording(file)
        source = recording["source"]
        assert recording["licence"] == "MIT"
        assert all(fact in said for fact in (file, source["repo"], source["commit"], source["path"]))
    assert "Permission is hereby granted, free of charge" in said


def _post(url: str, path: str, body: Any) -> tuple[int, str]:
    with closing(HTTPConnection(url.removeprefix("http://"), timeout=10)) as asking:
        asking.request("POST", path, json.dumps(body))
        with asking.getresponse() as response:
            return response.status, response.read().decode()
