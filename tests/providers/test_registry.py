"""From a name to a provider: registered by hand, built in, or brought by an installed package."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from voxagent.errors import ConfigError
from voxagent.providers import (
    InvalidModelStringError,
    ProviderNotFoundError,
    ProviderRegistry,
    get_default_registry,
)
from voxagent.providers.registry import restrict

WAIT = 10


class Here:
    """A provider by its name only."""

    def __init__(self, **given: Any) -> None:
        self.name = "here"
        self.given = given


class There(Here):
    """Another."""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package on the path whose entry points bring providers."""
    (tmp_path / "brought_along.py").write_text("class Brought:\n    name = 'brought'\n", "utf-8")
    metadata = tmp_path / "brought_along-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: brought-along\nVersion: 1.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text(
        "[voxagent.providers]\n"
        "Brought = brought_along:Brought\n"
        "here = brought_along:Brought\n"
        "broken = brought_along:Missing\n"
        "absent = no_such_module_at_all:Missing\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "brought_along", raising=False)


def test_a_provider_is_made_for_the_model_with_the_arguments_given() -> None:
    registry = ProviderRegistry()
    registry.register("here", Here)
    provider = registry.get_provider("here:llama3.2:latest", api_key="key")
    assert isinstance(provider, Here)
    assert provider.given == {"model": "llama3.2:latest", "api_key": "key"}


def test_names_are_case_insensitive() -> None:
    registry = ProviderRegistry()
    registry.register("Here", Here)
    assert registry.is_registered("HERE")
    assert registry.get_provider_class("hErE") is Here
    assert registry.get_provider_class("here") is Here
    assert "here" in registry.list_providers()
    registry.unregister("HERE")
    assert not registry.is_registered("here")


def test_the_last_registered_of_one_name_is_taken() -> None:
    registry = ProviderRegistry()
    registry.register("here", Here)
    registry.register("here", There)
    assert registry.get_provider_class("here") is There


def test_providers_are_listed_sorted() -> None:
    registry = ProviderRegistry()
    registry.register("zebra", Here)
    registry.register("ant", Here)
    listed = registry.list_providers()
    assert listed == sorted(listed)
    assert {"zebra", "ant", "offline"} <= set(listed)


@pytest.mark.parametrize("name", ["", "a:b"])
def test_a_name_that_no_model_string_could_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is empty or has a colon in it"):
        ProviderRegistry().register(name, Here)


def test_an_unknown_provider_is_an_error_that_names_the_nearest() -> None:
    registry = ProviderRegistry()
    registry.register("openai", Here)
    with pytest.raises(ProviderNotFoundError) as caught:
        registry.get_provider("opnai:gpt-5")
    assert str(caught.value) == "unknown provider 'opnai' in 'opnai:gpt-5': did you mean 'openai'?"
    with pytest.raises(ProviderNotFoundError) as caught:
        registry.get_provider_class("opnai")
    assert str(caught.value) == "unknown provider 'opnai': did you mean 'openai'?"


def test_an_unknown_provider_with_no_near_name_is_told_all_names() -> None:
    registry = ProviderRegistry()
    with pytest.raises(ProviderNotFoundError) as caught:
        registry.get_provider_class("xyzzy")
    assert str(caught.value) == f"unknown provider 'xyzzy': known are {', '.join(registry.list_providers())}"


def test_what_is_no_model_string_is_refused_before_anything_is_looked_up() -> None:
    with pytest.raises(InvalidModelStringError, match="'gpt-5' is not of the form 'provider:model'"):
        ProviderRegistry().get_provider("gpt-5")


def test_only_what_is_registered_can_be_unregistered() -> None:
    with pytest.raises(ProviderNotFoundError, match="no provider 'nobody' is registered"):
        ProviderRegistry().unregister("nobody")


@pytest.mark.usefixtures("installed")
def test_an_installed_package_brings_its_providers() -> None:
    registry = ProviderRegistry()
    assert registry.is_registered("brought")
    found: Any = registry.get_provider_class("brought")
    assert found.name == "brought"
    assert registry.get_provider_class("brought") is found


@pytest.mark.usefixtures("installed")
def test_a_name_that_was_not_known_at_first_is_looked_for_in_installed_packages() -> None:
    found: Any = ProviderRegistry().get_provider_class("BROUGHT")
    assert found.name == "brought"


@pytest.mark.usefixtures("installed")
def test_what_was_registered_by_a_call_wins_over_installed_packages() -> None:
    registry = ProviderRegistry()
    registry.register("here", Here)
    assert "brought" in registry.list_providers()
    assert registry.get_provider_class("here") is Here


@pytest.mark.usefixtures("installed")
def test_a_provider_of_an_installed_package_can_be_unregistered_for_good() -> None:
    registry = ProviderRegistry()
    registry.unregister("brought")
    assert "brought" not in registry.list_providers()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["broken", "absent"])
def test_a_provider_that_cannot_be_loaded_is_an_error_that_says_from_where(name: str) -> None:
    with pytest.raises(ConfigError, match=f"provider '{name}' cannot be loaded from '.*:Missing'"):
        ProviderRegistry().get_provider_class(name)


def test_the_default_registry_is_one_and_the_same() -> None:
    assert get_default_registry() is get_default_registry()
    assert get_default_registry().is_registered("offline")


def test_a_guard_watches_over_what_is_found_by_name_until_it_is_undone() -> None:
    registry = ProviderRegistry()
    registry.register("here", Here)
    asked: list[str] = []

    def guard(model_string: str, factory: Any) -> Any:
        asked.append(model_string)
        return There

    undo = restrict(guard)
    try:
        assert isinstance(registry.get_provider("here:small"), There)
    finally:
        undo()
        undo()
    assert type(registry.get_provider("here:small")) is Here
    assert asked == ["here:small"]


def test_many_threads_may_register_and_look_at_once() -> None:
    registry = ProviderRegistry()
    gate = threading.Barrier(8)

    def work(number: int) -> None:
        gate.wait(WAIT)
        registry.register(f"p{number}", Here)
        registry.list_providers()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert {f"p{number}" for number in range(8)} <= set(registry.list_providers())
