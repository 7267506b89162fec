"""What the acceptance grid reads from the server's disk: checkouts that the settings name, and a tenant's lint rules.

Names and a few small text files, and nothing else of a repository.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tallyward.accept._base import Checkout

FILE_BYTES_MAX = 262_144  # a workflow or a rule is a few kilobytes
FILES_MAX = 200  # of one kind in one folder
_YAML = (".yml", ".yaml")
_RULES = (*_YAML, ".toml", ".json", ".md", ".py", ".js", ".ts", ".scm")


def read_checkouts(folders: Mapping[str, str]) -> dict[str, Checkout]:
    """Each repository as it lies there."""
    return {repo: _checkout(Path(folder).expanduser()) for repo, folder in folders.items()}


def read_lints(folder: Path) -> dict[str, str]:
    """The texts of the rules in this folder and those below it, by their names; none where it is not there."""
    return {path.relative_to(folder).as_posix(): text for path, text in _texts(folder, "**/*", _RULES)}


def _checkout(folder: Path) -> Checkout:
    try:
        if not folder.is_dir():
            return Checkout(problem=f"{folder} is no folder on the server")
        commands = frozenset(_commands(folder / ".claude"))
        workflows = folder / ".github" / "workflows"
        texts = {path.relative_to(folder).as_posix(): text for path, text in _texts(workflows, "*", _YAML)}
    except OSError as error:
        return Checkout(problem=f"{folder}: {error.strerror or type(error).__name__}")
    return Checkout(commands=commands, workflows=texts)


def _commands(claude: Path) -> Iterator[str]:
    """Names of the slash commands: a file of `commands/`, which may have folders, or a folder of `skills/`."""
    for path in sorted((claude / "commands").glob("**/*.md")):
        yield path.stem
    for path in sorted((claude / "skills").glob("*/SKILL.md")):
        yield path.parent.name


def _texts(folder: Path, pattern: str, endings: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    found = (path for path in sorted(folder.glob(pattern)) if path.suffix in endings and path.is_file())
    for _, path in zip(range(FILES_MAX), found, strict=False):
        with path.open("rb") as file:
            yield path, file.read(FILE_BYTES_MAX).decode("utf-8", errors="replace")
