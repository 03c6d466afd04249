"""Tools that OpenAI runs itself, in the words of its two protocols.

Responses has them all (platform.openai.com/docs/guides/tools). Chat Completions has web search only, and
only with the models that were made for it. What would widen a search that was to be narrow is refused; what
only tunes it is left out with a warning.
"""

from __future__ import annotations

from typing import Any, assert_never

from ...errors import ConfigError
from ...types.native import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch
from ..http.native import NativeTools, location_of, without_nothing
from .models import kind_of_model


def for_responses(tool: ProviderTool, model: str, found: NativeTools) -> None:
    """Add a tool as Responses takes it."""
    match tool:
        case WebSearch():
            found.tools.append({"type": "web_search", **_search(tool)})
            if tool.max_uses is not None:
                found.fields["max_tool_calls"] = tool.max_uses
        case CodeExecution():
            fresh = {"type": "auto", **without_nothing({"file_ids": list(tool.file_ids)})}
            found.tools.append({"type": "code_interpreter", "container": tool.container or fresh})
        case FileSearch():
            told = {"max_num_results": tool.max_results, "filters": tool.filters}
            stores = {"vector_store_ids": list(tool.vector_store_ids)}
            found.tools.append({"type": "file_search", **stores, **without_nothing(told)})
        case NativeTool():
            found.tools.append({"type": tool.type, **tool.options})
        case _:
            assert_never(tool)
    if len(found.tools) > 1 and found.fields.pop("max_tool_calls", None) is not None:
        found.warnings.append("max_uses counts the calls of all the provider's tools here: it was left out")


def for_chat(tool: ProviderTool, model: str, found: NativeTools) -> None:
    """Add a tool as Chat Completions take it."""
    match tool:
        case WebSearch():
            if kind_of_model(model) != "search":
                raise ConfigError(
                    "Chat Completions search the web with OpenAI's search models only;"
                    " ask by Responses (api='responses'), or tell a server's own tool with NativeTool(...)"
                )
            if tool.allowed_domains or tool.blocked_domains:
                raise ConfigError("Chat Completions cannot be held to domains; ask by Responses")
            if tool.max_uses is not None:
                found.warnings.append("max_uses of a web search is not taken: it was left out")
            found.fields["web_search_options"] = _search(tool, nested=True)
        case NativeTool():
            found.tools.append({"type": tool.type, **tool.options})
        case CodeExecution() | FileSearch():
            raise ConfigError("Chat Completions have no such tool; ask by Responses (api='responses')")
        case _:
            assert_never(tool)


def _search(tool: WebSearch, *, nested: bool = False) -> dict[str, Any]:
    if tool.blocked_domains:
        raise ConfigError("this service cannot keep domains out of a search; name those that are allowed")
    told = {
        "search_context_size": tool.context_size,
        "filters": {"allowed_domains": list(tool.allowed_domains)} if tool.allowed_domains else None,
        "user_location": _located(tool.user_location, nested),
    }
    return without_nothing(told)


def _located(location: UserLocation | None, nested: bool) -> dict[str, Any] | None:
    if location is None:
        return None
    told = location_of(location)
    return {"type": "approximate", "approximate": told} if nested else {"type": "approximate", **told}
