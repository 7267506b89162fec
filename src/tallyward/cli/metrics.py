"""`tally metrics`: the rates at which work gets merged, in the words that the server has for them."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console, RenderableType

from tallyward.cli import laptop
from tallyward.cli.terminal import AsJson, Row, Watch, line, show

_STYLES = {"restricted": "red", "strict": "red", "trusted": "green", "relaxed": "green"}


def commands(app: typer.Typer) -> None:
    app.command()(metrics)


def metrics(
    project: Annotated[str | None, typer.Option(help="With the conflict rate of this project.")] = None,
    as_json: AsJson = False,
    watch: Watch = False,
) -> None:
    """Show how well work gets merged: each rate with its window, scope and interval, or how far it is from one."""
    path = "/v1/rates" + (f"?{urlencode({'project': project})}" if project else "")
    show(partial(laptop.link().get, path), draw, as_json=as_json, watch=watch)


def draw(said: dict[str, Any], _shown: Console) -> list[RenderableType]:
    """A line a rate, then what follows from them."""
    says: dict[str, str] = said.get("says") or {}
    trust: Row = said.get("trust") or {}
    level, overlap = str(trust.get("level")), str(said.get("overlap"))
    warning = (
        [line("early warning: the first-pass rate may have fallen", "yellow")] if said.get("early_warning") else []
    )
    return [
        *(line(sentence) for sentence in says.values()),
        *warning,
        line(f"trust: {level} ({trust.get('because')})", _STYLES.get(level, "")),
        line(f"scope overlap: {overlap}", _STYLES.get(overlap, "")),
    ]
