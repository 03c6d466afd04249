"""Every provider as the one that goes on with a conversation, and what its service would refuse."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, TypeAdapter

from tests.wires.anthropic.test_requests import check_block
from tests.wires.crossing import rules
from tests.wires.openai.test_requests import OWN, exhausted, is_written
from voxagent.errors import ProviderError
from voxagent.providers import (
    AnthropicProvider,
    AzureProvider,
    ChatGPTProvider,
    DeepSeekProvider,
    GoogleProvider,
    GroqProvider,
    MistralProvider,
    ModelRequest,
    OllamaProvider,
    OpenAIProvider,
    OpenRouterProvider,
    Provider,
    ProxyProvider,
    with_text_tools,
)
from voxagent.providers.http.retries import Retries
from voxagent.providers.http.settled import newest
from voxagent.providers.proxy.asked import Asked
from voxagent.types import AudioBlock, DocumentBlock, ImageBlock, Message

ONCE = Retries(attempts=1)
Judge = Callable[[Any], Iterator[str]]


@dataclass(frozen=True)
class Target:
    """One provider with one model.

    Args:
        name: What it is called in the names of tests.
        owner: The name that its own blocks carry.
        model: The model that is asked.
        made: Makes the provider, with a client.
        judge: What the service would refuse.
    """

    name: str
    owner: str
    model: str
    made: Callable[[Any], Provider]
    judge: Judge

    async def body(self, request: ModelRequest) -> Any:
        """What the provider sends."""
        bodies: list[Any] = []

        def refused(sent: httpx2.Request) -> httpx2.Response:
            bodies.append(json.loads(sent.content))
            return httpx2.Response(400, json={"error": {"message": "no"}})

        client = httpx2.AsyncClient(transport=httpx2.MockTransport(refused))
        try:
            async with client, self.made(client).open(request) as chunks:
                async for _ in chunks:
                    pass
        except ProviderError:
            pass
        (body,) = bodies
        return body


def shows_something_new(messages: list[Message]) -> bool:
    """Whether there is a picture, a document or sound in what nobody has answered yet."""
    blocks = [block for message in newest(messages) for block in message.blocks]
    inner = [each for result in blocks if result.type == "tool_result" for each in result.content]
    return any(isinstance(block, (ImageBlock, DocumentBlock, AudioBlock)) for block in [*blocks, *inner])


# --- the SDKs' types


@cache
def openai_types() -> tuple[TypeAdapter[Any], TypeAdapter[Any]]:
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

    return TypeAdapter(CompletionCreateParamsStreaming), TypeAdapter(ResponseCreateParamsStreaming)


def typed(body: Any, adapter: TypeAdapter[Any]) -> Iterator[str]:
    own = {name: value for name, value in body.items() if name in OWN}
    if "input" in own:
        own["input"] = [item for item in own["input"] if is_written(item)]
    if exhausted(adapter.validate_python(own)) != own:
        yield "not what the SDK's types say"


def openai_chat(body: Any) -> Iterator[str]:
    yield from rules.chat(body, "openai")
    yield from typed(body, openai_types()[0])


def openai_responses(body: Any, model: str) -> Iterator[str]:
    yield from rules.responses(body, model)
    yield from typed(body, openai_types()[1])


def anthropic(body: Any, *, prefill: bool) -> Iterator[str]:
    yield from rules.anthropic(body, prefill=prefill)
    for message in body["messages"]:
        for block in message["content"]:
            check_block(block)


# --- Google's contents, as its reference has them


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Blob(Strict):
    mimeType: str
    data: str


class FileData(Strict):
    fileUri: str
    mimeType: str | None = None


class FunctionCall(Strict):
    name: str
    args: dict[str, Any]
    id: str | None = None


class ResponsePart(Strict):
    inlineData: Blob


class FunctionResponse(Strict):
    name: str
    response: dict[str, Any]
    id: str | None = None
    parts: list[ResponsePart] | None = None


class Part(Strict):
    text: str | None = None
    thought: bool | None = None
    thoughtSignature: str | None = None
    inlineData: Blob | None = None
    fileData: FileData | None = None
    functionCall: FunctionCall | None = None
    functionResponse: FunctionResponse | None = None
    executableCode: dict[str, Any] | None = None
    codeExecutionResult: dict[str, Any] | None = None
    toolCall: dict[str, Any] | None = None
    toolResponse: dict[str, Any] | None = None
    videoMetadata: dict[str, Any] | None = None
    mediaResolution: dict[str, Any] | None = None


DATA = {*Part.model_fields} - {"thought", "thoughtSignature", "videoMetadata", "mediaResolution"}


class Content(Strict):
    role: str
    parts: list[Part]


def google(body: Any, *, seals: bool) -> Iterator[str]:
    yield from rules.google(body, seals=seals)
    for content in body["contents"]:
        for part in Content.model_validate(content).parts:
            if len(DATA & part.model_fields_set) != 1:
                yield f"not one kind of data in a part: {part.model_fields_set}"


# --- the proxy, which sends our own messages


def proxied(body: Any) -> Iterator[str]:
    asked = Asked.model_validate(body)
    if not asked.messages:
        yield "no messages"


def made(kind: Any, *given: Any, **options: Any) -> Callable[[Any], Provider]:
    return lambda client: kind(*given, client=client, retries=ONCE, **options)


def chat_of(vendor: str) -> Judge:
    return partial(rules.chat, vendor=vendor)


URL = "https://me.openai.azure.com"
GPT, OSS, DEEPSEEK = "gpt-5", "openai/gpt-oss-120b", "deepseek-v4-flash"
MISTRAL, SONNET, OPUS = "mistral-large-latest", "claude-sonnet-4-5", "claude-opus-4-8"
FLASH, PRO = "gemini-2.5-flash", "gemini-3-pro"
ANTHROPIC = {model: partial(anthropic, prefill=model == SONNET) for model in (SONNET, OPUS)}
GOOGLE = {model: partial(google, seals=model == PRO) for model in (FLASH, PRO)}


def target(name: str, model: str, judge: Judge, kind: Any, *more: Any, **options: Any) -> Target:
    """A provider's target; behind a dash of its name stands by which of several protocols."""
    return Target(name, name.partition("-")[0], model, made(kind, model, "k", *more, **options), judge)


def in_words(name: str, model: str, judge: Judge, kind: Any) -> Target:
    """A target whose model is told of tools in words."""
    inner = made(kind, model, "k")
    return Target(
        f"text-tools over {name}", name, model, lambda client: with_text_tools(inner(client)), judge
    )


def responses_of(model: str) -> Judge:
    return partial(openai_responses, model=model)


TARGETS = [
    target("openai", GPT, responses_of(GPT), OpenAIProvider, api="responses"),
    target("openai-plain", "gpt-4.1", responses_of("gpt-4.1"), OpenAIProvider, api="responses"),
    target("openai-chat", "gpt-4o", openai_chat, OpenAIProvider, api="chat"),
    target("azure", GPT, responses_of(GPT), AzureProvider, URL),
    target("azure-chat", "gpt-4o", chat_of("azure"), AzureProvider, URL, api_version="2024-10-21"),
    target("chatgpt", GPT, responses_of(GPT), ChatGPTProvider, account_id="a"),
    target("anthropic", SONNET, ANTHROPIC[SONNET], AnthropicProvider),
    target("anthropic-adaptive", OPUS, ANTHROPIC[OPUS], AnthropicProvider),
    target("google", FLASH, GOOGLE[FLASH], GoogleProvider),
    target("google-newer", PRO, GOOGLE[PRO], GoogleProvider),
    target("ollama", "qwen3", rules.ollama, OllamaProvider),
    target("groq", OSS, chat_of("groq"), GroqProvider),
    target("openrouter", "x/y", chat_of("openrouter"), OpenRouterProvider),
    target("deepseek", DEEPSEEK, chat_of("deepseek"), DeepSeekProvider),
    target("deepseek-beta", DEEPSEEK, chat_of("deepseek"), DeepSeekProvider, "https://api.deepseek.com/beta"),
    target("mistral", MISTRAL, chat_of("mistral"), MistralProvider),
    target("proxy", "openai:gpt-5", proxied, ProxyProvider, "https://p.test"),
    in_words("mistral", MISTRAL, chat_of("mistral"), MistralProvider),
    in_words("anthropic", OPUS, ANTHROPIC[OPUS], AnthropicProvider),
    in_words("google", PRO, GOOGLE[PRO], GoogleProvider),
]
