"""The page of every command and flag, asked from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer.main
from typer.core import TyperGroup, TyperOption

from docs._reference.markdown import code, table
from tallyward.cli.main import build

Command = Any  # typer keeps the class of its commands to itself
HEAD = """# The `tally` command

The laptop's commands need nothing but this package; `serve`, `db` and `token` need the server's parts
(`pip install 'tallyward[server]'`) and say so where they are missing. A command that cannot work as things are set up
prints one line with the remedy and ends with 2.
"""


def commands() -> Iterator[tuple[str, Command]]:
    """Every command that does something, by its whole name."""
    root = typer.main.get_command(build([]))
    yield from _under("tally", root)


def _under(name: str, command: Command) -> Iterator[tuple[str, Command]]:
    if isinstance(command, TyperGroup):
        if command.invoke_without_command:
            yield name, command
        for child, inner in sorted(command.commands.items()):
            yield from _under(f"{name} {child}", inner)
    else:
        yield name, command


def flags(command: Command) -> list[str]:
    """Every flag that a command takes."""
    return [flag for param in command.params if isinstance(param, TyperOption) for flag in _names(param)]


def _names(param: TyperOption) -> list[str]:
    return [*param.opts, *param.secondary_opts]


def _row(param: Any) -> list[str]:
    shown = code(param.name.upper())
    if isinstance(param, TyperOption):
        shown = ", ".join(map(code, _names(param))) + ("" if param.is_flag else f" {code(param.name.upper())}")
    default = "" if param.required or param.default in (None, False) else f" Default {code(param.default)}."
    return [shown, "yes" if param.required else "", (param.help or "") + default]


def _section(name: str, command: Command) -> str:
    told = [f"### {name}", " ".join((command.help or "").split())]
    rows = [_row(param) for param in command.params if param.name != "help"]
    if rows:
        told.append(table(["argument", "required", "what it is for"], rows))
    return "\n\n".join(told)


def page() -> str:
    return "\n\n".join([HEAD.strip(), *(_section(name, command) for name, command in commands())])
