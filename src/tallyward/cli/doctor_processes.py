"""Which sessions of an agent program are open on this machine, and since when.

Only this user's, and where the system tells it, only those that read the settings we look at.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tallyward import clock
from tallyward.cli.programs import AgentProgram

PS_SECONDS_MAX = 5.0
_WORDS_MAX = 3  # of a command line; the program's name is the first, or follows that of its interpreter
_ETIME = re.compile(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)")
_PROC = Path("/proc")


@dataclass(frozen=True)
class AgentProcess:
    """One process, and when it began, in seconds since 1970."""

    pid: int
    started_at: float


def running(program: AgentProgram) -> list[AgentProcess] | None:
    """The open sessions of a program; None where the system does not tell."""
    try:
        return list(_of_proc(program) if (_PROC / "stat").exists() else _of_ps(program.name))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def is_agent(words: list[str], name: str) -> bool:
    """Whether a command line is that of the program `name`: by its file, or by the package it is installed as."""
    package = {"claude": "claude-code/", "codex": "@openai/codex/"}[name]
    return any(Path(word).name == name or package in word for word in words[:_WORDS_MAX] if not word.startswith("-"))


def _of_proc(program: AgentProgram) -> Iterator[AgentProcess]:
    ticks = os.sysconf("SC_CLK_TCK")
    lines = (_PROC / "stat").read_text().splitlines()
    booted = float(next(line for line in lines if line.startswith("btime")).split()[1])
    for folder in _PROC.glob("[0-9]*"):
        try:
            if folder.stat().st_uid != os.getuid():
                continue
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if is_agent(words, program.name) and _reads_our_settings(folder, program):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                yield AgentProcess(int(folder.name), booted + int(fields[19]) / ticks)
        except OSError:
            continue  # It ended while we looked, or is nobody's business.


def _reads_our_settings(folder: Path, program: AgentProgram) -> bool:
    pairs = (pair.partition("=") for pair in (folder / "environ").read_bytes().decode(errors="replace").split("\0"))
    environ = {name: value for name, _, value in pairs}
    if not (environ.get(program.home_variable) or environ.get("HOME")):
        return False
    chosen = environ.get(program.home_variable)
    theirs = chosen or str(Path(environ.get("HOME", "")) / program.folder)
    return os.path.realpath(theirs) == os.path.realpath(program.home(os.environ))


def _of_ps(name: str) -> Iterator[AgentProcess]:
    command = ["ps", "-x", "-o", "pid=,etime=,args="]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PS_SECONDS_MAX, check=True)
    now = clock.epoch_seconds()
    for line in done.stdout.splitlines():
        pid, elapsed, *words = line.split()
        if is_agent(words, name):
            yield AgentProcess(int(pid), now - seconds_of(elapsed))


def seconds_of(elapsed: str) -> float:
    """What `ps` says of a process's age, as [[days-]hours:]minutes:seconds."""
    parts = _ETIME.fullmatch(elapsed)
    if parts is None:
        raise ValueError(f"{elapsed!r} is no age of a process")
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
