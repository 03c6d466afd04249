"""Tools that the provider runs take what they say, and only they are such tools."""

from __future__ import annotations

from voxagent import Agent, tool
from voxagent.tools import CodeExecution, FileSearch, NativeTool, UserLocation, WebSearch


@tool
def look() -> str:
    """Look around."""
    return ""


Agent("openai:gpt-5", native_tools=["web_search"])  # E: a name as a tool
Agent("openai:gpt-5", native_tools=[look])  # E: a function of ours as a tool of the provider's
Agent("openai:gpt-5", tools=[WebSearch()])  # E: a tool of the provider's as one of ours
Agent("openai:gpt-5", settings={"cache": "2h"})  # E: a time that nothing is kept for
WebSearch(max_uses="3")  # E: a number of uses that is a text
WebSearch(context_size="huge")  # E: a size that there is not
WebSearch(user_location="Oslo")  # E: a name as a place
UserLocation(town="Oslo")  # E: a field that no place has
CodeExecution(files=["file_1"])  # E: a field that there is not
FileSearch()  # E: a search in nothing
NativeTool({"type": "image_generation"})  # E: fields in place of the type
WebSearch().max_uses = 3  # E: a change of what never changes
