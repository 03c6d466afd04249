"""Tools that Google runs itself, in its words (ai.google.dev/gemini-api/docs/google-search and others).

What would widen a search that was to be narrow is refused; what only tunes it is left out with a warning.
"""

from __future__ import annotations

from typing import Any

from ...errors import ConfigError
from ...types.native import CodeExecution, FileSearch, ProviderTool, WebSearch
from ..http.native import NativeTools, without_nothing
from .models import traits_of


def for_gemini(tool: ProviderTool, model: str, found: NativeTools) -> None:
    """Add a tool as the Gemini API takes it."""
    match tool:
        case WebSearch():
            found.tools.append({"googleSearch": _search(tool, found)})
        case CodeExecution():
            if tool.container is not None or tool.file_ids:
                raise ConfigError(
                    "Google executes code in a container that it chooses: leave container and file_ids out,"
                    " and put files into the message"
                )
            found.tools.append({"codeExecution": {}})
        case FileSearch():
            found.tools.append({"fileSearch": _files(tool)})
        case _:
            found.tools.append({tool.type: dict(tool.options)})


def beside_functions(model: str, native: NativeTools, *, vertex: bool) -> dict[str, Any]:
    """What `toolConfig` has to say of native tools beside functions: their calls are to be told."""
    if traits_of(model).newer and not vertex:
        return {"includeServerSideToolInvocations": True}
    where = "Vertex AI" if vertex else model
    native.warnings.append(
        f"{where} may refuse tools of its own beside functions: the Gemini API takes both from"
        " generation 3 on"
    )
    return {}


def _search(tool: WebSearch, found: NativeTools) -> dict[str, Any]:
    if tool.allowed_domains:
        raise ConfigError(
            "Google's search cannot be held to allowed_domains: name them in the prompt instead"
        )
    if tool.max_uses is not None:
        raise ConfigError("Google's search has no max_uses: leave it out")
    lost = [name for name in ("context_size", "user_location") if getattr(tool, name) is not None]
    if lost:
        found.warnings.append(f"{' and '.join(lost)} of a web search is not taken: left out")
    return without_nothing({"excludeDomains": list(tool.blocked_domains)})


def _files(tool: FileSearch) -> dict[str, Any]:
    """The filter is Google's own: an expression (AIP-160), as `{"filter": "author = \\"Ada\\""}`."""
    told: dict[str, Any] = {"fileSearchStoreNames": list(tool.vector_store_ids), "topK": tool.max_results}
    if tool.filters is not None:
        if set(tool.filters) != {"filter"}:
            raise ConfigError(
                f"FileSearch(filters={tool.filters!r}): Google expects {{'filter': 'author = \"Ada\"'}}"
            )
        told["metadataFilter"] = tool.filters["filter"]
    return without_nothing(told)
