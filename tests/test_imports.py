"""What `.importlinter` cannot say: the laptop needs only Python itself, and each file of the client is quick or not."""

import ast
import configparser
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
# Runs on laptops by a bare `python -I -S`, without anything that pip installs.
BARE_ROOMS = ("hooks", "client", "relay", "capture", "clock", "ids", "redact", "errors", "hook_times")


def files_of(room: str) -> list[Path]:
    package = SOURCE / "tallyward" / room
    return sorted(package.rglob("*.py")) if package.is_dir() else [package.with_suffix(".py")]


def imported(path: Path) -> Iterator[str]:
    """Names of the modules that a file imports anywhere in it; relative imports are not our habit."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(name: str) -> str | None:
    """The module of ours behind an imported name, which may be of something in it."""
    for candidate in (name, name.rpartition(".")[0]):
        path = SOURCE / candidate.replace(".", "/")
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return candidate
    return None


@pytest.mark.parametrize("room", BARE_ROOMS)
def test_the_laptops_rooms_need_only_python_itself(room: str):
    for path in files_of(room):
        for name in imported(path):
            top = name.split(".")[0]
            if top == "tallyward":
                module = module_of(name)
                assert module == "tallyward" or module.split(".")[1] in BARE_ROOMS, f"{path} imports {name}"
            else:  # an underscore: a part of another version of Python
                assert top in sys.stdlib_module_names or top.startswith("_"), f"{path} imports {name}"


def reached_from(room: str) -> set[str]:
    """Every module of ours that importing a room may load."""
    seen: set[str] = set()
    waiting = [path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".") for path in files_of(room)]
    while waiting:
        name = waiting.pop()
        path = SOURCE / name.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in seen or not path.is_file():
            continue
        seen.add(name)
        waiting += [found for found in map(module_of, imported(path)) if found]
    return seen


def test_every_file_of_the_client_is_known_to_be_quick_or_is_forbidden_to_the_hook():
    """A new file of the client is either something a hook takes, or stands on the list of what it must not take."""
    linter = configparser.ConfigParser()
    linter.read(ROOT / ".importlinter")
    listed = set(linter["importlinter:contract:hooks"]["forbidden_modules"].split())
    client = {f"tallyward.client.{path.stem}" for path in files_of("client") if path.stem != "__init__"}
    quick = reached_from("hooks") & client

    assert quick & listed == set()
    assert client - quick == listed & client, "decide, in the contract `hooks` of .importlinter"
