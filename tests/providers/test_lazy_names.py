"""What is loaded when it is first named is found by its name, and no other name is."""

import importlib

import pytest


@pytest.mark.parametrize(
    "package",
    ["voxagent", "voxagent.agent", "voxagent.providers", "voxagent.session", "voxagent.session.compaction"],
)
def test_a_name_that_a_lazy_package_does_not_have_is_an_attribute_error_that_tells_it(package: str) -> None:
    module = importlib.import_module(package)
    with pytest.raises(AttributeError) as raised:
        _ = module.NoSuchThing
    assert str(raised.value) == f"module {package!r} has no attribute 'NoSuchThing'"
