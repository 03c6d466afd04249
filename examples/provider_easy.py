"""A provider of one's own, the easy way: fill in `stream` or `complete`."""

from collections.abc import Sequence

from voxagent import Agent, BaseProvider, Message, get_default_registry
from voxagent.types import ToolSpec


class Echo(BaseProvider):
    @property
    def name(self) -> str:
        return "echo"

    @property
    def models(self) -> Sequence[str]:
        return ["loud", "quiet"]

    @property
    def supports_tools(self) -> bool:
        return False

    @property
    def supports_streaming(self) -> bool:
        return False  # so `complete` is asked; a plain function may block, it runs in a thread

    @property
    def context_limit(self) -> int:
        return 8_000

    def complete(
        self, messages: Sequence[Message], system: str | None = None, tools: Sequence[ToolSpec] | None = None
    ) -> Message:
        text = messages[-1].text
        return Message("assistant", text.upper() if self.model == "loud" else text)


get_default_registry().register("echo", Echo)
print(Agent("echo:loud").run_sync("Hello!").output)
print(Agent(Echo(model="quiet")).run_sync("Hello!").output)
