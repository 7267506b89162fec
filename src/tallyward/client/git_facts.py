"""Repository, branch and git's idea of the user, read from git's own files.

Starting `git` costs more than a hook may take, and runs whatever a repository's configuration says. Four small files
say the same: `.git` (a directory, or a file in a worktree or submodule), `HEAD`, `commondir`, `config`. Nothing here
raises: what cannot be read is None.

Names only: a URL's user, password and host are dropped, and a remote that is a path on this machine is not a name.
"""

import os

from tallyward.client.home import LaptopConfig, read_small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARENTS_MAX = 64  # a deeper directory tree is a loop or a joke
LINES_MAX = 2_000


class Repository:
    """What git's files say about a directory. `top` is the work tree's root; None outside of any repository."""

    __slots__ = ("branch", "common_dir", "name", "top")

    def __init__(self, top: "str | None", common_dir: "str | None", name: "str | None", branch: "str | None") -> None:
        self.top = top
        self.common_dir = common_dir
        self.name = name
        self.branch = branch

    def relative_path(self, path: str) -> "str | None":
        """`path` from the root of the work tree, if it truly lies in it (links followed); else None."""
        if self.top is None:
            return None
        try:
            real = os.path.realpath(os.path.join(self.top, path))  # noqa: PTH118
            root = os.path.realpath(self.top)
        except (OSError, ValueError):
            return None
        return real[len(root) + 1 :] if real.startswith(root.rstrip("/") + "/") else None


def repository(directory: object) -> Repository:
    """The repository that `directory` lies in."""
    nowhere = Repository(None, None, None, None)
    if not isinstance(directory, str) or not directory.startswith("/"):
        return nowhere
    top = directory.rstrip("/")
    for _ in range(PARENTS_MAX):
        git_dir = _git_dir(top)
        if git_dir is not None:
            common_dir = _common_dir(git_dir)
            return Repository(top or "/", common_dir, _name(top, common_dir), _branch(git_dir))
        if not top:
            return nowhere
        top = top.rpartition("/")[0]
    return nowhere


def _git_dir(top: str) -> "str | None":
    """The git directory of a work tree's root: `.git` itself, or what a worktree's `.git` file points to."""
    path = f"{top}/.git"
    if os.path.isdir(path):  # noqa: PTH112
        return path if os.path.exists(f"{path}/HEAD") else None  # noqa: PTH110
    line = _first_line(path)
    if line is None or not line.startswith("gitdir:"):
        return None
    return os.path.normpath(os.path.join(top or "/", line[len("gitdir:") :].strip()))  # noqa: PTH118


def _common_dir(git_dir: str) -> str:
    """A worktree shares its configuration with the repository it belongs to."""
    shared = _first_line(f"{git_dir}/commondir")
    return os.path.normpath(os.path.join(git_dir, shared)) if shared else git_dir  # noqa: PTH118


def _first_line(path: str) -> "str | None":
    raw = read_small(path)
    if not raw:
        return None
    return raw.decode("utf-8", "replace").partition("\n")[0].strip()


def _branch(git_dir: str) -> "str | None":
    """The branch of HEAD; None when detached."""
    head = _first_line(f"{git_dir}/HEAD") or ""
    prefix = "ref: refs/heads/"
    branch = head[len(prefix) :] if head.startswith(prefix) else ""
    return branch if branch and branch != ".invalid" else None  # git's reftable format leaves `.invalid` there


def _name(top: str, common_dir: str) -> "str | None":
    """`owner/name` of the origin; without one, the name of the repository's own directory."""
    for section, key, value in _settings(f"{common_dir}/config"):
        if (section, key) == ('remote "origin"', "url"):
            named = name_of_url(value)
            if named is not None:
                return named
    home = common_dir[: -len("/.git")] if common_dir.endswith("/.git") else top
    return home.rpartition("/")[2] or None


def name_of_url(url: str) -> "str | None":
    """`owner/name` of a remote's URL, whatever its form; None for a path on this machine."""
    scheme, separator, rest = url.partition("://")
    if separator:
        if scheme.lower() == "file":
            return None
        host, _, path = rest.partition("/")
    else:
        host, colon, path = url.partition(":")  # user@host:owner/name, the form of scp
        if not colon or "/" in host:
            return None
    path = path.partition("?")[0].partition("#")[0].strip("/").removesuffix(".git")
    parts = [part for part in path.split("/") if part]
    # After scp's colon a path may still be absolute or begin with ~: a directory on the host, not an owner.
    return "/".join(parts) if host and len(parts) > 1 and not parts[0].startswith("~") else None


def engineer(config: LaptopConfig, found: Repository, environ: "Mapping[str, str]") -> "str | None":
    """Who works here: GITHUB_USER, else the handle that the token is bound to, else git's word; None if nobody says."""
    for named in (environ.get("GITHUB_USER"), config.engineer_id):
        if named and named.strip():
            return named
    return git_user(found, environ)


def git_user(found: Repository, environ: "Mapping[str, str]") -> "str | None":
    """Who git says works here: `github.user`, else `user.name`; the repository's word before the person's own.

    `include` is not followed: a hook reads two files, not a tree of them.
    """
    home = os.path.expanduser("~")  # noqa: PTH111
    files = [f"{environ.get('XDG_CONFIG_HOME') or home + '/.config'}/git/config", f"{home}/.gitconfig"]
    if environ.get("GIT_CONFIG_GLOBAL"):
        files = [environ["GIT_CONFIG_GLOBAL"]]
    if found.common_dir:
        files.append(f"{found.common_dir}/config")
    said: dict[str, str] = {}
    for path in files:
        said |= {
            section: value
            for section, key, value in _settings(path)
            if value and (section, key) in (("github", "user"), ("user", "name"))
        }
    return said.get("github") or said.get("user")


def _settings(path: str) -> "Iterator[tuple[str, str, str]]":
    """(section, key, value) of a git configuration file, as far as single lines go. Names in lower case."""
    raw = read_small(path) or b""
    section = ""
    for line in raw.decode("utf-8", "replace").split("\n", LINES_MAX)[:LINES_MAX]:
        part = line.strip()
        if part.startswith("["):
            head, _, tail = part[1:].partition("]")
            name, quote, label = head.partition('"')
            section = f"{name.strip().lower()} {quote}{label}" if quote else head.strip().lower()
            part = tail.strip()
        key, equals, value = part.partition("=")
        if equals and not part.startswith(("#", ";")):
            yield section, key.strip().lower(), _plain(value.strip())


def _plain(value: str) -> str:
    """A value without its comment and quotes."""
    if value.startswith('"'):
        return value[1:].partition('"')[0]
    for mark in (" #", " ;", "\t#", "\t;"):
        value = value.partition(mark)[0]
    return value.strip()
