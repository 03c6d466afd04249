"""A model server on loopback that speaks Chat Completions, in a process of its own.

The prompt says what to answer: "deltas N PAUSE" streams N pieces, PAUSE milliseconds apart; "turns N" calls
the tool `add` until N results are there.
"""

from __future__ import annotations

import asyncio
import json
import sys


def event(delta: dict[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bench",
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


USAGE = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
TAIL = b"data: " + json.dumps({"choices": [], "usage": USAGE}).encode() + b"\n\ndata: [DONE]\n\n"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def call(number: int) -> bytes:
    function = {"name": "add", "arguments": '{"a": 1, "b": 2}'}
    asked = {"tool_calls": [{"index": 0, "id": f"call_{number}", "type": "function", "function": function}]}
    return event(asked) + event({}, "tool_calls")


async def answer(body: dict[str, object], writer: asyncio.StreamWriter) -> None:
    messages: list[dict[str, object]] = body["messages"]  # type: ignore[assignment]
    words = next(str(each["content"]) for each in reversed(messages) if each["role"] == "user").split()
    writer.write(HEAD)
    if words[0] == "turns":
        done = sum(each["role"] == "tool" for each in messages)
        data = call(done) if done < int(words[1]) else event({"content": "done"}) + event({}, "stop")
        writer.write(chunk(data + TAIL) + b"0\r\n\r\n")
        return
    count, pause = int(words[1]), float(words[2]) / 1000
    piece = event({"content": "word "})
    if not pause:
        writer.write(chunk(piece) * count)
    for _ in range(count if pause else 0):
        writer.write(chunk(piece))
        await asyncio.sleep(pause)
    writer.write(chunk(event({}, "stop") + TAIL) + b"0\r\n\r\n")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            await answer(json.loads(await reader.readexactly(size)), writer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**24)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
