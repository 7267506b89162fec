"""The MCP side of `tally connect`: the wrapper before the servers that an agent knows, and our own among them."""

import os
import shlex
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from urllib.request import getproxies

import typer

import tallyward
from tallyward.cli import laptop, wrapper
from tallyward.cli.programs import CLAUDE, CODEX, AgentProgram
from tallyward.client import mcp_entries, mcp_http_entries, mcp_own_entry
from tallyward.client.kept_file import KeptFile
from tallyward.client.mcp_entries import Edited
from tallyward.errors import McpPartMissing, SettingsUnreadable
from tallyward.hooks import mcp_http

WrapMcp = Annotated[bool, typer.Option("--wrap-mcp", help="Measure the MCP servers in the agent's own settings too.")]
WrapMcpHttp = Annotated[
    bool,
    typer.Option(
        "--wrap-mcp-http", help="Measure Claude Code's MCP servers over HTTP too, where a header is their key."
    ),
]
AddMcp = Annotated[bool, typer.Option("--mcp", help="Add `tally mcp` to the agent's MCP servers.")]
OURS = [sys.executable, "-c", "from tallyward.cli.main import main; main()", "mcp"]
PACKAGE = Path(tallyward.__file__)
NEW_FILE = "\n{}"  # an agent's own begins with a brace: so one that we made is known, and goes with our server


def leave_launcher() -> None:
    """Leave what our plugin reads to find this installation's `tally mcp`. One that has gone starts nothing."""
    about = "# Our MCP server of this installation. Written by `tally connect`, for our plugin to start."
    is_here = f"[ -x {shlex.quote(sys.executable)} ] && [ -f {shlex.quote(str(PACKAGE))} ]"
    (Path(laptop.root()) / "hooks" / "mcp").write_text(f"{about}\n{is_here} && exec {shlex.join(OURS)}\n")


def check(programs: Sequence[AgentProgram], *, wrap: bool, add: bool, http: bool) -> None:
    """Raise whatever would be in the way, before anything is changed."""
    if add and find_spec("mcp") is None:
        raise McpPartMissing
    for program in programs:
        _edited(program, _read(settings(program)), wrap=wrap, add=add, http=http)


def put_in(program: AgentProgram, *, wrap: bool, add: bool, http: bool) -> None:
    """Do what is wanted in the program's settings, and say what was done."""
    if http and getproxies():
        print("MCP servers over HTTP stay as they are: a proxy is set here, and ours would go past it.")
        http = False
    if not (wrap or add or http):
        return
    path = settings(program)
    text = _read(path)
    edited = _edited(program, text, wrap=wrap, add=add, http=http)
    if edited.text != text and (text is not None or add):
        _write(path, edited.text)
    if add:
        print(f"`tally mcp` is among the MCP servers in {path}.")
    if wrap or http:
        _tell(program, path, edited)


def _edited(program: AgentProgram, text: str | None, *, wrap: bool, add: bool, http: bool) -> Edited:
    """The settings as they are wanted."""
    edited = Edited(text if text is not None else NEW_FILE if program is CLAUDE else "")
    with _telling(settings(program)):
        if wrap:
            edited = WRAP[program.name](edited.text, _wrapper)
        if http and program is CLAUDE:
            proxied = mcp_http_entries.wrap(edited.text, _helper)
            edited = replace(proxied, done=edited.done + proxied.done, left=edited.left)
        if add:
            edited.text = ADD[program.name](edited.text, OURS)
    return edited


def _tell(program: AgentProgram, path: Path, edited: Edited) -> None:
    if edited.done:
        print(f"Measured from the next session on, by {path}: {', '.join(sorted(set(edited.done)))}.")
    else:
        print(f"There is no MCP server in {path} that could be wrapped.")
    for name in sorted(set(edited.over_http)):
        print(f"{name} is spoken to over HTTP and stays as it is; see `--wrap-mcp-http` and `tally mcp proxy`.")
    for name in sorted(set(edited.left)):
        print(f"{name} stays as it is: it is written in a form that is not changed here.")
    shared = laptop.project_top() / ".mcp.json"
    if program is CLAUDE and shared.exists():
        print(f"{shared} belongs to its repository and stays as it is; `tally mcp wrap` may stand in it.")


def take_out(program: AgentProgram) -> None:
    """Undo all of it, byte for byte where nobody has written the file anew, and say so if there was anything."""
    path = settings(program)
    text = _read(path)
    if text is None or not any(part.MARK in text for part in (mcp_entries, mcp_own_entry, mcp_http_entries)):
        return
    with _telling(path):
        unwrapped = UNWRAP[program.name](text)
        rest = REMOVE[program.name](unwrapped.text)
        if program is CLAUDE:
            rest = mcp_http_entries.unwrap(rest).text
            for kept in (Path(laptop.root()) / mcp_http.FOLDER).glob("*"):
                kept.unlink()  # so that the proxy ends
    if rest == text:
        return
    if rest == NEW_FILE or not rest:
        path.unlink()
    else:
        _write(path, rest)
    print(f"Our MCP entries are out of {path}.")


def settings(program: AgentProgram) -> Path:
    """Where the program keeps its user's MCP servers."""
    if program is CODEX:
        return CODEX.home(os.environ) / "config.toml"
    return (CLAUDE.home(os.environ) if os.environ.get(CLAUDE.home_variable) else Path.home()) / ".claude.json"


def _wrapper(name: str) -> list[str]:
    return wrapper.command(["--server-name", name, "--"])


def _helper(name: str, to: str, headers: list[str], port: int | None) -> tuple[int, list[str]]:
    """The port of a server's proxy, and what Claude Code runs before it connects."""
    chosen = port or _free_port()
    words = ["--server-name", name, "--port", str(chosen), "--headers", " ".join(headers), "--", to]
    return chosen, [sys.executable, "-I", "-S", str(Path(mcp_http.__file__)), *words]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read(path: Path) -> str | None:
    raw = KeptFile(path, laptop.root(), "mcp").read()
    if raw is None or not raw.strip():
        return None
    with _telling(path):
        return raw.decode()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    KeptFile(path, laptop.root(), "mcp").leave(text.encode())


@contextmanager
def _telling(path: Path) -> Generator[None]:
    """Turns whatever is wrong with a file into one line."""
    try:
        yield
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise SettingsUnreadable(f"{path} is not as its program writes it.") from error


Change = Callable[[str, Callable[[str], list[str]]], Edited]
WRAP: dict[str, Change] = {CLAUDE.name: mcp_entries.wrap_json, CODEX.name: mcp_entries.wrap_toml}
UNWRAP = {CLAUDE.name: mcp_entries.unwrap_json, CODEX.name: mcp_entries.unwrap_toml}
ADD = {CLAUDE.name: mcp_own_entry.add_json, CODEX.name: mcp_own_entry.add_toml}
REMOVE = {CLAUDE.name: mcp_own_entry.remove_json, CODEX.name: mcp_own_entry.remove_toml}
