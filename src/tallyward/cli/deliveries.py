"""`tally deliveries`: what forges delivered, what became of it, and once more for what was parked."""

import json
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console, RenderableType

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Column, Row, Watch, line, number, painted, plain, show, table
from tallyward.errors import ConfigInvalid

_COLOURS = {"parked": "red", "missing": "red", "waiting": "yellow", "done": "green"}

deliveries = typer.Typer(no_args_is_help=True, help="List, show and replay what forges delivered.")


def commands(app: typer.Typer) -> None:
    app.add_typer(deliveries, name="deliveries")


@deliveries.command("list")
def listing(
    state: Annotated[str | None, typer.Option(help="missing, waiting, done, ignored or parked.")] = None,
    event: Annotated[str | None, typer.Option(help="Event as the forge names it, such as pull_request.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
    watch: Watch = False,
) -> None:
    """List deliveries: those that need somebody first, then the newest."""
    asked = {"limit": limit} | ({"state": state} if state else {}) | ({"event": event} if event else {})
    show(partial(laptop.link().get, f"/v1/deliveries?{urlencode(asked)}"), draw_list, as_json=as_json, watch=watch)


def draw_list(said: dict[str, Any], shown: Console) -> list[RenderableType]:
    """How the inbox stands, and one line a delivery."""
    rows: list[Row] = said.get("deliveries") or []
    columns = [
        Column("id", lambda row: number(row, "id")),
        Column("state", lambda row: painted(plain(row, "state"), _COLOURS), number=False),
        Column("event", lambda row: ".".join(filter(None, [plain(row, "event"), plain(row, "action")])), number=False),
        Column("repo", lambda row: plain(row, "repo"), number=False, room=80),
        Column("number", lambda row: number(row, "number")),
        Column("tries", lambda row: number(row, "tries"), room=100),
        Column("reason", lambda row: plain(row, "reason"), number=False, room=100),
        Column("received", lambda row: plain(row, "received_at")[:19], number=False, room=80),
    ]
    return [*_standing(said), table(columns, rows, shown) if rows else line("No deliveries.")]


def _standing(said: dict[str, Any]) -> list[RenderableType]:
    told = [line(f"waiting {said.get('waiting')}, parked {said.get('parked')}, missing {said.get('missing')}")]
    silence: dict[str, Any] = said.get("silence") or {}
    if silence.get("alarm"):
        told.append(line(f"Nothing was delivered for {silence.get('hours')} hours.", "red"))
    caught: dict[str, Any] = said.get("catch_up") or {}
    if caught:
        asked = f"{caught.get('missing')} were missing, {caught.get('asked')} asked for again"
        told.append(line(f"The forges were asked at {str(caught.get('at'))[:19]}: {asked}."))
    return [*told]


@deliveries.command("show")
def one(number: Annotated[int, typer.Argument(help="Number, as the list shows it.")], as_json: AsJson = False) -> None:
    """Show one delivery with the facts that it told."""
    said = laptop.link().get(f"/v1/deliveries/{number}")
    if as_json:
        print(json.dumps(said, indent=2))
        return
    facts = said.pop("facts", None)
    for name, value in said.items():
        print(f"{name}: {'' if value is None else value}")
    print("facts:", json.dumps(facts, indent=2) if facts else "none; it could not be read")


@deliveries.command("replay")
def replay(
    number: Annotated[int | None, typer.Argument(help="Number of one delivery.", show_default=False)] = None,
    parked: Annotated[bool, typer.Option("--parked", help="Every parked one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a delivery processed again, or every parked one. The token needs the scope admin."""
    if parked == (number is not None):
        raise ConfigInvalid("Name one delivery, or give --parked.", field="--parked")
    path = "/v1/deliveries/replay-parked" if parked else f"/v1/deliveries/{number}/replay"
    said = laptop.link().post(path, None)
    if as_json:
        print(json.dumps(said, indent=2))
        return
    count = len(said.get("ids") or [])
    print("1 delivery is processed again." if count == 1 else f"{count:,} deliveries are processed again.")
    if parked:
        print("Parked ones that could not be read are not among them: the forge has to send those again.")
