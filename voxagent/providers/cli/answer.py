"""Ask a program once: its lines become chunks, its end becomes the end mark or an error.

Only the program's own end mark ends an answer. A program that has begun to answer, is at work and says
nothing, gives a pulse now and then, an empty piece of text, so that its silence is not taken for death;
for how long is limited.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field

from ...errors import MalformedAnswerError, ProviderError, ProviderTimeoutError, StreamTruncatedError
from ..chunks import MessageStartChunk, RetryChunk, StreamChunk, TextDeltaChunk
from ..http.jsontext import loaded
from .dialect import Decoder, Outcome
from .failures import failure, shown
from .fields import Event, fields
from .lines import LineSplitter
from .process import Command, Process, running

READ = 65_536
AHEAD = (MessageStartChunk, RetryChunk)
"""Chunks that are no content."""
EXIT_SECONDS = 5.0
"""How long a program that has answered is given to end by itself: it may be keeping its session."""


class SessionLost(Exception):
    """The program does not have the session that was to be gone on with."""


@dataclass(slots=True, frozen=True)
class Listening:
    """How a program is listened to.

    Args:
        decoder: Reads what it says.
        noise: A regular expression for lines that mean nothing.
        lost: A regular expression for what it says of a session that is not there; "" if none was named.
        pulse: Seconds between two pulses.
        silence: Seconds that it may say nothing while it is at work.
    """

    decoder: Decoder
    noise: str
    lost: str
    pulse: float
    silence: float
    splitter: LineSplitter = field(default_factory=LineSplitter)


async def answered(command: Command, listening: Listening) -> AsyncGenerator[StreamChunk | Outcome]:
    """Run a program and read its answer; the last thing given is how it ended.

    Raises:
        SessionLost: Ahead of any content.
        ProviderError: The program failed, or ended without its end mark.
    """
    acted = False
    async with running(command) as process:
        try:
            async for chunks in _read(process, listening):
                for chunk in chunks:
                    acted = acted or not isinstance(chunk, AHEAD)
                    yield chunk
            if listening.decoder.outcome is None:
                raise await _early(process, listening.splitter.rest())
            await _ended(process)
            yield listening.decoder.outcome
        except ProviderError as error:
            words = shown(error.message, command.environment)
            if listening.lost and not acted and re.search(listening.lost, words, re.IGNORECASE):
                raise SessionLost from error
            error.args = (words, *error.args[1:])
            raise


async def _read(process: Process, listening: Listening) -> AsyncGenerator[Sequence[StreamChunk]]:
    """What the program says, up to its end mark or to the end of its output."""
    decoder, heard, told = listening.decoder, time.monotonic(), math.inf
    while True:
        data = await _heard(process, listening, heard)
        if data is None:
            yield _last(listening)
            return
        heard = time.monotonic() if data else heard
        for event in _events(data, listening):
            chunks = decoder.event(event)
            if any(not isinstance(chunk, AHEAD) for chunk in chunks):
                told = heard
            yield chunks
            if decoder.outcome is not None:
                return
        if time.monotonic() - told >= listening.pulse:  # it is busy with what is not for us
            told = time.monotonic()
            yield [TextDeltaChunk("")]


async def _heard(process: Process, listening: Listening, since: float) -> bytes | None:
    """The next piece of its output, b"" if it is at work and silent, None at the end."""
    works = listening.decoder.works
    try:
        async with asyncio.timeout(min(listening.pulse, listening.silence) if works else None):
            return await process.output.read(READ) or None
    except TimeoutError:
        if time.monotonic() - since >= listening.silence:
            raise ProviderTimeoutError(f"the program said nothing for {listening.silence:g} s") from None
        return b""


async def _ended(process: Process) -> None:
    """Let a program that has answered end by itself, whatever it still has to say."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(EXIT_SECONDS):
            while await process.output.read(READ):
                pass


def _last(listening: Listening) -> Sequence[StreamChunk]:
    """What the last line says, which needs no line break; half a line is no event."""
    event = _object(listening.splitter.rest())
    return listening.decoder.event(event)


def _events(data: bytes, listening: Listening) -> Iterator[Event]:
    """The events that these bytes complete; one that cannot be read raises after those ahead of it."""
    for line in listening.splitter.feed(data):
        event = _event(line, listening.noise)
        if event is not None:
            yield event


def _event(line: bytes, noise: str) -> Event | None:
    """The event of a line, None for a line that is known to mean nothing."""
    text = line.strip()
    if not text or re.match(noise.encode(), text):
        return None
    event = _object(text)
    if not isinstance(event.get("type"), str):
        raise MalformedAnswerError(f"the program wrote {text[:120].decode('utf-8', 'replace')!r}")
    return event


def _object(text: bytes) -> Event:
    try:
        return fields(loaded(text))
    except ValueError:
        return fields(None)


async def _early(process: Process, rest: bytes) -> ProviderError:
    """The error of a program that ended, or closed its output, without its end mark."""
    await asyncio.wait([process.ended], timeout=EXIT_SECONDS)
    status = process.ended.result() if process.ended.done() else 0
    said = process.stderr.strip() or rest.decode("utf-8", "replace").strip()
    if status > 0:
        known = failure(said)
        known.args = (f"the program ended with exit code {status}: {said or 'no reason given'}",)
        return known
    how = f"was ended by signal {-status}" if status < 0 else "ended"
    return StreamTruncatedError(f"the program {how} ahead of its end mark{': ' + said if said else ''}")
