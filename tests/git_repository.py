"""A real repository whose history a test writes: branches, merges of every kind, squashes, reverts, odd bytes."""

import os
import subprocess
from pathlib import Path

from tests.pulls import NOON

HOUR, DAY = 3_600, 86_400
Done = subprocess.CompletedProcess[bytes]


class GitRepository:
    """A repository that lives by a clock of its own, in seconds from noon."""

    def __init__(self, folder: Path, branch: str = "main") -> None:
        self.folder = folder
        self.now = 0
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "-b", branch)

    def git(self, *arguments: str, message: bytes | None = None, encoding: str = "UTF-8") -> str:
        done = self._run(*arguments, message=message, encoding=encoding)
        assert done.returncode == 0, (done.args, done.stderr)
        return done.stdout.decode(errors="replace").strip()

    def _run(self, *arguments: str, message: bytes | None = None, encoding: str = "UTF-8") -> Done:
        """Runs git with nothing of the settings of this machine."""
        moment = f"{int(NOON.timestamp()) + self.now} +0000"
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org", "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org", "GIT_COMMITTER_DATE": moment,
        }  # fmt: skip
        command = ["git", "-c", f"i18n.commitEncoding={encoding}", "-c", "core.quotePath=false", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment, input=message, capture_output=True, check=False
        )

    def commit(self, message: str | bytes, *, encoding: str = "UTF-8", after: int = HOUR, **files: str) -> str:
        """Commits files, named without their dot (`a_py` is a.py), after so many seconds, and gives the commit."""
        self.now += after
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        words = message.encode() if isinstance(message, str) else message
        self.git("commit", "--quiet", "--allow-empty", "-F", "-", message=words, encoding=encoding)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, start: str = "main") -> None:
        self.git("checkout", "--quiet", "-b", name, start)

    def back(self, branch: str = "main") -> None:
        self.git("checkout", "--quiet", branch)

    def merge(self, message: str, *heads: str, after: int = HOUR, **resolved: str) -> str:
        """Merges branches into the one that is checked out; `resolved` are files that a person puts right."""
        self.now += after
        if not resolved:
            self.git("merge", "--quiet", "--no-ff", "-m", message, *heads)
            return self.git("rev-parse", "HEAD")
        self._run("merge", "--quiet", "--no-commit", *heads)
        return self.commit(message, after=0, **resolved)

    def squash(self, message: str, head: str, after: int = HOUR) -> str:
        self.now += after
        self.git("merge", "--quiet", "--squash", head)
        return self.commit(message, after=0)

    def revert(self, sha: str) -> str:
        """Takes a commit back as git does it, in a commit of no pull request."""
        self.now += HOUR
        self.git("revert", "--no-edit", sha)
        return self.git("rev-parse", "HEAD")


def written(folder: Path, words: str = "the words") -> dict[str, str]:
    """Writes a history with one of everything, and gives the commits by name. `words` stand in every message."""
    made = GitRepository(folder)
    sha = {"root": made.commit(f"Begin: {words}", a_py="1\n", b_py="1\n", src__x_py="1\n")}
    made.branch("claude/first")
    made.commit(f"Work\n\n{words}", a_py="2\n")
    made.commit(f"More\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n{words}", a_py="3\n")
    made.branch("codex/second")  # open at the same time, and it touches the same file
    made.git("reset", "--hard", "--quiet", sha["root"])
    made.commit(f"Second {words}", a_py="other\n", src__y_py="2\n")
    made.back()
    sha["first"] = made.merge(
        f"Merge pull request #{1} from example/claude/first\n\nThe first: {words}", "claude/first"
    )
    made.back("codex/second")
    made.commit("Answer", after=3 * DAY, src__y_py="3\n")
    made.back()
    sha["second"] = made.merge(
        f"Merge pull request #{2} from example/codex/second\n\n{words}", "codex/second", a_py="both\n"
    )
    return sha | _rest(made, sha["first"], words)


def _rest(made: GitRepository, first: str, words: str) -> dict[str, str]:
    sha: dict[str, str] = {}
    made.branch("plain")
    made.commit(f"Plain {words}", b_py="2\n")
    made.back()
    sha["plain"] = made.merge("Merge branch 'plain'", "plain")
    made.branch("squashed")
    made.commit("s1", c_py="1\n")
    made.commit("s2", c_py="2\n")
    made.back()
    sha["squash"] = made.squash(f"Add c: {words} (#{4})\n\n* s1\n* s2", "squashed")
    sha["undo"] = made.revert(sha["squash"])
    sha["revert"] = made.commit(f'Revert "The first: {words}" (#{5})\n\nReverts example/app#{1}', a_py="1\n")
    for name in ("left", "right"):
        made.branch(name)
        made.commit(f"{name} {words}", **{f"{name}_py": "1\n"})
        made.back()
    sha["octopus"] = made.merge(f"Merge branches 'left' and 'right' {words}", "left", "right")
    sha["bytes"] = made.commit(b"Caf\xe9 \xff\xfe " + words.encode() + f" (#{7})".encode(), d_py="1\n")
    sha["latin"] = made.commit(b"Stra\xdfe " + words.encode() + f" (#{8})".encode(), encoding="ISO-8859-1", e_py="1\n")
    return sha
