"""A command-line agent as a model; a few lines of Python stand for Claude Code here."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from voxagent import Agent
from voxagent.providers import ClaudeCodeProvider

STAND_IN = """
import json, sys
prompt = sys.stdin.read()
resumed = "--resume" in sys.argv
answer = f"You said {prompt!r}, and I {'remember the rest' if resumed else 'know nothing else'}."
delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": answer}}
usage = {"input_tokens": 12, "output_tokens": 9}
print(json.dumps({"type": "stream_event", "event": delta}))
print(json.dumps({"type": "result", "result": answer, "session_id": "s1", "usage": usage}))
"""

with TemporaryDirectory() as folder:
    program = Path(folder, "claude")
    program.write_text(f"#!{sys.executable}\n{STAND_IN}")
    program.chmod(0o700)

    claude = ClaudeCodeProvider("sonnet", program=program, cwd=folder, args=["--permission-mode", "plan"])
    agent = Agent(claude, system_prompt="Be brief.")
    first = agent.run_sync("Hello!")
    print(first.output, first.usage.total_tokens)
    print(agent.run_sync("And now?", message_history=first.messages).output)
