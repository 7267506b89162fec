"""As whom the embedded PostgreSQL runs: as ourselves, unless we are root.

PostgreSQL refuses to run as root. Then it runs as whoever owns the cluster already, else as `postgres`, else as
`nobody`, without further groups and with nothing of our environment, which may hold tokens.
"""

import os
import pwd
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tallyward.errors import PostgresFailed

CANDIDATES = ("postgres", "nobody")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    uid: int
    gid: int
    name: str


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that start a program as another user."""

    user: int
    group: int
    extra_groups: Sequence[int]


def account_for(cluster_dir: Path) -> Account | None:
    """The user to run as for the cluster in `cluster_dir`, which need not exist yet; None means as ourselves."""
    if os.geteuid() != 0:
        return None
    owner = cluster_dir.stat() if cluster_dir.exists() else None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, _name(owner.st_uid))
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise PostgresFailed(
        f"PostgreSQL does not run as root, and this machine has none of the users {', '.join(CANDIDATES)} to run it as."
    )


def identity(account: Account | None) -> Identity:
    """What to hand to `subprocess` so that the program runs as `account` and nothing more."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


@contextmanager
def reachable_directory(directory: Path, account: Account | None) -> Generator[tuple[str, tuple[int, ...]]]:
    """A name by which a program that runs as `account` gets into `directory`, and the descriptors it must inherit.

    Another user may not be allowed to walk the path, below /root for example. A descriptor that we opened leads there
    without walking, and /proc/self/fd gives it a name that holds for the program and all that it forks.
    """
    if account is None or not Path("/proc/self/fd").exists():
        yield str(directory), ()
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
