"""Measures the sizes of our files and functions, and keeps the ratchet that only falls.

`tidy_ratchet.json` lists what is larger than it should be, with its size on the day it was listed. Nothing joins the
list and no number rises; `python -m tests.tidy` writes what has shrunk since.
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
RATCHET = Path(__file__).parent / "tidy_ratchet.json"
FOLDERS = ("src", "tests", "docs", "bench", "scripts", ".ci")
SUFFIXES = {".py", ".sql", ".css", ".js", ".html", ".sh", ""}  # no suffix: the scripts
THIRD_PARTY = ("vendor", "node_modules", "__pycache__")
# A migration is never edited again, so it cannot be split; the schema is written by a script.
LEFT_AS_THEY_ARE = ("src/tallyward/ledger/migrations/", "src/tallyward/ledger/schema.sql")

FILE_LINES_AIM, FILE_LINES_MAX = 300, 500
FUNCTION_LINES_AIM, FUNCTION_LINES_MAX = 30, 60
LOWER = "python -m tests.tidy"

Sizes = dict[str, int]


def files(root: Path = ROOT) -> Iterator[Path]:
    """Every file that somebody wrote by hand."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and not set(path.parts) & set(THIRD_PARTY):
                yield path


def modules(root: Path = ROOT) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file by its path from the top, parsed."""
    for path in files(root):
        if path.suffix == ".py":
            yield path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _functions(node: ast.AST, name: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        inner = name
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{name}.{child.name}" if name else child.name
            if not isinstance(child, ast.ClassDef):
                yield inner, (child.end_lineno or child.lineno) - child.lineno + 1
        yield from _functions(child, inner)


def sizes(root: Path = ROOT) -> Sizes:
    """Lines of each file (`path`) and of each function (`path::Class.name`), those over their aim only."""
    found: Sizes = {}
    for path in files(root):
        name = path.relative_to(root).as_posix()
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > FILE_LINES_AIM and not name.startswith(LEFT_AS_THEY_ARE):
            found[name] = lines
    for path, tree in modules(root):
        found |= {f"{path}::{name}": lines for name, lines in _functions(tree, "") if lines > FUNCTION_LINES_AIM}
    return dict(sorted(found.items()))


def limit(name: str) -> int:
    """What no exception may pass."""
    return FUNCTION_LINES_MAX if "::" in name else FILE_LINES_MAX


def problems(found: Mapping[str, int], ratchet: Mapping[str, int]) -> list[str]:
    """Why these sizes are not tidy, one sentence each."""
    said: list[str] = []
    for name, lines in found.items():
        listed = ratchet.get(name)
        if lines > limit(name):
            said.append(f"{name} has {lines} lines; {limit(name)} is the end. Split it.")
        elif listed is None:
            aim = FUNCTION_LINES_AIM if "::" in name else FILE_LINES_AIM
            said.append(f"{name} has {lines} lines; the aim is {aim}. Split it; the list of exceptions takes no more.")
        elif lines > listed:
            said.append(f"{name} has grown from {listed} to {lines} lines. Make it smaller, not larger.")
        elif lines < listed:
            said.append(f"{name} has shrunk from {listed} to {lines} lines. Thank you; run {LOWER}")
    said += [f"{name} is no longer too large. Thank you; run {LOWER}" for name in ratchet if name not in found]
    return said


def lowered(found: Mapping[str, int], ratchet: Mapping[str, int]) -> Sizes:
    """The list after what has shrunk: never a new name, never a larger number."""
    return {name: min(found[name], listed) for name, listed in sorted(ratchet.items()) if name in found}


def read_ratchet() -> Sizes:
    return json.loads(RATCHET.read_text(encoding="utf-8"))


def main() -> int:
    ratchet = lowered(sizes(), read_ratchet())
    RATCHET.write_text(json.dumps(ratchet, indent=2) + "\n", encoding="utf-8")
    left = problems(sizes(), ratchet)
    sys.stdout.write("".join(f"{line}\n" for line in left))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
