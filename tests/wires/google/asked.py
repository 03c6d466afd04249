"""Recorded request bodies read into our words, and the form in which two bodies are compared."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from voxagent.providers.base import ModelRequest
from voxagent.providers.google.models import traits_of
from voxagent.types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from voxagent.types.config import ModelSettings, OutputSpec, ToolSpec
from voxagent.types.message import Message

SETTINGS = {"temperature": "temperature", "maxOutputTokens": "max_tokens", "stopSequences": "stop"}
CHOICES = {"AUTO": "auto", "ANY": "required", "NONE": "none"}
OPAQUE = ("args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema", "toolResponse")
"""Fields whose keys are somebody else's."""


def camel(value: Any) -> Any:
    """The value with the API's own spelling of its fields; it takes the other one as well."""
    if isinstance(value, list):
        return [camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): each for name, each in value.items()}
    return {name: each if name in OPAQUE else camel(each) for name, each in named.items()}


def request_of(model: str, recorded: Mapping[str, Any]) -> ModelRequest:
    """The request that a recorded body was made for."""
    body = camel(recorded)
    extra = {name: value for name, value in body.items() if name not in ("contents", "systemInstruction")}
    settings: ModelSettings = {"extra_body": extra}
    tools = _tools(extra)
    output = _output(model, extra, bool(tools or extra.get("tools")))
    _settings(extra, settings, bool(tools))
    calls = Calls()
    return ModelRequest(
        model,
        [calls.message(each) for each in body["contents"]],
        system=_system(body),
        tools=tools,
        output=output,
        settings=settings,
    )


def _settings(extra: dict[str, Any], settings: ModelSettings, tools: bool) -> None:
    generation = dict(extra.pop("generationConfig", {}))
    for name, ours in SETTINGS.items():
        if name in generation:
            settings[ours] = generation.pop(name)  # type: ignore[literal-required]  # one of three
    extra["generationConfig"] = generation
    config = extra.get("toolConfig", {}).get("functionCallingConfig", {})
    names, mode = config.get("allowedFunctionNames", []), config.get("mode", "").upper()
    if tools and mode in CHOICES and len(names) <= 1:
        settings["tool_choice"] = names[0] if names else CHOICES[mode]
        del extra["toolConfig"]


def _output(model: str, extra: dict[str, Any], tools: bool) -> OutputSpec | None:
    generation = extra.get("generationConfig", {})
    if "responseJsonSchema" not in generation or (tools and not traits_of(model).newer):
        return None
    rest = {name: value for name, value in generation.items() if name != "responseJsonSchema"}
    extra["generationConfig"] = rest
    return OutputSpec("answer", generation["responseJsonSchema"])


def _system(body: Mapping[str, Any]) -> str:
    return "\n\n".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", ()))


def _tools(extra: dict[str, Any]) -> tuple[ToolSpec, ...]:
    told = extra.pop("tools", [])
    told = [told] if isinstance(told, dict) else told
    extra["tools"] = [each for each in told if "functionDeclarations" not in each]
    declared = [each for tool in told for each in tool.get("functionDeclarations", ())]
    return tuple(ToolSpec(each["name"], each.get("description", ""), schema_of(each)) for each in declared)


def schema_of(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a function's arguments as JSON Schema, in whichever form it was told."""
    return declared["parametersJsonSchema"] if "parameters" not in declared else plain(declared["parameters"])


def plain(schema: Any) -> Any:
    """A schema of the API's own kind (OpenAPI) as JSON Schema."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: plain(each) if name != "enum" else each for name, each in schema.items()}
    if isinstance(told.get("type"), str):
        told["type"] = told["type"].lower()
    for name in ("minItems", "maxItems"):
        if name in told:
            told[name] = int(told[name])
    if told.pop("nullable", False):
        told["type"] = [told["type"], "null"]
    return told


class Calls:
    """Reads messages; calls that have no id are given one, and their results the same."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []
        self._made = 0

    def message(self, told: Mapping[str, Any]) -> Message:
        blocks = [block for part in told["parts"] for block in self._blocks(part)]
        return Message("assistant" if told.get("role") == "model" else "user", blocks)

    def _blocks(self, part: dict[str, Any]) -> list[ContentBlock]:
        seal = part.get("thoughtSignature")
        behind: list[ContentBlock] = []
        if seal:
            behind = [ProviderBlock("google", {"thoughtSignature": seal})]
        match part:
            case {"text": text, "thought": True}:
                return [ThinkingBlock(text, seal, provider="google")]
            case {"text": ""} if seal:
                return [ThinkingBlock("", seal, redacted=True, provider="google")]
            case {"text": text}:
                return [TextBlock(text), *behind]
            case {"functionCall": call}:
                return [self._call(call, seal)]
            case {"functionResponse": result}:
                return [self._result(result)]
            case {"inlineData": _} | {"fileData": _} if "videoMetadata" not in part:
                return [media(part)]
            case _:
                return [ProviderBlock("google", part)]

    def _call(self, call: Mapping[str, Any], seal: str | None) -> ToolUseBlock:
        self._made += 1
        id = call.get("id") or f"google_call_{self._made}"
        self._open.append((call["name"], id))
        return ToolUseBlock(id, call["name"], call["args"], signature=seal)

    def _result(self, result: Mapping[str, Any]) -> ToolResultBlock:
        place = next(place for place, (name, _) in enumerate(self._open) if name == result["name"])
        _, id = self._open.pop(place)
        ((how, text),) = words(result["response"]).items()
        files = [media(part) for part in result.get("parts", ())]
        content = [TextBlock(text), *files] if files else text
        return ToolResultBlock(result.get("id", id), result["name"], content, how == "error")


def media(part: Mapping[str, Any]) -> ImageBlock | AudioBlock | DocumentBlock:
    inline = part.get("inlineData") or {}
    told = inline or part["fileData"]
    kind = told.get("mimeType", "")
    made = {"image": ImageBlock, "audio": AudioBlock}.get(kind.partition("/")[0], DocumentBlock)
    return made(kind, inline.get("data", ""), "" if inline else told["fileUri"])


def comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body in a form in which only what matters to the model differs."""
    told = camel(dict(body))
    told["contents"] = _turns(told["contents"])
    told["systemInstruction"] = _system(told)
    tools = told.pop("tools", [])
    tools = [tools] if isinstance(tools, dict) else tools
    told["tools"] = [each for each in tools if "functionDeclarations" not in each]
    told["functions"] = [
        (each["name"], each.get("description", ""), schema_of(each))
        for tool in tools
        for each in tool.get("functionDeclarations", ())
    ]
    if not told.get("generationConfig"):
        told.pop("generationConfig", None)
    mode = told.get("toolConfig", {}).get("functionCallingConfig")
    if mode:
        mode["mode"] = mode["mode"].upper()
    return told


def _turns(contents: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """Contents of one role in a row are one to the API; results stand first, and their files behind them.

    A conversation that the model begins has a turn ahead of it in which nothing is said.
    """
    turns: list[tuple[str, list[Any]]] = []
    for content in contents:
        role = content.get("role", "user")
        parts = [part for part in content["parts"] if part != {"text": ""}]
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(parts)
        else:
            turns.append((role, parts))
    said = [(role, _ordered(parts)) for role, parts in turns]
    return said[1:] if said[0] in (("user", []), ("user", [{"text": "(nothing was said)"}])) else said


def _ordered(parts: list[Any]) -> list[Any]:
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    files = [file for result in results for file in result.get("parts", ())]
    rest = [part for part in parts if "functionResponse" not in part and not _is_our_word(part)]
    return [*map(_result, results), *files, *rest]


def _is_our_word(part: Mapping[str, Any]) -> bool:
    return part.get("text", "").endswith(" gave besides:")


def _result(result: Mapping[str, Any]) -> Any:
    return {"name": result["name"], "id": result.get("id"), "response": words(result["response"])}


def words(response: Mapping[str, Any]) -> dict[str, str]:
    """A result as text, under the name that the API has for what went well or wrong."""
    for how in ("output", "error"):
        if response.keys() == {how} and isinstance(response[how], str):
            return dict(response)
    return {"output": json.dumps(response)}
