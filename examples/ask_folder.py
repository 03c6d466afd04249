"""Ask a question about a folder, and watch an agent search and read its files until it has an answer."""

import argparse
import asyncio
import os
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from voxagent import Agent, ModelRetry, ToolContext, get_default_registry
from voxagent.streaming import TextDeltaEvent, ToolEndEvent, ToolStartEvent


@dataclass
class Folder:
    root: Path

    def texts(self) -> dict[str, str]:  # all that the tools see, so no path leads out of the folder
        tops = [top for top in self.root.iterdir() if top.name[0] != "." and not top.is_symlink()]
        files = sorted(file for top in tops for file in (top, *top.rglob("*.*")) if not file.is_symlink())
        plain = [file for file in files if file.suffix in (".md", ".py", ".toml") and file.is_file()]
        return {str(file.relative_to(self.root)): file.read_text("utf-8")[:50_000] for file in plain}


@dataclass
class Answer:
    answer: str
    sources: list[str]


agent = Agent("offline:demo", deps_type=Folder, output_type=Answer, system_prompt="Answer from the files.")


@agent.tool
def list_files(ctx: ToolContext[Folder]) -> list[str]:
    """List the files of the folder."""
    return list(ctx.deps.texts())


@agent.tool
def search(ctx: ToolContext[Folder], words: str) -> str:
    """Search what all files say for lines that have these words in them."""
    lines = [f"{path}: {line}" for path, text in ctx.deps.texts().items() for line in text.splitlines()]
    return "\n".join([line for line in lines if all(w in line.lower() for w in words.lower().split())][:20])


@agent.tool
def read_file(ctx: ToolContext[Folder], path: str) -> str:
    """Read a file."""
    if (text := ctx.deps.texts().get(path)) is None:
        raise ModelRetry(f"there is no file {path!r}: list_files tells which there are")
    return text


async def main(question: str, folder: Path) -> None:
    keys = {"OPENAI_API_KEY": "openai:gpt-5", "ANTHROPIC_API_KEY": "anthropic:claude-sonnet-4-5"}
    known = get_default_registry().list_providers()
    usable = [name for key, name in keys.items() if os.environ.get(key) and name.split(":")[0] in known]
    model, begun = usable[0] if usable else "offline:demo", time.perf_counter()
    print(f"{question}\n[{model}{'' if usable else ', as no key of a larger model is set'}]\n")
    async with agent.run_stream(question, deps=Folder(folder), model=model) as stream:
        async for event in stream:
            match event:
                case TextDeltaEvent(delta=delta):
                    print(delta, end="", flush=True)
                case ToolStartEvent(tool_call=call):
                    print(f"-> {call.name} {call.params}")
                case ToolEndEvent(tool_name=name, result=result):
                    print(f"<- {name}: {textwrap.shorten(str(result.content), 90)}")
        done = await stream.result()
    print("", *(textwrap.fill(line, 100) for line in done.output.answer.splitlines()), sep="\n")
    print(f"\nsources: {', '.join(done.output.sources)}\n{done.usage}, {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", nargs="?", default="What does README.md say about failover?")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent)
    asyncio.run(main(**vars(parser.parse_args())))
