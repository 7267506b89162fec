"""`tally mcp`: our own MCP server, and standing before other people's."""

import importlib
from importlib.util import find_spec
from typing import Annotated

import typer

from tallyward.cli import wrapper
from tallyward.errors import McpPartMissing

group = typer.Typer(help="Serve agents over MCP, or measure the MCP servers that they use.")
Name = Annotated[str, typer.Option("--server-name", help="The server's name in the agent's configuration.")]


def commands(app: typer.Typer) -> None:
    app.add_typer(group, name="mcp")


@group.callback(invoke_without_command=True)
def mcp(context: typer.Context) -> None:
    """Be an MCP server on standard input and output: an agent may ask for rates, and record what it read."""
    if context.invoked_subcommand is not None:
        return
    if find_spec("mcp") is None:
        raise McpPartMissing
    importlib.import_module("tallyward.mcp.server").run()


@group.command()
def wrap(
    server_name: Name,
    command: Annotated[list[str], typer.Argument(help="The server's own command, after `--`.")],
) -> None:
    """Run an MCP server as it is, and record its tool calls. For an agent's configuration, as the server's command."""
    wrapper.become(["--server-name", server_name, "--", *command])


@group.command()
def proxy(
    server_name: Name,
    to: Annotated[str, typer.Option(help="The server's address, as the agent would be given it.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1; 0 takes any.")] = 0,
) -> None:
    """Stand before an MCP server that is spoken to over HTTP, and record its tool calls, until interrupted."""

    def say(url: str) -> None:
        print(f"Give your agent {url} in place of {to}.", flush=True)

    importlib.import_module("tallyward.mcp.proxy").serve(server_name, to, port, say)
