"""No model is reached over the network while that is forbidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from voxagent import Agent, BaseProvider, ConfigError, ProviderRegistry
from voxagent.providers import Provider, get_default_registry
from voxagent.testing import FunctionProvider, RequestRecorder, ScriptedProvider, forbid_network, text
from voxagent.types import Message

FORBIDDEN = r"network providers are forbidden in tests: 'far:gpt-5'"


class FarProvider(BaseProvider):
    """A provider that says that it would use the network."""

    name = "far"
    models: Sequence[str] = ()
    supports_tools = False
    supports_streaming = False
    context_limit = 1

    def complete(self, *asked: Any) -> Message:
        return Message("assistant", "from afar")


@pytest.fixture
def registry() -> Iterator[ProviderRegistry]:
    registry = get_default_registry()
    registry.register("far", FarProvider)
    yield registry
    registry.unregister("far")


@pytest.mark.usefixtures("registry")
async def test_a_model_in_the_network_ends_the_run_while_that_is_forbidden() -> None:
    agent = Agent("far:gpt-5")
    with forbid_network(), pytest.raises(ConfigError, match=FORBIDDEN):
        (await agent.run("Hi")).raise_for_error()
    assert (await agent.run("Hi")).output == "from afar"


@pytest.mark.usefixtures("registry")
async def test_a_scripted_model_in_its_place_is_not_forbidden() -> None:
    agent = Agent("far:gpt-5")
    with forbid_network(), agent.override(model=ScriptedProvider(text("from here"))):
        assert (await agent.run("Hi")).output == "from here"


async def test_the_built_in_model_is_not_forbidden() -> None:
    with forbid_network():
        assert (await Agent("offline:demo").run("Hi")).ok


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: ScriptedProvider(**options),
        lambda **options: FunctionProvider(lambda messages, request: "", **options),
        lambda **options: RequestRecorder(RequestRecorder(ScriptedProvider(**options))),
        ScriptedProvider,
    ],
)
def test_a_fake_under_any_name_is_not_forbidden(registry: ProviderRegistry, make: Any) -> None:
    registry.register("far", make)
    with forbid_network():
        provider: Provider = registry.get_provider("far:gpt-5")
    assert getattr(provider, "model", "") == "gpt-5"


@pytest.mark.parametrize(
    "make",
    [
        FarProvider,
        lambda **options: FarProvider(**options),
        lambda **options: RequestRecorder(FarProvider(**options)),
    ],
)
def test_a_factory_does_not_hide_a_provider_in_the_network(registry: ProviderRegistry, make: Any) -> None:
    registry.register("far", make)
    with forbid_network(), pytest.raises(ConfigError, match=FORBIDDEN):
        registry.get_provider("far:gpt-5")


def test_a_name_can_be_let_through(registry: ProviderRegistry) -> None:
    with forbid_network(allow=["Far"]):
        assert isinstance(registry.get_provider("far:gpt-5"), FarProvider)


def test_the_ban_holds_from_the_call_until_it_is_lifted(registry: ProviderRegistry) -> None:
    ban = forbid_network()
    with forbid_network():
        pass
    with pytest.raises(ConfigError, match=FORBIDDEN):
        registry.get_provider("far:gpt-5")
    ban.lift()
    ban.lift()
    assert isinstance(registry.get_provider("far:gpt-5"), FarProvider)
