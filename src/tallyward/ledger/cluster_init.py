"""Makes a new cluster: whole or not at all, private, and set up for a ledger that answers after the commit.

`initdb` works in a directory of its own that gets its name when everything in it is written and synced, so that a
machine that stops half way leaves nothing that a later start could take for a cluster.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tallyward.errors import PostgresFailed
from tallyward.ledger.cluster_files import ClusterFiles
from tallyward.ledger.postgres_account import ENVIRONMENT, Account, identity, reachable_directory
from tallyward.ledger.postgres_binaries import Binaries
from tallyward.redact import redact

SUPERUSER = "tally_super"
INIT_SECONDS_MAX = 300  # half a second on a laptop; a network disk may take its time
BUILTIN_LOCALE_MAJOR = 17  # the first version that sorts and folds UTF-8 by itself, without the system's tables

# Given on the command line at every start, since our promises stand on them.
ALWAYS = {
    "listen_addresses": "",  # no network at all
    "unix_socket_directories": ".",  # inside the cluster, which only its user may enter
    "unix_socket_permissions": "0700",
    "fsync": "on",  # an answer 2xx means that the row survives a power cut
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
# Written once into postgresql.conf, where whoever runs the machine may change them.
AT_FIRST = {
    "max_connections": "100",
    "shared_buffers": "'256MB'",
    "wal_compression": "on",  # page images after a checkpoint are most of the log of a busy ledger
    "checkpoint_timeout": "'15min'",  # fewer checkpoints, fewer page images; replay takes a little longer
    "max_wal_size": "'2GB'",
    "random_page_cost": "1.1",  # disks of today do not seek
    "jit": "off",  # our queries are short; compiling them costs more than it saves
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # The log never shows what a row holds: neither the failed statement nor the values that collided.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
ACCESS = """\
# Whoever may enter this directory may connect; nobody comes from elsewhere.
local all all trust
"""


def initialise(files: ClusterFiles, binaries: Binaries, account: Account | None) -> None:
    """A new cluster in `files.cluster`. Raises PostgresFailed with what `initdb` said."""
    fresh = files.unfinished
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    try:
        if account is not None:
            os.chown(fresh, account.uid, account.gid)
        _run_initdb(fresh, binaries, account)
        settings = "".join(f"{name} = {value}\n" for name, value in AT_FIRST.items())
        _write(fresh / "postgresql.conf", os.O_APPEND, f"\n# Tallyward's own choices; change them at will.\n{settings}")
        _write(fresh / "pg_hba.conf", os.O_TRUNC, ACCESS)
        fresh.rename(files.cluster)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _sync_directory(files.data_dir)


def _run_initdb(fresh: Path, binaries: Binaries, account: Account | None) -> None:
    locale = ["--locale=C", "--encoding=UTF8"]
    if binaries.major >= BUILTIN_LOCALE_MAJOR:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options = ["-U", SUPERUSER, *locale, "--auth=trust", "--data-checksums", "--no-instructions"]
    try:
        with reachable_directory(fresh, account) as (name, descriptors):
            result = subprocess.run(
                [binaries.program("initdb"), "-D", name, *options],
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                pass_fds=descriptors,
                text=True,
                errors="replace",
                timeout=INIT_SECONDS_MAX,
                check=False,
                **identity(account),
            )
    except subprocess.TimeoutExpired as error:
        raise PostgresFailed("initdb took too long and was stopped.") from error
    if result.returncode != 0:
        said = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        raise PostgresFailed(f"initdb could not make a cluster: {redact(' / '.join(said[-4:]))}")


def _write(path: Path, how: int, text: str) -> None:
    """Writes and syncs. The directory belongs to another user if we are root, so no link is followed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | how)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
