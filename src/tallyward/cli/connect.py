"""`tally connect` and `tally disconnect`: an agent program on this machine begins to report, or stops."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from tallyward.cli import codex_hooks, laptop, managed, mcp_wiring, programs, relay_wiring
from tallyward.cli.mcp_wiring import AddMcp, WrapMcp, WrapMcpHttp
from tallyward.cli.programs import CLAUDE, CODEX, AgentProgram
from tallyward.client import backoff, home
from tallyward.client.hook_settings import HookSettings
from tallyward.client.link import Link
from tallyward.errors import Busy, NotConnected, NotForAll, ProgramMissing, ServerUnreachable

DEFAULT_SERVER = "http://127.0.0.1:8787"

connecting = typer.Typer(help="Let an agent program on this machine report to the ledger.")
disconnecting = typer.Typer(help="Put an agent program's settings back as they were.")
Server = Annotated[str | None, typer.Option(help=f"Address of the server [$TALLY_SERVER, else {DEFAULT_SERVER}].")]
Token = Annotated[str | None, typer.Option(help="A token with the scope capture [$TALLY_TOKEN].")]
ForProject = Annotated[bool, typer.Option("--project", help="In this repository's settings, not in your own.")]
Trust = Annotated[bool, typer.Option("--trust", help="Tell Codex that it may run our hooks; else you do, in /hooks.")]
Relay = Annotated[
    bool | None,
    typer.Option(
        "--relay/--no-relay",
        help="Let a relay on this machine take its telemetry, and Claude Code's hooks at each call.",
    ),
]
Managed = Annotated[
    bool, typer.Option("--managed", help="Only print what a managed machine's settings need, for a whole fleet.")
]


def commands(app: typer.Typer) -> None:
    app.add_typer(connecting, name="connect")
    app.add_typer(disconnecting, name="disconnect")


@connecting.callback(invoke_without_command=True)
def connect(  # each is a flag
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Every agent program that is on this machine.")] = False,
    server: Server = None,
    token: Token = None,
    trust: Trust = False,
    wrap_mcp: WrapMcp = False,
    wrap_mcp_http: WrapMcpHttp = False,
    mcp: AddMcp = False,
    relay: Relay = None,
    managed_settings: Managed = False,
) -> None:
    """Let an agent program on this machine report to the ledger."""
    if context.invoked_subcommand is not None:
        return
    if managed_settings:
        print(managed.everything(server), end="")
    elif every:
        here = [program for program in programs.ALL if program.is_here()]
        if not here:
            raise ProgramMissing
        mcp_wiring.check(here, wrap=wrap_mcp, add=mcp, http=wrap_mcp_http)
        _connect([(program, program.user_settings) for program in here], server, token, trust=trust, relay=relay)
        for program in here:
            mcp_wiring.put_in(program, wrap=wrap_mcp, add=mcp, http=wrap_mcp_http)
    else:
        print(context.get_help())


@connecting.command("claude")
def connect_claude(  # each is a flag
    server: Server = None,
    token: Token = None,
    project: ForProject = False,
    wrap_mcp: WrapMcp = False,
    wrap_mcp_http: WrapMcpHttp = False,
    mcp: AddMcp = False,
    relay: Relay = None,
    managed_settings: Managed = False,
) -> None:
    """Add our hooks to Claude Code's settings, beside whatever is there."""
    if managed_settings:
        print(managed.claude(server), end="")
        return
    if project and relay:
        raise NotForAll("A relay is one person's; a repository's settings are everybody's.")
    mcp_wiring.check([CLAUDE], wrap=wrap_mcp, add=mcp, http=wrap_mcp_http)
    settings = CLAUDE.project_settings if project else CLAUDE.user_settings
    _connect([(CLAUDE, settings)], server, token, relay=relay, project=project)
    mcp_wiring.put_in(CLAUDE, wrap=wrap_mcp, add=mcp, http=wrap_mcp_http)


@connecting.command("codex")
def connect_codex(  # each is a flag
    server: Server = None,
    token: Token = None,
    trust: Trust = False,
    wrap_mcp: WrapMcp = False,
    mcp: AddMcp = False,
    relay: Relay = None,
    managed_settings: Managed = False,
) -> None:
    """Add our hooks to Codex's settings, beside whatever is there."""
    if managed_settings:
        print(managed.codex(), end="")
        return
    mcp_wiring.check([CODEX], wrap=wrap_mcp, add=mcp, http=False)
    _connect([(CODEX, CODEX.user_settings)], server, token, trust=trust, relay=relay)
    mcp_wiring.put_in(CODEX, wrap=wrap_mcp, add=mcp, http=False)


def _connect(  # the options of a command
    wanted: Sequence[tuple[AgentProgram, Callable[[], HookSettings]]],
    server: str | None,
    token: str | None,
    *,
    trust: bool = False,
    relay: bool | None = None,
    project: bool = False,
) -> None:
    known = laptop.configured()
    address = server or known.server or DEFAULT_SERVER
    secret = token or known.token
    if not secret:
        raise NotConnected("A token is needed; `tally token create --scope capture,read` prints one.")
    link = Link(address, secret)
    for program, settings in wanted:
        settings().state(program.command())  # Broken settings are told of before anything is changed.
    said, unreachable = _asked(link, known if (address, secret) == (known.server, known.token) else None)
    with laptop.writing():
        _write_config(address, secret, said)
    for program, settings in wanted:
        about = "" if project else relay_wiring.settle(program, relay)
        _wire(program, settings(), link, said, trust=trust)
        print(about, end="")
    _tell(link, said, unreachable)


def _asked(link: Link, known: home.LaptopConfig | None) -> tuple[dict[str, Any], str | None]:
    """What the server says of us, else what was known; and why it did not answer, if it did not."""
    try:
        return link.get("/v1/capture-config"), None
    except (Busy, ServerUnreachable) as error:
        names = ("tenant", "arg_key", "engineer_id")
        return ({name: getattr(known, name) for name in names} if known else {}), error.message


def _write_config(server: str, token: str, said: dict[str, Any]) -> None:
    root = laptop.root()
    home.make_folder(root, "spool")
    learned = {key: said.get(key) for key in ("tenant", "arg_key", "engineer_id")}
    home.write_object(f"{root}/config.json", {"server": server, "token": token, **learned})
    home.make_folder(root, "hooks")
    for program in programs.ALL:
        program.launcher_file().write_text(program.launcher())
    mcp_wiring.leave_launcher()
    backoff.clear(root)  # What waits may be tried at once with the new token.


def _engineer(said: dict[str, Any]) -> str | None:
    return os.environ.get("GITHUB_USER") or said.get("engineer_id")


def _wire(program: AgentProgram, settings: HookSettings, link: Link, said: dict[str, Any], *, trust: bool) -> None:
    """Put the hooks in, unless this machine's own settings start them already, and say what was done."""
    other = managed.elsewhere(program)
    changed = settings.put_in(program.command()) if other is None else settings.take_out()
    engineer = _engineer(said)
    print(f"{program.title} is connected to {link.server}" + (f" as {engineer}." if engineer else "."))
    if other is not None:
        print(f"Its hooks come from {other[0]}, {other[1]}; your own settings need none.")
        return
    print(f"Hooks {'are now' if changed else 'were already'} in {settings.path}.")
    if program is CODEX:
        codex_hooks.tell(settings, trust=trust)
    elif changed:
        print(f"Sessions of {program.title} that are open now report from their next start.")


def _tell(link: Link, said: dict[str, Any], unreachable: str | None) -> None:
    if unreachable:
        print(f"{unreachable} Fires are kept on this machine and delivered when it does.")
    if not _engineer(said):
        print("Set GITHUB_USER to your GitHub handle, so that your work goes by it; else git's word is taken.")
    _tell_of_another(said.get("engineer_id"))
    if link.in_clear:
        print("This address is not encrypted: whoever is on the network can read your token.")
    print(f"Work as always; your row is at {link.server.rstrip('/')}/me and in `tally me`.")


def _tell_of_another(bound: str | None) -> None:
    """Rows that go by another handle than the token's are never on the pages that this token opens."""
    named = os.environ.get("GITHUB_USER")
    if named and bound and named != bound:
        print(f"GITHUB_USER says {named!r}, and this token shows the rows of {bound!r}: yours will not be among them.")
        print(f"Connect with a token made with --engineer {named}, or unset GITHUB_USER where your agent is started.")


@disconnecting.callback(invoke_without_command=True)
def disconnect(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help="Every agent program, in your settings and this repository's.")
    ] = False,
) -> None:
    """Put an agent program's settings back as they were."""
    if context.invoked_subcommand is not None:
        return
    if not every:
        print(context.get_help())
        return
    for program in programs.ALL:
        _disconnect(program, program.user_settings())
    _disconnect(CLAUDE, CLAUDE.project_settings())


@disconnecting.command("claude")
def disconnect_claude(project: ForProject = False) -> None:
    """Take our hooks out of Claude Code's settings: byte for byte, if nobody has changed the file since."""
    _disconnect(CLAUDE, CLAUDE.project_settings() if project else CLAUDE.user_settings())


@disconnecting.command("codex")
def disconnect_codex() -> None:
    """Take our hooks out of Codex's settings: byte for byte, if nobody has changed the file since."""
    _disconnect(CODEX, CODEX.user_settings())


def _disconnect(program: AgentProgram, settings: HookSettings) -> None:
    mcp_wiring.take_out(program)
    removed = settings.take_out()
    if settings.path == program.user_settings().path:
        relay_wiring.settle(program, False)
    print(f"Our hooks are {'out of' if removed else 'not in'} {settings.path}.")
    if program is CODEX and codex_hooks.entries().take_out():
        print(f"Our entries are out of {codex_hooks.config_file()}.")
