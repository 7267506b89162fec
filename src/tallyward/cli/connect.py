"""`tally connect` and `tally disconnect`: an agent program on this machine begins to report, or stops."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import tallyward
from tallyward.cli import laptop
from tallyward.client import backoff, claude_settings, home
from tallyward.client.link import Link
from tallyward.errors import Busy, NotConnected, ServerUnreachable

DEFAULT_SERVER = "http://127.0.0.1:8787"
HOOK = Path(tallyward.__file__).parent / "hooks" / "claude_code.py"

connecting = typer.Typer(no_args_is_help=True, help="Let an agent program on this machine report to the ledger.")
disconnecting = typer.Typer(no_args_is_help=True, help="Put an agent program's settings back as they were.")
ForProject = Annotated[bool, typer.Option("--project", help="In this repository's settings, not in your own.")]


@connecting.callback()
@disconnecting.callback()
def _group() -> None:
    """Names the agent program, even while there is only one."""


def commands(app: typer.Typer) -> None:
    app.add_typer(connecting, name="connect")
    app.add_typer(disconnecting, name="disconnect")


def claude_command() -> str:
    """The hook as Claude Code has to start it, with this very Python."""
    return claude_settings.command(sys.executable, HOOK)


@connecting.command("claude")
def connect_claude(
    server: Annotated[
        str | None, typer.Option(help=f"Address of the server [$TALLY_SERVER, else {DEFAULT_SERVER}].")
    ] = None,
    token: Annotated[str | None, typer.Option(help="A token with the scope capture [$TALLY_TOKEN].")] = None,
    project: ForProject = False,
) -> None:
    """Add our hooks to Claude Code's settings, beside whatever is there."""
    known = laptop.configured()
    address = server or known.server or DEFAULT_SERVER
    secret = token or known.token
    if not secret:
        raise NotConnected("A token is needed; `tally token create --scope capture,read` prints one.")
    link = Link(address, secret)
    settings = laptop.project_settings() if project else laptop.user_settings()
    settings.state(claude_command())  # Broken settings are told of before anything is changed.
    said: dict[str, Any] = {}
    unreachable = None
    try:
        said = link.get("/v1/capture-config")
    except (ServerUnreachable, Busy) as error:
        unreachable = error.message
        if (address, secret) == (known.server, known.token):
            said = {"tenant": known.tenant, "arg_key": known.arg_key, "engineer_id": known.engineer_id}
    with laptop.writing():
        _write_config(address, secret, said)
    changed = settings.put_in(claude_command())
    _tell(settings, link, said, changed=changed, unreachable=unreachable)


def _write_config(server: str, token: str, said: dict[str, Any]) -> None:
    root = laptop.root()
    home.make_folder(root, "spool")
    learned = {key: said.get(key) for key in ("tenant", "arg_key", "engineer_id")}
    home.write_object(f"{root}/config.json", {"server": server, "token": token, **learned})
    backoff.clear(root)  # What waits may be tried at once with the new token.


def _tell(
    settings: claude_settings.ClaudeSettings,
    link: Link,
    said: dict[str, Any],
    *,
    changed: bool,
    unreachable: str | None,
) -> None:
    engineer = os.environ.get("GITHUB_USER") or said.get("engineer_id")
    print(f"Claude Code is connected to {link.server}" + (f" as {engineer}." if engineer else "."))
    print(f"Hooks {'are now' if changed else 'were already'} in {settings.path}.")
    if unreachable:
        print(f"{unreachable} Fires are kept on this machine and delivered when it does.")
    if not engineer:
        print("Set GITHUB_USER to your GitHub handle, so that your work goes by it; else git's word is taken.")
    if link.in_clear:
        print("This address is not encrypted: whoever is on the network can read your token.")
    if changed:
        print("Sessions of Claude Code that are open now report from their next start.")
    print(f"Use Claude Code as always; your row is at {link.server.rstrip('/')}/me and in `tally me`.")


@disconnecting.command("claude")
def disconnect_claude(project: ForProject = False) -> None:
    """Take our hooks out of Claude Code's settings: byte for byte, if nobody has changed the file since."""
    settings = laptop.project_settings() if project else laptop.user_settings()
    removed = settings.take_out()
    print(f"Our hooks are {'out of' if removed else 'not in'} {settings.path}.")
