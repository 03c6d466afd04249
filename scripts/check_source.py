"""Check what no linter checks: lengths, the size of the core, reasons of ignores, own imports.

    python scripts/check_source.py [ROOT]

Each rule is one function that takes the project's root and yields the problems it finds. The
program prints them and ends with status 1 if there are any.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "voxagent"

MODULE_LINES = 400
FUNCTION_LINES = 50
CORE_LINES = 6_000  # of code: blank lines, comments, docstrings, imports, overloads are not counted

# Packages above the agent: an application reads them only if it uses them.
ABOVE_CORE = ("cli", "serve", "durable", "telemetry", "live", "testing", "record")
# What stands behind a narrow door, so that the rest reads the same without it: what fills a plug point, and
# the engines that find secrets (in text, values and exceptions) and estimate tokens.
BACK_ENDS = {
    "providers": (
        "anthropic", "chatgpt", "cli", "compatible", "easy", "failover", "google", "http", "known", "offline",
        "ollama", "openai", "proxy", "spoken",
    ),
    "security": (
        "arguments", "automaton", "encodings", "expressions", "failures", "matcher", "scanner", "telling",
        "values",
    ),
    "session": (
        "checks", "compaction", "database", "files", "flock", "jsonlines", "marks", "memory", "oldfiles",
        "places", "postgres", "postgrespool", "readonly", "redis", "redisleases", "redisscripts", "sqlite",
        "stored", "tickets",
    ),
    "types": ("tokens",),
    "subagent": ("",),
    "mcp": ("",),
    "code": ("",),
}  # fmt: skip

# Tables, which are looked up and not read.
DATA = ("security/shapes.py", "streaming/events.py")
# What voxagent 0.1 had beside its agent: no run passes there.
BESIDE = ("agent/overflow.py", "streaming/emitter.py", "tools/registry.py")

# The only files that may import the project's own modules inside a function: names become modules there.
LAZY_FILES = ("__init__.py", "providers/registry.py", "session/registry.py")

IGNORE = re.compile(
    r"(?P<kind>(?:type|pyright|ty|pyrefly):\s*ignore|noqa|pragma:\s*no\s+(?:cover|branch))\b"
    r"(?P<rule>\[[\w\-., ]+\]|:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?"
    r"(?P<reason>[^#]*)",
    re.IGNORECASE,
)
FILE_SWITCH = re.compile(r"#\s*(mypy:|(ruff|flake8):\s*noqa|pyright:(?!\s*ignore))")
REASON = re.compile(r"\w+\W+\w+")

SILENT = (
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
)  # fmt: skip

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Problem(NamedTuple):
    """One broken rule, printed the way compilers do."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def long_modules(root: Path) -> Iterator[Problem]:
    """No module is longer than MODULE_LINES."""
    for path in modules(root):
        count = line_count(path)
        if count > MODULE_LINES:
            yield Problem(path, 1, f"module of {count} lines (at most {MODULE_LINES})")


def long_functions(root: Path) -> Iterator[Problem]:
    """No function is longer than FUNCTION_LINES, its docstring not counted."""
    for path in modules(root):
        for node in ast.walk(parsed(path)):
            if not isinstance(node, FunctionNode):
                continue
            count = length(node)
            if count > FUNCTION_LINES:
                yield Problem(
                    path, node.lineno, f"{node.name}() has {count} lines (at most {FUNCTION_LINES})"
                )


def large_core(root: Path) -> Iterator[Problem]:
    """Everything up to the agent, without what fills its plug points, can be read in an afternoon."""
    count = sum(code_lines(path) for path in modules(root) if in_core(path.relative_to(root / PACKAGE)))
    if count > CORE_LINES:
        yield Problem(root / PACKAGE, 1, f"core of {count} lines of code (at most {CORE_LINES})")


def bare_ignores(root: Path) -> Iterator[Problem]:
    """A comment that silences a tool names the rule and says why; none silences a whole file."""
    for path in modules(root):
        for line, comment in comments(path):
            if FILE_SWITCH.match(comment):
                yield Problem(path, line, f"{comment!r} silences more than a line")
            for text in ignore_problems(comment):
                yield Problem(path, line, text)


def lazy_imports(root: Path) -> Iterator[Problem]:
    """The project's own modules are imported at the top of a file, where every reader and tool sees them."""
    for path in modules(root):
        if path.relative_to(root / PACKAGE).as_posix() in LAZY_FILES:
            continue
        functions = [node for node in ast.walk(parsed(path)) if isinstance(node, FunctionNode)]
        for node in {node for function in functions for node in own_imports(function)}:
            yield Problem(path, node.lineno, f"`{ast.unparse(node)}` belongs at the top of the module")


def facade_imports(root: Path) -> Iterator[Problem]:
    """A name is imported from where it is defined: the own package's `__init__` would close a circle."""
    files = modules(root)
    known = {dotted(path, root) for path in files}
    for path in files:
        package = dotted(path.parent / "__init__.py", root)
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ImportFrom):
                continue
            source = absolute(node, package)
            names = [alias.name for alias in node.names if f"{source}.{alias.name}" not in known]
            if names and f"{dotted(path, root)}.".startswith(f"{source}."):
                text = f"import {', '.join(names)} from where it is defined, not from {source}"
                yield Problem(path, node.lineno, text)


RULES: tuple[Callable[[Path], Iterator[Problem]], ...] = (
    long_modules,
    long_functions,
    large_core,
    bare_ignores,
    lazy_imports,
    facade_imports,
)


def modules(root: Path) -> list[Path]:
    return sorted((root / PACKAGE).rglob("*.py"))


def line_count(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def length(function: FunctionNode) -> int:
    """Count lines from `def` to the last statement; the docstring and the decorators are free."""
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    free = span(docstring) if docstring else 0
    return span(function) - free


def span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def in_core(path: Path) -> bool:
    """Tell whether a path relative to the package belongs to the core."""
    names = path.with_suffix("").parts
    if names[0] in ABOVE_CORE or path.as_posix() in (*DATA, *BESIDE):
        return False
    behind = BACK_ENDS.get(names[0], ())
    return "" not in behind and not (len(names) > 1 and names[1] in behind)


def code_lines(path: Path) -> int:
    """Count the lines that say what is done: no blank lines, comments, docstrings, imports, overloads."""
    aside = {line for node in ast.walk(parsed(path)) if is_aside(node) for line in lines_of(node)}
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    spans = [range(token.start[0], token.end[0] + 1) for token in tokens if token.type not in SILENT]
    return len({line for span in spans for line in span} - aside)


def is_aside(node: ast.AST) -> bool:
    """Tell whether a statement does nothing: a docstring, an import, a list of names, an overload."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.FunctionDef(decorator_list=[ast.Name(id="overload")]):
            return True
        case ast.AsyncFunctionDef(decorator_list=[ast.Name(id="overload")]):
            return True
        case _:
            return False


def lines_of(node: ast.AST) -> range:
    first = min(
        [each.lineno for each in getattr(node, "decorator_list", [])], default=getattr(node, "lineno", 0)
    )
    return range(first, (getattr(node, "end_lineno", 0) or 0) + 1)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    return ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def ignore_problems(comment: str) -> Iterator[str]:
    """Read `# type: ignore[rule]  # reason` and `# noqa: S101 - reason`; ignores in a row share a reason."""
    parts = [part.strip() for part in comment.split("#")[1:]]
    ignores = [match for part in parts if (match := IGNORE.match(part))]
    if not ignores:
        return
    for match in ignores:
        if match["rule"] is None and not match["kind"].lower().startswith("pragma"):
            yield f"`{match['kind']}` names no rule"
    reasons = [match["reason"] for match in ignores] + [part for part in parts if not IGNORE.match(part)]
    if not any(REASON.search(reason) for reason in reasons):
        yield f"{comment!r} gives no reason"


def own_imports(function: FunctionNode) -> Iterator[ast.stmt | ast.expr]:
    """Find the imports of the project's own modules below a function, those by `import_module` too."""
    for node in ast.walk(function):
        match node:
            case ast.Import(names=names) if any(is_own(alias.name) for alias in names):
                yield node
            case ast.ImportFrom(module=module, level=level) if level > 0 or is_own(module or ""):
                yield node
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
                if name in ("import_module", "__import__") and is_own(leading_text(first)):
                    yield node
            case _:
                pass


def leading_text(node: ast.expr) -> str:
    """The constant text an expression starts with: all of `"a.b"`, the `a.` of `f"a.{b}"`."""
    match node:
        case ast.Constant(value=str(text)) | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
        case _:
            return ""


def dotted(path: Path, root: Path) -> str:
    """The module's name: `voxagent.tools` for both `voxagent/tools.py` and `voxagent/tools/__init__.py`."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The module that an import names, with leading dots resolved against the importing package."""
    if node.level == 0:
        return node.module or ""
    parents = package.split(".")
    return ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [node.module])])


def is_own(name: str) -> bool:
    return name.startswith(".") or name.split(".")[0] == PACKAGE


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path()
    if not modules(root):
        print(f"no module found below {root / PACKAGE}", file=sys.stderr)
        return 2
    problems = sorted(problem for rule in RULES for problem in rule(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
