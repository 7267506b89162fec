"""The wall: the team's utilisation, one row an engineer, on a screen that everyone passes.

The numbers are those of `/v1/utilization`, from the same call, so that they cannot disagree. Here they are put in
order, put into words and drawn; nothing is counted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.errors import Invalid, NotFound
from tallyward.services.board import EngineerRow, TeamBoard, TeamTotals
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Room, Viewer, connect_command, server_address
from tallyward.web.pages._grades import PER_DAY, Figure, Grade, counted_words, grade_steps, thresholds_of
from tallyward.web.rendering import Page, render
from tallyward.web.sparkline import area, bars

ROOM = Room("Team", "/", 10)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the team's table. `field` is what a click on its head sorts by."""

    label: str
    hint: str
    kind: str = "count"
    key: str = ""
    field: str = ""


COLUMNS = (
    Column("Engineer", "GitHub handle", "text", "engineer", "engineer_id"),
    Column("Utilisation", "The grade that these fires give", "text"),
    Column("Fires", "Fires that count, in 30 days", "count", "fires", "fires_30d"),
    Column("Per day", "Fires per 24 hours, the newest at the right; one scale (square root) for all rows", "text"),
    Column("Successful", "Fires that ended in success", "count", "successful", "successful"),
    Column("Skills", "How many different skills, agents and MCP calls", "count", "skills", "unique_skills"),
    Column("Top skill", "The one fired most often", "text"),
    Column("Tool calls", "Shown beside, not counted by default", "count", "tools", "tool_calls"),
    Column("Sessions", "Sessions of the agent program, shown beside", "count", "sessions", "sessions"),
    Column("All rows", "Every row of these 30 days, of any kind", "count", "rows", "all_rows"),
)
SORTS = {column.key: column for column in COLUMNS if column.key}
ORDERS = ("desc", "asc")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address of the board asks for."""

    sort: str = "fires"
    order: str = "desc"
    sample: bool = False

    def address(self, **changes: str) -> str:
        asked = {"sort": self.sort, "order": self.order, "sample": "1" if self.sample else ""} | changes
        usual = {"sort": "fires", "order": "desc", "sample": ""}
        told = {key: value for key, value in asked.items() if value != usual[key]}
        return f"/?{urlencode(told)}" if told else "/"

    def head(self, column: Column) -> dict[str, str | None]:
        """One head of the table: where a click leads, and how the table is sorted by it now."""
        sorted_now = {"desc": "descending", "asc": "ascending"}[self.order] if column.key == self.sort else None
        first = "asc" if column.kind == "text" else "desc"
        order = {"desc": "asc", "asc": "desc"}[self.order] if sorted_now else first
        href = self.address(sort=column.key, order=order) if column.key else None
        return {"label": column.label, "hint": column.hint, "kind": column.kind, "sorted": sorted_now, "href": href}


def ordered(rows: Sequence[EngineerRow], choice: Choice) -> list[EngineerRow]:
    """The rows as asked for; rows that are equal in that stay in the order of their names."""
    by_name = sorted(rows, key=lambda row: (row.engineer_id.casefold(), row.engineer_id))
    field = SORTS[choice.sort].field
    if field == "engineer_id":
        return by_name if choice.order == "asc" else by_name[::-1]
    return sorted(by_name, key=lambda row: getattr(row, field), reverse=choice.order == "desc")


def team_figures(team: TeamTotals) -> list[Figure]:
    return [
        Figure("Fires", team.fires_30d),
        Figure("Successful", team.successful),
        Figure("Engineers", team.engineers),
        Figure("Tool calls", team.tool_calls, aside=True),
        Figure("Sessions", team.sessions, aside=True),
        Figure("All rows", team.all_rows, aside=True),
    ]


def render_team(  # noqa: PLR0913  # one parameter per thing a page shows, all by name
    board: TeamBoard, principal: Principal, *, choice: Choice, today: date, server: str, mark: str, has_sample: bool
) -> str:
    """The team's board. `mark` says what of the ledger it shows, so that the page can stay live from there."""
    rows = ordered(board.engineers, choice)
    most = max((count for row in rows for count in row.daily), default=0)
    own = None if board.sample else principal.engineer_id
    return render(
        "team.html",
        viewer=Viewer.of(principal),
        here="Team",
        mark=mark,
        address=choice.address(),
        days=board.days,
        own_only=principal.role == "engineer" and not board.sample,
        sample=board.sample,
        sample_link=sample_link(choice, shown=board.sample, exists=has_sample),
        may_manage=principal.may("admin"),
        connect=connect_command(server),
        empty=not rows and not board.team.all_rows,
        stats=team_figures(board.team),
        area=area(board.team.daily, last_day=today, name="Team"),
        per_day=PER_DAY,
        columns=[choice.head(column) for column in COLUMNS],
        sorted_by=f"{SORTS[choice.sort].label}, {'descending' if choice.order == 'desc' else 'ascending'}",
        rows=[team_row(row, most=most, today=today, own=own) for row in rows],
        steps=grade_steps(thresholds_of(board.grades)),
        counted=counted_words(board.counted_kinds),
    )


def team_row(row: EngineerRow, *, most: int, today: date, own: str | None) -> dict[str, Any]:
    drawing = bars(row.daily, most=most, last_day=today, name=row.engineer_id)
    return {"row": row, "grade": Grade.of(row.utilization), "bars": drawing, "own": row.engineer_id == own}


def sample_link(choice: Choice, *, shown: bool, exists: bool) -> Room | None:
    """The way to the sample and back; none where the sample stands in for data that is not there yet."""
    if choice.sample:
        return Room("Back to your own data", "/")
    return Room("See a board with sample data", "/?sample=1") if exists and not shown else None


def choice_of(request: Request) -> Choice:
    """What the address asks for. Raises Invalid with the name of a parameter that is not known."""
    asked = request.query_params
    choice = Choice(asked.get("sort", "fires"), asked.get("order", "desc"), sample=asked.get("sample") == "1")
    if choice.sort not in SORTS:
        raise Invalid(f"The board cannot be sorted so. Choose from {', '.join(SORTS)}.", field="sort")
    if choice.order not in ORDERS:
        raise Invalid(f"order must be one of {', '.join(ORDERS)}.", field="order")
    return choice


async def team(request: Request, principal: Principal) -> Response:
    """The board of the team, or of the sample."""
    state = request.app.state
    choice = choice_of(request)
    has_sample = await state.tenants.exists(SAMPLE_TENANT)
    if choice.sample and not has_sample:
        raise NotFound("This server has no sample data.")
    mark = state.feed.mark(principal.tenant)  # taken before the rows are read: a later commit must differ from it
    board = await state.board.team(principal, sample=choice.sample)
    page = render_team(
        board,
        principal,
        choice=choice,
        today=clock.now().date(),
        server=server_address(request),
        mark=mark,
        has_sample=has_sample,
    )
    return Page(page)


CALLS = (Call("GET", "/", "read", "The team's utilisation board.", team, page=True),)
