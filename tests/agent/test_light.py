"""`import voxagent` costs next to nothing, and what is costly is loaded when it is first needed."""

import os
import resource
import statistics
import subprocess
import sys
import textwrap

HEAVY = ("pydantic", "httpx2", "httpx", "openai", "anthropic", "mcp", "anyio")


def _python(code: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env = {name: value for name, value in env.items() if not name.startswith("COV")}
    run = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True, env=env)
    return done.stdout


def test_the_import_loads_nothing_heavy() -> None:
    code = f"""
        import sys
        import voxagent
        from voxagent import Agent, AbortController, Hooks, Message, ModelRetry, UsageLimits, one_of, tool
        print([name for name in {HEAVY} if name in sys.modules])
        Agent("openai:gpt-5")
        print([name for name in {HEAVY} if name in sys.modules])
    """
    assert _python(code) == "[]\n[]\n"


def test_every_public_name_loads_without_a_provider_sdk() -> None:
    sdks = ("openai", "anthropic", "mcp", "httpx2")
    code = f"""
        import sys
        import voxagent
        for name in voxagent.__all__:
            if name != "MCPServerManager":  # which is all about connections
                getattr(voxagent, name)
        print([name for name in {sdks} if name in sys.modules])
        voxagent.MCPServerManager
        print([name for name in {sdks} if name in sys.modules])
    """
    assert _python(code) == "[]\n['httpx2']\n"


def _cpu(code: str) -> float:
    """Median seconds of CPU of five new processes, the first of all left out."""
    took: list[float] = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _python(code)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(took[1:])


def test_the_import_costs_at_most_1_6_times_that_of_pydantic() -> None:
    ratios: list[float] = []
    for _ in range(3):
        ratios.append(_cpu("from voxagent import Agent") / _cpu("from pydantic import BaseModel"))
        if ratios[-1] <= 1.6:
            return
    raise AssertionError(f"it costs {ratios} times as much")
