"""Which skills a shell command of Codex reads. Codex has no tool for skills: using one is reading its `SKILL.md`.

Only a skill's name comes out of a command. What writes or patches such a file, lists it or searches for it, reads none.

Imported by the hook: no regular expressions, which take longer to import than the hook has to live.
"""

READERS = ("awk", "bat", "batcat", "cat", "gc", "get-content", "head", "less", "more", "nl", "sed", "tail", "type")
SHELLS = ("bash", "sh", "zsh")
PREFIXES = ("command", "do", "else", "env", "sudo", "then", "time", "!")
SEPARATORS = ";|&()`\n"
PATCHES = ("*** Begin Patch", "apply_patch")
NAME_CHARS_MAX = 100
SKILLS_MAX = 20  # more in one command is a search, whatever it looks like
COMMAND_CHARS_MAX = 20_000
_MARKS = frozenset("-_.:@+")


def is_name(word: str) -> bool:
    """Whether a word can be a skill's name, and nothing that a person would have written."""
    return 0 < len(word) <= NAME_CHARS_MAX and all(letter.isalnum() or letter in _MARKS for letter in word)


def skills_read(command: object) -> "list[str]":
    """The names of the skills that `command` reads, each once."""
    if isinstance(command, list):
        command = command[-1] if command else ""  # pyright: ignore[reportUnknownVariableType]  # as older versions have it
    if not isinstance(command, str) or "SKILL.md" not in command or any(patch in command for patch in PATCHES):
        return []
    command = command[:COMMAND_CHARS_MAX]
    for separator in SEPARATORS:
        command = command.replace(separator, "\n")
    found: list[str] = []
    for part in command.split("\n"):
        for name in _read_by(part.partition(">")[0].replace("<", " ").split()):
            if name not in found:
                found.append(name)
    return found[:SKILLS_MAX]


def _read_by(words: "list[str]") -> "list[str]":
    """The names in one simple command, its words split at spaces; a name has none, so quotes do not matter."""
    while words and (words[0] in PREFIXES or "=" in words[0]):
        words = words[1:]
    if len(words) > 2 and _program(words[0]) in SHELLS and words[1].startswith("-"):  # noqa: PLR2004  # `bash -lc '...'`
        words = words[2:]
    if not words or _program(words[0]) not in READERS or "-i" in words:
        return []
    paths = [word.strip("'\"").replace("\\", "/").split("/") for word in words[1:]]
    return [path[-2] for path in paths if path[-1] == "SKILL.md" and "skills" in path[:-2] and is_name(path[-2])]


def _program(word: str) -> str:
    return word.strip("'\"").rpartition("/")[2].lower()
