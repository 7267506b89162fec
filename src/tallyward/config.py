"""Settings of the server, a frozen object built once: flag before environment before default."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tallyward.errors import ConfigInvalid
from tallyward.redact import Secret

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8787
# What the server reads from the environment. Any other TALLY_ name is named in a warning at the start, so that a
# misspelt one is noticed; those that belong to the laptop and to our own tests are passed over.
SERVER_VARIABLES = (
    "TALLY_DATA", "TALLY_DATABASE", "TALLY_HOST", "TALLY_PORT", "TALLY_SECRET_KEY", "TALLY_TENANTS",
)  # fmt: skip
OTHER_VARIABLES = ("TALLY_SERVER", "TALLY_TOKEN", "TALLY_HOME", "TALLY_RUNTIME", "TALLY_EXPORTS", "TALLY_FAULT_POINTS")
_TEST_PREFIX = "TALLY_TEST_"


@dataclass(frozen=True)
class Settings:
    """What `tally serve` runs with.

    data_dir: where the embedded PostgreSQL and its logs live. database: URL of another PostgreSQL, 15 or newer.
    tenants_dir: folder of `<tenant>/tenant.toml`. sample: whether to fill and show the sample tenant.
    secret_key: under which secrets are sealed that must be read again; a file in data_dir where it is not given.
    """

    data_dir: Path
    database: Secret | None = None
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    tenants_dir: Path | None = None
    sample: bool = False
    secret_key: Secret | None = None


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/tallyward`, or `~/.local/share/tallyward`."""
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "tallyward"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= 65535):  # noqa: PLR2004  # the range of TCP ports
        raise ConfigInvalid(f"TALLY_PORT is {text!r}, not a port number from 0 to 65535.", field="TALLY_PORT")
    return int(text)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """TALLY_ names in `environ` that nothing reads, in order."""
    known = {*SERVER_VARIABLES, *OTHER_VARIABLES}
    return sorted(n for n in environ if n.startswith("TALLY_") and n not in known and not n.startswith(_TEST_PREFIX))


def load(  # noqa: PLR0913  # one parameter per flag, all by name
    *,
    data: Path | None = None,
    database: str | None = None,
    host: str | None = None,
    port: int | None = None,
    tenants: Path | None = None,
    sample: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from flags, then environment, then defaults. Raises ConfigInvalid with the name of a bad key."""
    env = os.environ if environ is None else environ
    url = database or env.get("TALLY_DATABASE") or None
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        raise ConfigInvalid("The database URL must start with postgresql://.", field="--database")
    data_dir = data or (Path(env["TALLY_DATA"]) if env.get("TALLY_DATA") else default_data_dir(env))
    tenants_dir = tenants or (Path(env["TALLY_TENANTS"]) if env.get("TALLY_TENANTS") else None)
    if tenants_dir is not None and not tenants_dir.is_dir():
        raise ConfigInvalid(f"The tenants folder {tenants_dir} does not exist.", field="TALLY_TENANTS")
    return Settings(
        data_dir=data_dir.expanduser().absolute(),
        database=Secret(url) if url else None,
        host=host or env.get("TALLY_HOST") or DEFAULT_HOST,
        port=port if port is not None else _port(env.get("TALLY_PORT") or str(DEFAULT_PORT)),
        tenants_dir=tenants_dir,
        sample=sample,
        secret_key=Secret(env["TALLY_SECRET_KEY"]) if env.get("TALLY_SECRET_KEY") else None,
    )
