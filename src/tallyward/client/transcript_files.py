"""Where agent programs keep what they did: the transcripts, rollouts and stores of this machine, oldest first.

The order matters for one thing: a fork copies the records of its parent, and whoever is read first is taken for the one
they belong to. So files come in the order in which they were begun, as far as that can be known.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 8_192  # the first moment stands in the first records
_MOMENT = re.compile(rb'"timestamp":\s*"([0-9T:.Z+-]{10,35})"')
PROGRAMS = ("claude", "codex", "opencode")


@dataclass(frozen=True)
class Found:
    """A file as it is now."""

    path: Path
    size: int
    written_ns: int

    @property
    def is_compressed(self) -> bool:
        return self.path.suffix == ".zst"


def roots(program: str, root: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """The folders (or the file) to look in, those that are there."""
    wanted = [root] if root is not None else _homes(program, environ)
    inner = {"claude": ("projects",), "codex": ("sessions", "archived_sessions"), "opencode": ()}[program]
    found: list[Path] = []
    for home in wanted:
        parts = [home / name for name in inner if (home / name).is_dir()]
        found += parts or ([home] if home.exists() else [])
    return found


def _homes(program: str, environ: Mapping[str, str]) -> list[Path]:
    """Where the program keeps its files unless somebody says otherwise."""
    home = Path(environ.get("HOME") or Path.home())
    if program == "claude":
        named = environ.get("CLAUDE_CONFIG_DIR")
        return [Path(named)] if named else [home / ".claude", home / ".config" / "claude"]
    if program == "codex":
        return [Path(environ.get("CODEX_HOME") or home / ".codex")]
    return [Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "opencode"]


def find(program: str, folders: Sequence[Path]) -> list[Found]:
    """The program's files in these folders, in the order in which they were begun. What cannot be looked at is left."""
    found: list[tuple[tuple[object, ...], Found]] = []
    for folder in folders:
        for path in _paths(folder):
            if _belongs(program, path.name):
                try:
                    facts = path.stat()
                    found.append((_begun(program, path, facts), Found(path, facts.st_size, facts.st_mtime_ns)))
                except OSError:
                    continue  # It went away, or is nobody's business.
    return [file for _, file in sorted(found, key=lambda pair: pair[0])]


def _paths(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for here, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(here, name) for name in sorted(names))


def _belongs(program: str, name: str) -> bool:
    if program == "claude":
        return name.endswith(".jsonl")
    if program == "codex":
        return name.startswith("rollout-") and name.endswith((".jsonl", ".jsonl.zst", ".json"))
    return name.endswith(".db")


def _begun(program: str, path: Path, facts: os.stat_result) -> tuple[object, ...]:
    """What tells when a file was begun, best word first. Rollouts have the moment in their names."""
    if program != "claude":
        return path.name, str(path)
    with path.open("rb") as file:
        moment = _MOMENT.search(file.read(HEAD_BYTES))
    born = getattr(facts, "st_birthtime", 0.0)  # not every system remembers it
    return born, moment[1] if moment else b"", facts.st_mtime_ns, str(path)
