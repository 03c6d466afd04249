"""The first example: an agent answers a question about a folder, without network."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.offline.tools import FILES
from voxagent.testing import ScriptedProvider, forbid_network, text, tool_call

EXAMPLE = Path(__file__).parents[2] / "examples" / "ask_folder.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "folder"
    for name, content in {**FILES, ".git/x.md": "hidden failover", "a.bin": "failover"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (tmp_path / "secret.md").write_text("failover outside")
    (root / "link.md").symlink_to(tmp_path / "secret.md")
    return root


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ask_folder", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ask_folder"] = module
    spec.loader.exec_module(module)
    return module


def test_it_answers_from_the_files_and_shows_how(folder: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    ran = subprocess.run(
        [sys.executable, str(EXAMPLE), "--folder", str(folder)],
        env={**environment, "PYTHONPATH": str(EXAMPLE.parents[1])},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert lines[:5] == [
        "What does README.md say about failover?",
        "[offline:demo, as no key of a larger model is set]",
        "",
        "-> search {'words': 'failover'}",
        "-> read_file {'path': 'README.md'}",
    ]
    assert lines[7:11] == [
        "",
        "README.md: Failover ... The next model answers when one is down.",
        "",
        "sources: README.md",
    ]
    assert re.fullmatch(
        r"Usage\(input_tokens=\d+, output_tokens=\d+, requests=2, tool_calls=2\), \d\.\d\d s", lines[11]
    )


def test_no_tool_sees_what_is_hidden_or_outside(folder: Path) -> None:
    assert list(_example().Folder(folder).texts()) == ["README.md", "docs/failover.md"]


@pytest.mark.parametrize("path", ["../secret.md", "link.md", ".git/x.md", "/etc/passwd", "a.bin"])
async def test_a_path_that_leads_outside_goes_back_to_the_model(folder: Path, path: str) -> None:
    example = _example()
    provider = ScriptedProvider(
        tool_call("read_file", path=path), tool_call("final_result", answer="no", sources=[])
    )
    with example.agent.override(model=provider):
        result = await example.agent.run("Read it", deps=example.Folder(folder))
    assert result.output == example.Answer("no", [])
    (given,) = provider.requests[1].messages[-1].tool_results
    assert (given.is_error, "there is no file" in given.text) == (True, True)


async def test_text_of_the_model_is_shown_as_it_comes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    example = _example()
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    provider = ScriptedProvider(text("Hm."), tool_call("final_result", answer="yes", sources=["a"]))
    run_stream = example.agent.run_stream
    monkeypatch.setattr(
        example.agent,
        "run_stream",
        lambda *asked, model, **given: run_stream(*asked, model=provider, **given),
    )
    with forbid_network():
        await example.main("Is it?", folder)
    assert "Hm." in capsys.readouterr().out
