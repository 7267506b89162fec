"""The laptop's folder: where the spool lies, and what `tally connect` left for those who come later.

    ~/.tally                  or TALLY_HOME; mode 0700
    ├── config.json           server, token, tenant, arg_key, engineer_id; mode 0600
    ├── state.json            the sender's counters, in all and by day
    ├── machine.json          the random number by which the server tells machines apart
    ├── reported.json         which books the server has
    ├── spool/                fires that wait, and what was set aside
    ├── hooks/                how our plugins start the hooks of this installation
    ├── relay.json, relay/    where the relay is to be found, and its lock
    ├── places/               who works where in a session, for telemetry that does not say; no content
    ├── sessions/             what a running session remembers between two hooks; no content
    └── backups/              the agents' settings as they were before `tally connect`

Imported by the hook: as little as possible.
"""

import os

from tallyward.client import quick_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_BYTES_MAX = 64 * 1024  # what we wrote is a few hundred bytes; a larger file is not ours
CONFIG_KEYS = ("server", "token", "tenant", "arg_key", "engineer_id")


class LaptopConfig:
    """What this machine knows of its server. Every part may be missing: a hook works without, a sender waits."""

    __slots__ = CONFIG_KEYS

    def __init__(self, values: "Mapping[str, str]") -> None:
        self.server = values.get("server")
        self.token = values.get("token")
        self.tenant = values.get("tenant")
        self.arg_key = values.get("arg_key")
        self.engineer_id = values.get("engineer_id")


def home_dir(environ: "Mapping[str, str]") -> str:
    """Where the folder is, whether or not it exists."""
    # pathlib takes longer to import than all of this.
    return os.path.abspath(environ.get("TALLY_HOME") or os.path.expanduser("~/.tally"))  # noqa: PTH100, PTH111


def make_folder(root: str, name: str) -> str:
    """The folder `name` in ours, both made if they are missing, for their owner alone."""
    for path in (root, f"{root}/{name}"):
        os.makedirs(path, mode=0o700, exist_ok=True)  # noqa: PTH103
    return f"{root}/{name}"


def read_small(path: str) -> "bytes | None":
    """The content of a small regular file; None if there is none, or it is something else, or too large.

    Opened without blocking, so that a pipe where a file should be cannot hold anybody up.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        raw = os.read(fd, FILE_BYTES_MAX + 1)
    except OSError:
        return None
    finally:
        os.close(fd)
    return raw if len(raw) <= FILE_BYTES_MAX else None


def read_object(path: str) -> "dict[str, object]":
    """The JSON object in a small file of ours; empty if it is missing or broken."""
    raw = read_small(path)
    if not raw:
        return {}
    try:
        value = quick_json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # JSON keys are text


def write_object(path: str, value: "dict[str, object]", *, durable: bool = True) -> None:
    """Put `value` in place of what was in the file, whole or not at all, for nobody else to read."""
    aside = f"{path}.{os.getpid()}.new"
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(fd, quick_json.dumps(value).encode() + b"\n")
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(aside, path)  # noqa: PTH105
    except OSError:
        os.unlink(aside)  # noqa: PTH108
        raise


def read_config(root: str, environ: "Mapping[str, str]") -> LaptopConfig:
    """What `tally connect` wrote, with TALLY_SERVER and TALLY_TOKEN in their place where they are set."""
    found = read_object(f"{root}/config.json")
    values = {key: str(found[key]) for key in CONFIG_KEYS if isinstance(found.get(key), str)}
    if environ.get("TALLY_SERVER"):
        values["server"] = environ["TALLY_SERVER"]
    if environ.get("TALLY_TOKEN"):
        values["token"] = environ["TALLY_TOKEN"]
    return LaptopConfig(values)
