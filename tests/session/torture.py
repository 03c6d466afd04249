"""What is done to stores in processes of their own: they write, and are killed while they do.

    python -m tests.session.torture kill URL ROUNDS SEED
    python -m tests.session.torture race URL PROCESSES KILLS SEED
    python -m tests.session.torture together URL PROCESSES WRITERS TURNS
    python -m tests.session.torture write URL APPENDS

All but the last print what they found as JSON. The process itself opens no store, so that it may fork: each
writer, and whoever looks afterwards, is a child.
"""

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

from tests.faults.script import assert_valid_history
from tests.session.stores import fresh
from voxagent import Agent, Message
from voxagent.session import SessionStorage, database, session_lock
from voxagent.session.redis import RedisSessionStorage
from voxagent.testing import FunctionProvider, text
from voxagent.types import TextBlock, ToolResultBlock, ToolUseBlock

ROUNDS_PER_SESSION = 20
WAIT = 30.0
LONG = 3_600.0
LEASE = 0.3


def opened(url: str) -> SessionStorage:
    """A store; a lease is short, so that a killed writer does not hold up the next for long."""
    return RedisSessionStorage(url, lease=LEASE) if url.startswith("redis") else fresh(url)


def numbered(number: int) -> Message:
    """Message number so and so: of each four, a question, a call, its result, an answer."""
    match number % 4:
        case 0:
            return Message("user", f"{number}")
        case 1:
            return Message("assistant", [TextBlock(f"{number}"), ToolUseBlock(f"c{number}", "look", {})])
        case 2:
            return Message(
                "user", [ToolResultBlock(f"c{number - 1}", "look", f"{number} " + "x" * 200, False)]
            )
        case _:
            return Message("assistant", f"{number}")


# --- children --------------------------------------------------------------------------------------


def child(main: Callable[[int], Coroutine[Any, Any, None]]) -> tuple[int, int]:
    """Run a coroutine in a child; gives its process id and what it writes to."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    os.close(reading)
    status = 1
    try:
        asyncio.run(main(writing))
        status = 0
    finally:
        os._exit(status)


def heard(reading: int) -> bytes:
    """All that a child wrote before its end."""
    parts: list[bytes] = []
    while part := os.read(reading, 65_536):
        parts.append(part)
    os.close(reading)
    return b"".join(parts)


def asked(main: Callable[[int], Coroutine[Any, Any, None]]) -> Any:
    """What a child has found out, as JSON."""
    process, reading = child(main)
    found = heard(reading)
    _, status = os.waitpid(process, 0)
    if status or not found:
        raise SystemExit(f"the process that looks has failed: {status}")
    return json.loads(found)


def tell(writing: int, what: object) -> None:
    os.write(writing, json.dumps(what).encode() + b"\n")


# --- one writer, killed again and again ------------------------------------------------------------


async def append_until_killed(url: str, key: str, writing: int) -> None:
    store = opened(url)
    async with session_lock(store, key, WAIT):
        version = await store.version(key)
        while True:
            version = await store.append(key, [numbered(version)], expected_version=version)
            tell(writing, version)


async def look(url: str, key: str, writing: int) -> None:
    """Tell how many messages there are, and the first that is not what it should be."""
    store = opened(url)
    session = await store.load(key)
    messages = [] if session is None else session.messages
    wrong = [number for number, message in enumerate(messages) if message != numbered(number)]
    agent = Agent(FunctionProvider(lambda seen, request: answered(seen)))
    await agent.run("go on", message_history=messages)
    tell(writing, {"version": len(messages), "wrong": wrong[:1]})
    await store.close()


async def answered(messages: Any) -> Any:
    assert_valid_history([*messages, Message("assistant", "done")])
    return text("done")


def kill(url: str, rounds: int, seed: int) -> dict[str, Any]:
    chance, problems, appended, acknowledged = random.Random(seed), list[str](), 0, 0
    for number in range(rounds):
        key = f"kill {seed} {number // ROUNDS_PER_SESSION}"
        before = acknowledged if number % ROUNDS_PER_SESSION else 0
        process, reading = child(lambda writing, key=key: append_until_killed(url, key, writing))
        if chance.random() < 0.9:  # else it may die before it wrote anything
            select.select([reading], [], [], WAIT)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        acks = heard(reading).splitlines()
        acknowledged = int(acks[-1]) if acks else before
        found = asked(lambda writing, key=key: look(url, key, writing))
        if found["version"] < acknowledged or found["wrong"]:
            problems.append(f"round {number}: {acknowledged} acknowledged, {found}")
        appended += found["version"] - before
        acknowledged = found["version"]
    return {"rounds": rounds, "appended": appended, "problems": problems}


# --- many writers of one session, killed now and then ----------------------------------------------


async def take_turns(url: str, key: str, name: str, writing: int) -> None:
    """Each turn is a question and an answer, appended one after the other."""
    store, turn = opened(url), 0
    while True:
        async with session_lock(store, key, WAIT):
            version = await store.version(key)
            for role in ("user", "assistant"):
                said = Message(role, f"{name}.{turn}")
                version = await store.append(key, [said], expected_version=version)
        tell(writing, f"{name}.{turn}")
        turn += 1


async def take_some_turns(url: str, keys: list[str], names: list[str], turns: int, writing: int) -> None:
    store = opened(url)

    async def write(name: str) -> None:
        for turn in range(turns):
            key = keys[turn % len(keys)]
            async with session_lock(store, key, LONG):
                version = await store.version(key)
                for role in ("user", "assistant"):
                    said = Message(role, f"{name}.{turn}")
                    version = await store.append(key, [said], expected_version=version)

    await asyncio.gather(*[write(name) for name in names])
    await store.close()
    tell(writing, "done")


def together(url: str, processes: int, writers: int, turns: int) -> dict[str, Any]:
    """Many writers in several processes, in a few sessions, which nobody kills."""
    keys = [f"together {os.getpid()} {number}" for number in range(4)]
    names = [f"w{number}" for number in range(writers)]
    parts = [names[number::processes] for number in range(processes)]
    running = [
        child(lambda writing, part=part: take_some_turns(url, keys, part, turns, writing)) for part in parts
    ]
    ends = [heard(reading) for _, reading in running]
    for process, _ in running:
        os.waitpid(process, 0)
    seen: list[str] = []
    problems = [f"process {number} has failed" for number, end in enumerate(ends) if b"done" not in end]
    for key in keys:
        messages = asked(lambda writing, key=key: read_all(url, key, writing))
        problems += flaws(messages, [])
        problems += [] if len(messages) % 2 == 0 else [f"{key} has a turn without an answer"]
        seen += [said for role, said in messages if role == "assistant"]
    wanted = sorted(f"{name}.{turn}" for name in names for turn in range(turns))
    return {"turns": len(seen), "problems": problems, "whole": sorted(seen) == wanted}


async def read_all(url: str, key: str, writing: int) -> None:
    session = await opened(url).load(key)
    messages = [] if session is None else session.messages
    tell(writing, [(message.role, message.text) for message in messages])


def race(url: str, processes: int, kills: int, seed: int) -> dict[str, Any]:
    chance, key, made = random.Random(seed), f"race {seed}", 0
    running: dict[int, int] = {}
    acknowledged: list[str] = []

    def end(process: int) -> None:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        acknowledged.extend(json.loads(line) for line in heard(running.pop(process)).splitlines())

    for number in range(kills + processes):
        if len(running) == processes:
            time.sleep(chance.uniform(0.02, 0.2))
            end(chance.choice(list(running)))
        process, reading = child(lambda writing, name=f"w{number}": take_turns(url, key, name, writing))
        running[process] = reading
        made += 1
    select.select(list(running.values()), [], [], WAIT)
    for process in list(running):
        end(process)
    messages = asked(lambda writing: read_all(url, key, writing))
    return {"writers": made, "messages": len(messages), "problems": flaws(messages, acknowledged)}


def flaws(messages: list[tuple[str, str]], acknowledged: list[str]) -> list[str]:
    """What is missing, doubled or interleaved; the last turn of a writer may want its answer."""
    asked_for = [said for role, said in messages if role == "user"]
    answered = [said for role, said in messages if role == "assistant"]
    problems = [f"{said} is missing" for said in acknowledged if said not in set(answered)]
    for texts in (asked_for, answered):
        problems += [
            f"{text} is there twice" for text, next_one in pairwise(sorted(texts)) if text == next_one
        ]
    before = ("assistant", "")
    for role, said in messages:
        if role == "assistant" and before != ("user", said):
            problems.append(f"the answer {said} follows {before}")
        before = (role, said)
    last = {each.split(".")[0]: each for each in asked_for}
    torn = set(asked_for) - set(answered) - set(last.values())
    return [*problems, *(f"{each} has no answer, and its writer went on" for each in sorted(torn))]


# --- one writer, watched by strace ------------------------------------------------------------------


async def write(url: str, appends: int, writing: int) -> None:
    if os.environ.get("TORTURE_SLOPPY"):  # what must not be: to show that the simulation would notice
        database.PRAGMAS = tuple(each.replace("= full", "= normal") for each in database.PRAGMAS)
    store = opened(url)
    version = 0
    for number in range(appends):
        version = await store.append("k", [numbered(number)], expected_version=version)
        os.write(writing, f"ack {version}\n".encode())
    await store.close()


def main(arguments: list[str]) -> None:
    what, url, *numbers = arguments
    counts = [int(number) for number in numbers]
    match what:
        case "kill":
            print(json.dumps(kill(url, *counts)))
        case "race":
            print(json.dumps(race(url, *counts)))
        case "together":
            print(json.dumps(together(url, *counts)))
        case _:
            asyncio.run(write(url, *counts, sys.stdout.fileno()))


if __name__ == "__main__":
    main(sys.argv[1:])
