"""`tally top`: what fires now, as `top` shows what runs: the last minutes, who and what is busiest, the latest fires.

Counted here from the rows themselves, a thousand at most; the boards count everything.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import typer
from rich.console import Console, RenderableType

from tallyward import clock
from tallyward.cli import laptop
from tallyward.cli.terminal import (
    AsJson,
    Column,
    Row,
    Watch,
    bars,
    line,
    number,
    painted,
    plain,
    show,
    table,
)

MINUTES = 15
ROWS_MAX = 1_000  # as many as the server gives at once
BUSIEST = 5
LATEST = 15
STATUS = {"success": "green", "error": "red", "abandoned": "yellow"}


def commands(app: typer.Typer) -> None:
    app.command()(top)


def top(as_json: AsJson = False, watch: Watch = False) -> None:
    """Show what fires now: the last 15 minutes. On a terminal it stays and follows; Ctrl-C ends it."""
    way = laptop.link()

    def fetch() -> dict[str, Any]:
        since = clock.now() - timedelta(minutes=MINUTES)
        return way.get(f"/v1/fires?since={clock.iso(since)}&limit={ROWS_MAX}")

    follow = watch or (not as_json and Console().is_terminal)
    show(fetch, draw_top, as_json=as_json, watch=follow)


def draw_top(said: dict[str, Any], shown: Console) -> list[RenderableType]:
    """The screen."""
    fires: list[Row] = said.get("fires") or []
    now = clock.now()
    minutes = [0] * MINUTES
    for fire in fires:
        age = int((now - datetime.fromisoformat(str(fire["ts"]))).total_seconds() // 60)
        if 0 <= age < MINUTES:
            minutes[MINUTES - 1 - age] += 1
    capped = "at least " if len(fires) >= ROWS_MAX else ""
    columns = [
        Column("time", _time, number=False),
        Column("engineer", lambda fire: plain(fire, "engineer_id"), number=False),
        Column("what", lambda fire: plain(fire, "skill_name"), number=False),
        Column("kind", lambda fire: plain(fire, "kind"), number=False, room=80),
        Column("status", lambda fire: painted(str(fire.get("status")), STATUS), number=False, room=60),
        Column("ms", lambda fire: number(fire, "latency_ms"), room=60),
        Column("repo", lambda fire: plain(fire, "repo"), number=False, room=100),
        Column("model", lambda fire: plain(fire, "model"), number=False, room=120),
    ]
    return [
        line(f"{capped}{len(fires):,} fires in {MINUTES} minutes, {minutes[-1]:,} in the last", "bold"),
        *bars(minutes, shown),
        line(f"skills: {_busiest(fires, 'skill_name')}"),
        line(f"people: {_busiest(fires, 'engineer_id')}"),
        table(columns, fires[:LATEST], shown),
    ]


def _time(fire: Row) -> str:
    """The time of day on this machine."""
    return datetime.fromisoformat(str(fire["ts"])).astimezone().strftime("%H:%M:%S")


def _busiest(fires: list[Row], name: str) -> str:
    counts = Counter(str(fire.get(name)) for fire in fires if fire.get("kind") != "session")
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:BUSIEST]
    return ", ".join(f"{key} {count:,}" for key, count in listed) or "none"
