"""Errors say what would be right, where that is known."""

import json

import pytest

from voxagent.errors import BadRequestError, ModelNotFoundError, ProviderError
from voxagent.providers.ollama import OllamaWire


def error(status: int, words: str) -> ProviderError:
    return OllamaWire().error(status, {"retry-after": "3"}, json.dumps({"error": words}).encode())


@pytest.mark.parametrize(
    "words",
    [
        "model 'llama3.2' not found",
        'model "llama3.2" not found, try pulling it first',
        "model llama3.2 not found",
    ],
)
def test_a_model_that_is_not_there_is_to_be_pulled(words: str) -> None:
    told = error(404, words)
    assert type(told) is ModelNotFoundError
    assert "'ollama pull llama3.2'" in str(told)
    assert words.partition(",")[0] in str(told)


def test_an_address_that_is_not_there_is_told_as_it_is() -> None:
    assert error(404, "404 page not found").message == "404 page not found"


def test_a_model_that_cannot_call_tools_is_named_with_the_remedy() -> None:
    told = error(400, "registry.ollama.ai/library/gemma:2b does not support tools")
    assert type(told) is BadRequestError
    assert not told.retryable
    assert "gemma:2b does not support tools: choose a model that can call tools" in str(told)


def test_a_model_that_does_not_think_is_named_with_the_remedy() -> None:
    assert "leave the setting 'thinking' out" in str(error(400, '"llama3.2" does not support thinking'))
    assert error(400, '"llama3.2" does not support insert').message.endswith("insert")


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "invalid options: top_p", "bad_request"),
        (400, "the input length exceeds the context length", "context_length"),
        (500, "request (9000 tokens) exceeds the available context size (4096 tokens)", "context_length"),
        (401, "unauthorized", "authentication"),
        (429, "too many concurrent requests", "rate_limit"),
        (500, "model requires more system memory (5.6 GiB) than is available (3.1 GiB)", "server"),
        (503, "server busy, please try again. maximum pending requests exceeded", "overloaded"),
    ],
)
def test_every_other_error_has_its_kind(status: int, words: str, kind: str) -> None:
    told = error(status, words)
    assert (told.kind, told.status, told.retry_after) == (kind, status, 3.0)
    assert words in told.message
