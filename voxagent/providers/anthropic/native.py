"""Tools that Anthropic runs itself: what their types are called today.

The versions are those that every model since Claude 4 takes, and that need no beta header
(platform.claude.com/docs/en/agents-and-tools/tool-use); a newer one is asked for with
`NativeTool("web_search_20260318", {"name": "web_search"})`. What would widen a search that was to be narrow
is refused; what only tunes it is left out with a warning.
"""

from __future__ import annotations

from typing import Any, assert_never

from ...errors import ConfigError
from ...types.native import CodeExecution, FileSearch, NativeTool, ProviderTool, WebSearch
from ..http.native import NativeTools, location_of, without_nothing

WEB_SEARCH = "web_search_20250305"
CODE_EXECUTION = "code_execution_20250825"


def for_messages(tool: ProviderTool, model: str, found: NativeTools) -> None:
    """Add a tool as the Messages API takes it."""
    match tool:
        case WebSearch():
            found.tools.append({"type": WEB_SEARCH, "name": "web_search", **_search(tool)})
            if tool.context_size is not None:
                found.warnings.append("context_size of a web search is not taken: it was left out")
        case CodeExecution():
            if tool.file_ids:
                raise ConfigError(
                    "the Messages API takes files for its container within a message, as container_upload:"
                    " put ProviderBlock('anthropic', {'type': 'container_upload', 'file_id': ...}) there"
                )
            found.tools.append({"type": CODE_EXECUTION, "name": "code_execution"})
            if tool.container is not None:
                found.fields["container"] = tool.container
        case NativeTool():
            found.tools.append({"type": tool.type, **tool.options})
        case FileSearch():
            raise ConfigError(
                "the Messages API searches no stored files; leave it out, or search with a tool of your own"
            )
        case _:
            assert_never(tool)


def _search(tool: WebSearch) -> dict[str, Any]:
    if tool.allowed_domains and tool.blocked_domains:
        raise ConfigError("the Messages API takes allowed_domains or blocked_domains, not both")
    place = None if tool.user_location is None else location_of(tool.user_location)
    told = {
        "allowed_domains": list(tool.allowed_domains),
        "blocked_domains": list(tool.blocked_domains),
        "max_uses": tool.max_uses,
        "user_location": None if place is None else {"type": "approximate", **place},
    }
    return without_nothing(told)
