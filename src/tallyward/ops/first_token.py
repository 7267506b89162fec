"""The first token of a newcomer's server, and what to do with it.

Only on the embedded default with the sample, where server and laptop are one machine and one person: the token stands
in a file that only this user can read, as it stands in the laptop's own configuration, so that a second start can show
it again. Anywhere else tokens are made with `tally token create` and shown once.
"""

import getpass
import os
import sys
import tempfile
from pathlib import Path

from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import NotAuthenticated
from tallyward.ids import is_token
from tallyward.redact import Secret
from tallyward.services.tokens import Tokens

TOKEN_FILE = "first-engineer.token"  # noqa: S105  # the name of a file
TOKEN_NAME = "first engineer"  # noqa: S105  # the name a token is listed by


def _handle() -> str:
    try:
        return os.environ.get("GITHUB_USER") or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a user without a name, as containers have them


def _read(path: Path) -> Secret | None:
    """The token in the file, None when there is none that could be one."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return Secret(text) if is_token(text) else None


def _write(path: Path, secret: Secret) -> None:
    """Whole or not at all, and from its first moment for this user's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(prefix=f".{TOKEN_FILE}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret.reveal() + "\n")
    Path(fresh).replace(path)


async def ensure(tokens: Tokens, settings: Settings) -> None:
    """Makes the first engineer's token where there is none that works."""
    path = settings.data_dir / TOKEN_FILE
    secret = _read(path)
    if secret is not None:
        try:
            await tokens.authenticate(secret)
        except NotAuthenticated:
            pass  # revoked, or of another database
        else:
            return
    secret, _ = await tokens.create(
        DEFAULT_TENANT, name=TOKEN_NAME, scopes=["capture", "read"], engineer_id=_handle(), actor="tally serve --sample"
    )
    _write(path, secret)


def next_steps(settings: Settings, address: str) -> list[str]:
    """What to do next, one line each."""
    tally = sys.argv[0] if Path(sys.argv[0]).name == "tally" else "tally"
    secret = _read(settings.data_dir / TOKEN_FILE) if settings.sample else None
    if secret is None:
        make = f"{tally} token create --name NAME --scope capture,read --engineer HANDLE"
        return [f"  Page:  {address}/", f"  Next:  {make}"]
    return [
        f"  Page:  {address}/",
        f"  Token: {secret.reveal()}",
        f"  Next:  {tally} connect claude --server {address} --token {secret.reveal()}",
        "  Then use Claude Code as always: each skill, agent and tool shows up on the page. Ctrl-C stops the server.",
    ]
