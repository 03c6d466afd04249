"""A model server on loopback that speaks Chat Completions, in a process of its own.

The prompt says what to answer: "deltas N PAUSE" streams N pieces, PAUSE milliseconds apart; "turns N" calls
the tool `add` until N results are there. Who does not ask for a stream gets the same as one object.
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


def whole(message: dict[str, object], finish: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "bench"}
    data = json.dumps({**body, "choices": [choice], "usage": USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def asked_as_a_whole(words: list[str], done: int) -> bytes:
    if words[0] == "turns" and done < int(words[1]):
        function = {"name": "add", "arguments": '{"a": 1, "b": 2}'}
        call = {"id": f"call_{done}", "type": "function", "function": function}
        return whole({"content": None, "tool_calls": [call]}, "tool_calls")
    return whole({"content": "done" if words[0] == "turns" else "word " * int(words[1])}, "stop")


async def answer(body: dict[str, object], writer: asyncio.StreamWriter) -> None:
    messages: list[dict[str, object]] = body["messages"]  # type: ignore[assignment]
    words = next(str(each["content"]) for each in reversed(messages) if each["role"] == "user").split()
    done = sum(each["role"] == "tool" for each in messages)
    if not body.get("stream"):
        writer.write(asked_as_a_whole(words, done))
        return
    writer.write(HEAD)
    if words[0] == "turns":
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
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**24, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
