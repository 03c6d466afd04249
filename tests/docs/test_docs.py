"""The docs say what is true: examples, what they print, tables, links and names."""

import importlib
import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

import voxagent
from tests.docs.pages import (
    EXAMPLES,
    LINK,
    PAGES,
    ROOT,
    anchors,
    blocks,
    example,
    marks,
    printed,
    prose,
    tables,
)
from voxagent import abort, errors
from voxagent.agent import AgentOptions, Guardrail, Hooks, RunOptions
from voxagent.mcp import MCPOptions
from voxagent.providers import FailoverPolicy, ModelFacts, ModelRequest, StreamChunk
from voxagent.streaming import StreamEventData
from voxagent.tools import RunContext, ToolContext, ToolOptions
from voxagent.types import (
    ApprovalRequest,
    ContentBlock,
    FinishReason,
    ModelSettings,
    RunResult,
    Usage,
    UsageLimits,
)

MOST_LINES = 40
REWRITE = "tests/docs/pages.py writes examples and outputs into the pages"
PUBLIC = (
    "agent",
    "mcp",
    "providers",
    "security",
    "session",
    "streaming",
    "subagent",
    "testing",
    "tools",
    "types",
)
LEFT_OUT = {
    "voxagent.testing": {"Part"},  # an alias that is only of use in signatures
    "voxagent.types": {"OutputSpec"},  # met by who writes a provider, in `ModelRequest.output`
}


def members(union: Any) -> list[type]:
    """The classes of a union, annotated or not."""
    inner = get_args(union)
    return [each for part in inner for each in members(part)] if inner else [union]


def class_names(union: Any) -> set[str]:
    return {kind.__name__ for kind in members(union) if isinstance(kind, type)}


def attributes(kind: type) -> set[str]:
    """What a context has for whoever gets it."""
    return {name for name in dir(kind) if not name.startswith("_")} - {"view"}


def own_classes(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def field_names(kind: Any) -> set[str]:
    return {each.name for each in fields(kind)}


ERRORS = own_classes(errors) - {"FailoverReason"}  # which is what one of them carries
TABLES: dict[str, set[str]] = {
    "AgentOptions": set(AgentOptions.__annotations__),
    "RunOptions": set(RunOptions.__annotations__),
    "ToolOptions": set(ToolOptions.__annotations__),
    "MCPOptions": set(MCPOptions.__annotations__),
    "ModelSettings": set(ModelSettings.__annotations__),
    "UsageLimits": field_names(UsageLimits),
    "Usage": field_names(Usage),
    "RunResult": (field_names(RunResult) - {"value"})
    | {name for name, value in vars(RunResult).items() if isinstance(value, property)}
    | {"raise_for_error"},
    "ApprovalRequest": field_names(ApprovalRequest),
    "ModelRequest": field_names(ModelRequest),
    "ModelFacts": field_names(ModelFacts),
    "FailoverPolicy": field_names(FailoverPolicy),
    "Hooks": field_names(Hooks),
    "Guardrail": field_names(Guardrail),
    "RunContext": attributes(RunContext),
    "ToolContext": attributes(ToolContext) - attributes(RunContext),
    "events": class_names(StreamEventData) - {"Tagged"},
    "chunks": class_names(StreamChunk),
    "blocks": class_names(ContentBlock) - {"Tagged"},
    "errors": ERRORS,
    "finish reasons": set(get_args(FinishReason)),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_block_is_an_example(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.count("```python") == sum(not block.is_output for block in blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_mark_in_a_page_has_a_block_that_is_written_and_checked(page: Path) -> None:
    """A fence that does not say `python` or `text` is passed over, and what stands in it is anything."""
    assert len(list(blocks(page))) == marks(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_in_a_page_is_the_file(page: Path) -> None:
    shown = {block.name: block.text for block in blocks(page) if not block.is_output}
    assert shown == {name: example(name) for name in shown}, REWRITE


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_runs_and_prints_what_the_pages_say(file: Path, tmp_path: Path) -> None:
    said = [
        block.text for page in PAGES for block in blocks(page) if block.is_output and block.name == file.stem
    ]
    out = printed(file.stem, tmp_path)
    assert said == [out] * len(said), REWRITE


def test_every_example_is_in_a_page() -> None:
    everything = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [file.name for file in EXAMPLES if f"examples/{file.name}" not in everything] == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_in_a_page_is_short(file: Path) -> None:
    if any(block.name == file.stem for page in PAGES for block in blocks(page)):
        assert sum(bool(line.strip()) for line in file.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_page_is_reached_from_the_index() -> None:
    linked = re.findall(r"\(([\w-]+\.md)\)", (ROOT / "docs" / "index.md").read_text("utf-8"))
    pages = {page.name for page in PAGES if page.parent.name == "docs"} - {"index.md"}
    assert set(linked) == pages


@pytest.mark.parametrize("of", TABLES)
def test_a_table_lists_exactly_the_names_that_the_code_has(of: str) -> None:
    listed = [name for page in PAGES for table, names in tables(page) if table == of for name in names]
    assert sorted(listed) == sorted(TABLES[of])


def test_every_table_of_names_is_known() -> None:
    assert {table for page in PAGES for table, _ in tables(page)} == set(TABLES)


def test_kinds_of_errors_are_told_as_they_are() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (yes|no) \|", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.M
    )
    known = {name: getattr(errors, name) for name in ERRORS}
    assert {name: (kind, again == "yes") for name, kind, again in rows} == {
        name: (error.kind, error.retryable) for name, error in known.items()
    }


@pytest.mark.parametrize("package", ["voxagent", *[f"voxagent.{name}" for name in PUBLIC]])
def test_every_public_name_is_mentioned(package: str) -> None:
    everything = "\n".join(page.read_text("utf-8") for page in PAGES)
    names = set(importlib.import_module(package).__all__) - LEFT_OUT.get(package, set())
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", everything)) == []


@pytest.mark.parametrize("module", [abort, errors], ids=lambda module: module.__name__)
def test_every_public_class_of_a_module_is_mentioned(module: ModuleType) -> None:
    everything = "\n".join(page.read_text("utf-8") for page in PAGES)
    internal = {"Scope"}  # what runs use to stop themselves
    assert [name for name in sorted(own_classes(module) - internal) if name not in everything] == []


def test_the_defaults_that_the_docs_tell_are_those_of_the_code() -> None:
    told = dict(
        re.findall(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", (ROOT / "docs" / "agents.md").read_text("utf-8"), re.M)
    )
    limits = {each.name: str(each.default) for each in fields(UsageLimits)}
    assert {name: told[name] for name in limits} == limits
    agent = voxagent.Agent("offline:demo")
    assert (told["retries"], told["result_retries"]) == (str(agent.retries), str(agent.result_retries))
