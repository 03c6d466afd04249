"""A server over stdio that dies by halves, or words its messages oddly: how, is the name of the tool."""

import json
import os
import subprocess
import sys
import time
from typing import Any

CALLS = ("echo", "closes_input", "leaves_helper", "deaf", "ahead", "spaced", "marked", "nameless")
CALLS += ("finishes", "busy", "late_helper", "own_code", "deep", "number", "endless_id")


def send(message: dict[str, Any], form: str = "{}") -> None:
    data = json.dumps({**message, "jsonrpc": "2.0"})
    os.write(1, form.replace("{}", data).encode() + b"\n")


def act(id: int, name: str, arguments: dict[str, Any]) -> None:
    said = str(arguments.get("text", name))[:99]
    answer = {"id": id, "result": {"content": [{"type": "text", "text": said}]}}
    match name:
        case "closes_input":
            os.close(0)
            time.sleep(60)
        case "leaves_helper":
            subprocess.Popen(["sleep", "60"])
            os._exit(5)
        case "finishes":
            os.close(0)
            time.sleep(arguments["seconds"])
            send(answer)
            time.sleep(60)
        case "busy":
            time.sleep(arguments["seconds"])
            send(answer)
        case "late_helper":
            subprocess.Popen(["sleep", "60"])
            os._exit(0)
        case "own_code":
            send({"id": id, "error": {"code": arguments["code"], "message": "quota used up"}})
        case "deep":
            os.write(1, b'{"error":' + b"[" * 5_000 + b"]" * 5_000 + b"}\n")
            send(answer)
        case "number":
            os.write(1, b'{"error":' + b"9" * 5_000 + b"}\n")
            send(answer)
        case "endless_id":
            os.write(1, b'{"jsonrpc": "2.0", "id": ' + b"9" * 5_000 + b', "result": 5}\n')
        case "deaf":
            time.sleep(60)
        case "spaced":
            os.write(1, b'log: { "jsonrpc": "2.0", ' + json.dumps(answer).encode()[1:] + b"\n")
        case "ahead":
            send(answer, "Ready: {}")
        case "marked":
            send(answer, "\ufeff{}")
        case "nameless":
            send({"id": None, "error": {"code": -32700, "message": "Parse error: bad argument"}})
        case _:
            send(answer)


if sys.argv[1:] == ["launched"]:  # as a launcher does that ends once the server runs
    subprocess.Popen([sys.executable, __file__])
    os._exit(0)


def lines() -> Any:
    """Like `sys.stdin`, which reads ahead."""
    rest = b""
    while data := os.read(0, 65_536):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


for line in lines():
    message = json.loads(line)
    method, params = message.get("method"), message.get("params") or {}
    if method == "initialize":
        info = {"name": "halfdead", "version": "0"}
        told = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        send({"id": message["id"], "result": told})
    elif method == "tools/list":
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in CALLS]
        send({"id": message["id"], "result": {"tools": tools}})
    elif method == "tools/call":
        act(message["id"], params["name"], params["arguments"])
    elif "id" in message:
        send({"id": message["id"], "error": {"code": -32601, "message": "Method not found"}})
sys.exit(0)
