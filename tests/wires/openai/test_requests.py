"""Requests for the recorded conversations satisfy the SDK's types and say what the recorded ones said.

The exceptions, one by one:

* A system message amid the conversation, parts without a type, parts that only one server knows
  (`document_url`, `file_url`) and files by the service's own ids have no words in voxagent: `Foreign`.
* `o1-mini` takes no system prompt (the recorded answer is the 400 that says so): ours sends it as the user's.
* A document by a URL is told to the model by its name in Chat Completions, whose file parts are by data;
  OpenRouter takes URLs there.
* The client that asked in `pai-test-ollama-cloud-tool-output` sent thinking back under another name.
* Mistral's thinking in two pieces (`pai-test-mistral-model-thinking-part`) is sent back in one.
* Clients rewrite `tool_search_*` items, leave out parts of others, and give calls a namespace of their own;
  ours are sent back as they came.
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from pydantic import TypeAdapter

from voxagent.errors import ProviderError
from voxagent.types import Message

from .answers import chunks_of, message_of
from .conversations import Foreign, request_of, substance
from .recordings import FULL, Exchange, answering, asking, full, part

OTHERWISE = (
    "pai-test-openai-o1-mini-system-role-system",
    "pai-test-openrouter-document-url-no-force-download",
    "pai-test-mistral-model-thinking-part",
    "pai-test-ollama-cloud-tool-output",
)


def asked(exchanges: list[Exchange]) -> Iterator[tuple[Exchange, Any]]:
    """The exchanges whose conversation can be built, and the body that our wire builds."""
    for exchange in exchanges:
        if isinstance(exchange.request, dict) and exchange.request.get(
            "messages", exchange.request.get("input")
        ):
            try:
                request = request_of(exchange.request)
            except Foreign:
                continue
            yield exchange, json.loads(asking(exchange).body(request))


def check_substance(exchanges: list[Exchange]) -> int:
    found = list(asked(exchanges))
    for exchange, body in found:
        if not any(name in exchange.file for name in OTHERWISE):
            assert substance(body) == substance(exchange.request), exchange.name
        assert body["stream"] is True
        if exchange.wire == "openai-chat":
            assert body["stream_options"] == {"include_usage": True}
        else:
            assert body["store"] is False
    return len(found)


def test_a_request_says_what_the_recorded_one_said() -> None:
    assert check_substance(part()) > 40


@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_request_says_what_the_recorded_one_said() -> None:
    assert check_substance(full()) > 800


# --- the SDK's types


def exhausted(value: Any) -> Any:
    """A validated value with its lazy parts validated as well."""
    if isinstance(value, dict):
        return {name: exhausted(each) for name, each in value.items()}
    if isinstance(value, (str, int, float, type(None))):
        return value
    return [exhausted(each) for each in value]


def check_types(exchanges: list[Exchange]) -> int:
    pytest.importorskip("openai", reason="the openai SDK judges, and is not installed")
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

    chat = TypeAdapter[Any](CompletionCreateParamsStreaming)
    responses = TypeAdapter[Any](ResponseCreateParamsStreaming)
    number = 0
    for exchange, body in asked(exchanges):
        # What the caller adds by `extra_body` is the caller's, and other servers' words are not the SDK's.
        own = {name: value for name, value in body.items() if name in OWN}
        if "input" in own:
            own["input"] = [item for item in own["input"] if is_written(item)]
        if exchange.vendor != "api.openai.com":
            continue
        number += 1
        adapter = chat if exchange.wire == "openai-chat" else responses
        assert exhausted(adapter.validate_python(own)) == own, exchange.name
    return number


OWN = (
    "model", "stream", "stream_options", "messages", "input", "instructions", "store", "include", "tools",
    "tool_choice", "parallel_tool_calls", "temperature", "top_p", "stop", "seed", "max_completion_tokens",
    "max_output_tokens", "response_format",
)  # fmt: skip
WRITTEN = ("message", "function_call", "function_call_output", "reasoning")
"""The items that we write; others are the service's own, and sent back in its words."""


def is_written(item: Any) -> bool:
    """Whether the item is in our words; some clients leave out the id of reasoning, which types demand."""
    kind = item.get("type", "message")
    return kind in WRITTEN and (kind != "reasoning" or "id" in item)


def test_a_request_satisfies_the_types_of_the_sdk() -> None:
    assert check_types(part()) > 15


@pytest.mark.slow
@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_request_satisfies_the_types_of_the_sdk() -> None:
    assert check_types(full()) > 500


# --- what was answered is sent back


def sent_back(exchange: Exchange) -> list[Any]:
    """What a request says of the model's, after our wire has read its answer and asks again."""
    message = message_of(chunks_of(answering(exchange).decoder(""), exchange.data))
    request = request_of(exchange.request)
    further = [*request.messages, message, Message("user", "And now?")]
    body = json.loads(answering(exchange).body(type(request)(request.model, further)))
    return [without_nothing(each) for each in substance(body)["said"] if named(each)]


REWRITTEN = ("tool_search_call", "tool_search_output")
"""Items that the recorded client sends back in words of its own; ours are sent as they came."""


def named(each: Any) -> str | None:
    """The id of what the model said, if it has one."""
    if isinstance(each, dict):
        return None if each["type"] in REWRITTEN else each.get("id")
    return each[1] if each[0] in ("call", "thought") else None


def without_nothing(value: Any) -> Any:
    """The value without the keys that an SDK's models add with nothing in them."""
    if isinstance(value, dict):
        return {name: without_nothing(each) for name, each in value.items() if each is not None}
    return value


def agree(ours: Any, theirs: Any) -> bool:
    """Whether both are the same; clients leave out parts of items, or give calls a namespace of their own."""
    if isinstance(ours, dict):
        return all(ours.get(name) == value for name, value in theirs.items() if value)
    if ours[0] == "call" and ours[-1] is None:
        return ours[:-1] == theirs[:-1]
    return ours == theirs


def check_sent_back(exchanges: list[Exchange]) -> int:
    """Calls, reasoning and server-side items of an answer are in our next request as in the recorded one."""
    found = 0
    for before, after in pairwise(exchanges):
        if before.file != after.file or before.status != 200 or not isinstance(after.request, dict):
            continue
        try:
            ours = sent_back(before)
            request_of(after.request)
        except (Foreign, ProviderError):
            continue
        for each in map(without_nothing, substance(after.request)["said"]):
            same = [own for own in ours if named(own) and named(own) == named(each)]
            if same:
                assert any(agree(own, each) for own in same), (after.name, each, same)
                found += 1
    return found


def test_what_was_answered_is_sent_back_as_it_was() -> None:
    assert check_sent_back(part()) > 0


@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_all_that_was_answered_is_sent_back_as_it_was() -> None:
    assert check_sent_back(full()) > 100
