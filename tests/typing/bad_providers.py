"""What is no provider is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from voxagent import Agent, BaseProvider, Message, MessageEndChunk, ProviderRegistry, TextDeltaChunk
from voxagent.providers import ModelRequest, Provider, facts_of
from voxagent.testing import FunctionProvider, ScriptedProvider


class Nameless:
    """No provider: it has no name."""

    def open(self, request: ModelRequest) -> AsyncIterator[TextDeltaChunk]:
        raise NotImplementedError


class Unopened:
    """No provider: it gives its chunks without a context."""

    name = "unopened"

    def open(self, request: ModelRequest) -> AsyncIterator[TextDeltaChunk]:
        raise NotImplementedError


def takes_too_little(messages: Sequence[Message]) -> str:
    return messages[-1].text


Agent(Nameless())  # E: a provider without a name
Agent([Unopened()])  # E: a provider that is not opened
nameless: Provider = Nameless()  # E: an object without a name as a provider
unopened: Provider = Unopened()  # E: an object that is not opened as a provider
BaseProvider()  # E: the abstract provider
ProviderRegistry().register("bare", Nameless)  # E: a factory of no provider
facts_of("offline:demo", "demo")  # E: a name as a provider
MessageEndChunk("finished")  # E: a finish reason that there is not
FunctionProvider(takes_too_little)  # E: a function that takes too little
ScriptedProvider(3)  # E: a script of a number
