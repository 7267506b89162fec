"""`tally skills`, `tally agents` and `tally cost`: what is used, what the cluster's agents are worth, what it costs."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console, RenderableType

from tallyward.cli import laptop
from tallyward.cli.terminal import (
    AsJson,
    Column,
    Days,
    Row,
    Since,
    Watch,
    bars,
    dollars,
    line,
    number,
    painted,
    percent,
    plain,
    show,
    span,
    span_words,
    table,
)

LIGHTS = {"green": "green", "yellow": "yellow", "red": "red"}
SHARE_CELLS = 20


class By(StrEnum):
    """What the cost is split by."""

    SKILL = "skill"
    MODEL = "model"
    REPO = "repo"
    ENGINEER = "engineer"
    AGENT = "agent"
    RUNTIME = "runtime"


def commands(app: typer.Typer) -> None:
    app.command()(skills)
    app.command()(agents)
    app.command()(cost)


def skills(
    as_json: AsJson = False,
    days: Days = 30,
    since: Since = None,
    watch: Watch = False,
    q: Annotated[str, typer.Option(help="Only skills whose name holds this.", show_default=False)] = "",
) -> None:
    """Show the skills: how often each fires, how it ends and how long it takes."""
    path = f"/v1/skills?{span(days, since)}" + (f"&{urlencode({'q': q})}" if q else "")
    way = laptop.link()
    show(partial(way.get, path), partial(draw_skills, words=span_words(days, since)), as_json=as_json, watch=watch)


def agents(as_json: AsJson = False, days: Days = 30, since: Since = None, watch: Watch = False) -> None:
    """Show the agents in the cluster: runs, dollars, merged pull requests, and whether they are worth it."""
    way = laptop.link()
    fetch = partial(way.get, f"/v1/agents?{span(days, since)}")
    show(fetch, partial(draw_agents, words=span_words(days, since)), as_json=as_json, watch=watch)


def cost(
    by: Annotated[By, typer.Option(help="What the cost is split by.")] = By.SKILL,
    as_json: AsJson = False,
    days: Days = 30,
    since: Since = None,
    watch: Watch = False,
) -> None:
    """Show what metered requests cost: by skill, model, repository, engineer, agent or runtime, and by day."""
    way = laptop.link()
    asked = span(days, since)

    def fetch() -> dict[str, Any]:
        daily = way.get(f"/v1/cost?by=day&{asked}")
        return way.get(f"/v1/cost?by={by.value}&{asked}") | {"by_day": daily.get("rows") or []}

    draw = partial(draw_cost, words=span_words(days, since), by=by.value)
    show(fetch, draw, as_json=as_json, watch=watch)


def draw_skills(said: dict[str, Any], shown: Console, *, words: str) -> list[RenderableType]:
    """The skills, most used first. What too few people did has dashes for numbers."""
    columns = [
        Column("skill", lambda row: plain(row, "skill_name"), number=False),
        Column("kind", lambda row: plain(row, "kind"), number=False, room=70),
        Column("people", lambda row: number(row, "people"), room=90),
        Column("fires", lambda row: number(row, "fires")),
        Column("success", lambda row: percent(row.get("success"))),
        Column("error", lambda row: percent(row.get("error")), room=80),
        Column("p50 ms", lambda row: number(row, "p50_latency_ms"), room=60),
        Column("p95 ms", lambda row: number(row, "p95_latency_ms"), room=100),
    ]
    whole: Row = said.get("entire") or {}
    summary = f"{said.get('found', 0)} skills, {number(whole, 'fires')} fires"
    return [
        line(f"{said.get('tenant')}, {words}: {summary}", "bold"),
        table(columns, said.get("rows") or [], shown),
    ]


def draw_agents(said: dict[str, Any], shown: Console, *, words: str) -> list[RenderableType]:
    """The agents, dearest first."""
    columns = [
        Column("agent", lambda row: plain(row, "agent"), number=False),
        Column("runs", lambda row: number(row, "runs"), room=50),
        Column("success", lambda row: percent(row.get("success")), room=80),
        Column("cost", lambda row: dollars(row.get("cost_micros"))),
        Column("merged PRs", lambda row: number(row, "prs_merged"), room=60),
        Column("per merged PR", lambda row: dollars(row.get("micros_per_merged_pr"))),
        Column("survive", lambda row: percent(row.get("survival")), room=100),
        Column("light", lambda row: painted(str(row.get("light")), LIGHTS), number=False),
    ]
    rows: list[Row] = said.get("rows") or []
    whole: Row = said.get("entire") or {}
    summary = f"{len(rows)} agents in the cluster, {dollars(whole.get('cost_micros'))}"
    return [
        line(f"{said.get('tenant')}, {words}: {summary}", "bold"),
        table(columns, rows, shown),
    ]


def draw_cost(said: dict[str, Any], shown: Console, *, words: str, by: str) -> list[RenderableType]:
    """Each with its share, as the server orders them; what has no price is counted and never a zero."""
    totals: Row = said.get("entire") or {}
    whole = totals.get("cost_micros") if totals.get("requests") else None
    columns = [
        Column(by, lambda row: plain(row, "key"), number=False),
        Column("requests", lambda row: number(row, "requests"), room=60),
        Column("cost", lambda row: dollars(row.get("cost_micros"))),
        Column("unpriced", lambda row: number(row, "unpriced_requests"), room=80),
        Column("share", lambda row: f"[cyan]{_share(row, whole)}[/cyan]", number=False, room=70),
    ]
    daily = [int(row.get("cost_micros") or 0) for row in _in_order(said.get("by_day") or [])]
    unpriced = totals.get("unpriced_requests") or 0
    shown_lines: list[RenderableType] = [
        line(f"{said.get('tenant')}, {words}: {dollars(whole)} for {number(totals, 'requests')} requests", "bold"),
        *bars(daily, shown),
        table(columns, said.get("rows") or [], shown),
    ]
    if unpriced:
        shown_lines.append(line(f"Requests without a known price, which are in no sum: {unpriced:,}.", "yellow"))
    return shown_lines


def _in_order(days: list[Row]) -> list[Row]:
    return sorted(days, key=lambda row: str(row.get("key")))


def _share(row: Row, whole: object) -> str:
    part = row.get("cost_micros")
    if not isinstance(part, int) or not isinstance(whole, int) or whole <= 0:
        return ""
    return "#" * max(1, round(SHARE_CELLS * part / whole)) if part > 0 else ""
