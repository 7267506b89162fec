"""Asks a clone with the real git program: its history in one stream, and whether two commits merge by themselves.

No shell, no network, no signature is checked and nothing is written into the clone: what a trial merge makes goes into
a folder of its own that is thrown away.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tallyward import ids
from tallyward.domain.attribution import AgentRules
from tallyward.domain.git_history import FORMAT, Commit, commits
from tallyward.errors import BranchUnknown, CloneUnreadable, GitMissing

READ_BYTES = 1 << 18
MERGE_SECONDS_MAX = 30
TRIALS_AT_ONCE = 2
CLEAN, CONFLICT = 0, 1
READABLE_SINCE, MERGE_TREE_SINCE = (2, 31), (2, 38)
_VERSION = re.compile(r"(\d+)\.(\d+)")
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # an older git fetches what a partial clone lacks; with this it cannot
    "LC_ALL": "C",
}


class Clone:
    """A repository on this machine, opened with `opened`."""

    def __init__(self, path: Path, objects: Path, version: tuple[int, int]) -> None:
        self.path = path
        self.version = version
        self.shallow = False
        self._scratch = objects
        self._objects = ""
        self._gate = asyncio.Semaphore(TRIALS_AT_ONCE)

    @property
    def can_merge(self) -> bool:
        """Whether this git can merge two commits without a work tree."""
        return self.version >= MERGE_TREE_SINCE

    async def look(self) -> None:
        """Finds out what it is. Raises CloneUnreadable, with what git said."""
        self.shallow = await self.ask("rev-parse", "--is-shallow-repository") == "true"
        self._objects = await self.ask("rev-parse", "--path-format=absolute", "--git-path", "objects")

    async def branch(self, asked: str | None) -> tuple[str, str]:
        """The name and the newest commit of a branch, the one that is checked out if none is asked for."""
        name = asked or await self._checked_out()
        for ref in (f"refs/heads/{name}", f"refs/remotes/origin/{name}", f"refs/remotes/{name}"):
            code, sha = await self._run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
            if code == CLEAN:
                return name.removeprefix("origin/"), sha
        raise BranchUnknown(f"{self.path} has no commit on a branch {name[:100]!r}.", field="--branch")

    async def _checked_out(self) -> str:
        code, name = await self._run("symbolic-ref", "--quiet", "--short", "HEAD")
        if code != CLEAN:
            raise BranchUnknown(f"{self.path} has a commit checked out and no branch.", field="--branch")
        return name

    async def history(self, tip: str, repo: str | None, rules: AgentRules) -> AsyncIterator[list[Commit]]:
        """All commits up to `tip`, newest first, some at a time."""
        mark = ids.random_hex(16)
        fields = "%x00".join((mark, *FORMAT, ""))
        process = await self._start(
            "-c", "log.showSignature=false", "log", "-z", "--topo-order", "--name-only", "--no-renames",
            "--no-color", "--no-notes", "--no-mailmap", "--no-ext-diff", "--no-textconv", "--encoding=UTF-8",
            "--diff-merges=first-parent", f"--format={fields}", tip, "--",
            complaints=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        stream = process.stdout or asyncio.StreamReader()  # a pipe was asked for, so there is one
        try:
            waiting = b""
            begin = mark.encode()
            while chunk := await stream.read(READ_BYTES):
                waiting += chunk
                cut = max(waiting.rfind(b"\0" + begin + b"\0"), waiting.rfind(b"\0\n" + begin + b"\0"))
                if cut > 0:
                    whole, waiting = waiting[:cut], waiting[cut + 1 :]
                    yield list(commits(whole.split(b"\0"), begin, repo, rules))
            yield list(commits(waiting.split(b"\0"), begin, repo, rules))
            if await process.wait() != CLEAN:
                raise CloneUnreadable(f"git could not read all of the history in {self.path}.")
        finally:
            await _end(process)

    async def conflict(self, one: str, other: str) -> bool | None:
        """Whether these two commits cannot be merged without a person. None where git cannot tell."""
        if not self.can_merge:
            return None
        async with self._gate:
            try:
                code, _ = await asyncio.wait_for(
                    self._run("merge-tree", "--write-tree", "--no-messages", "--name-only", one, other),
                    MERGE_SECONDS_MAX,
                )
            except TimeoutError:
                return None
        return {CLEAN: False, CONFLICT: True}.get(code)

    async def ask(self, *arguments: str) -> str:
        code, said = await self._run(*arguments)
        if code != CLEAN:
            raise CloneUnreadable(f"git {arguments[0]} failed in {self.path}: {said}")
        return said

    async def _run(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and the first line of the answer or of the complaint."""
        process = await self._start(*arguments)
        try:
            out, error = await process.communicate()
        finally:
            await _end(process)
        said = out if process.returncode == CLEAN else error
        return process.returncode or 0, said.decode(errors="replace").strip().partition("\n")[0][:300]

    async def _start(self, *arguments: str, complaints: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        # A hook of git runs with variables that name its own repository, and they would go before the path.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _QUIET
        if self._objects:
            environment |= {
                "GIT_OBJECT_DIRECTORY": str(self._scratch),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": self._objects,
            }
        return await asyncio.create_subprocess_exec(
            "git", "--no-pager", "-C", str(self.path), *arguments, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=complaints,
        )  # fmt: skip


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[Clone]:
    """The clone at `path`. Raises GitMissing or CloneUnreadable."""
    if not path.is_dir():  # noqa: ASYNC240  # once, of a command that does nothing else
        raise CloneUnreadable(f"{path} is not a folder.")
    with tempfile.TemporaryDirectory(prefix="tally-git-") as folder:
        version = await _version()
        if version < READABLE_SINCE:
            raise GitMissing(f"git {version[0]}.{version[1]} is too old.")
        clone = Clone(path, Path(folder), version)
        await clone.look()
        yield clone


async def _version() -> tuple[int, int]:
    try:
        process = await asyncio.create_subprocess_exec("git", "--version", stdout=asyncio.subprocess.PIPE)
    except FileNotFoundError as error:
        raise GitMissing from error
    out, _ = await process.communicate()
    found = _VERSION.search(out.decode(errors="replace"))
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


async def conflicts(clone: Clone, tries: Sequence[tuple[str, str]]) -> AsyncIterator[tuple[int, bool | None]]:
    """Tries these merges, a few at once, and tells the place and the outcome of each as it is known."""

    async def one(place: int) -> tuple[int, bool | None]:
        return place, await clone.conflict(*tries[place])

    for start in range(0, len(tries), TRIALS_AT_ONCE):
        for place, outcome in await asyncio.gather(*map(one, range(start, min(start + TRIALS_AT_ONCE, len(tries))))):
            yield place, outcome
