"""The wall: the team's utilisation, one row an engineer, on a screen that everyone passes.

The numbers are those of `/v1/utilization`, from the same call, so that they cannot disagree. Here they are put in
order, put into words and drawn; nothing is counted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.errors import Invalid
from tallyward.services.board import EngineerRow, TeamBoard, TeamTotals
from tallyward.web.calls import Call
from tallyward.web.chart import Series, daily_chart
from tallyward.web.pages._frame import Frame, Room, connect_command, look
from tallyward.web.pages._grades import Figure, Grade, counted_words, grade_steps, thresholds_of
from tallyward.web.rendering import Page, render
from tallyward.web.sparkline import bars

ROOM = Room("Wall", "/", 10)


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
    Column("Fires", "Fires that count, in the range", "count", "fires", "fires_30d"),
    Column("Per day", "Fires per 24 hours, the newest at the right; one scale (square root) for all rows", "text"),
    Column("Successful", "Fires that ended in success", "count", "successful", "successful"),
    Column("Skills", "How many different skills, agents and MCP calls", "count", "skills", "unique_skills"),
    Column("Top skill", "The one fired most often", "text"),
    Column("Tool calls", "Shown beside, not counted by default", "count", "tools", "tool_calls"),
    Column("Sessions", "Sessions of the agent program, shown beside", "count", "sessions", "sessions"),
    Column("All rows", "Every row of the range, of any kind", "count", "rows", "all_rows"),
)
SORTS = {column.key: column for column in COLUMNS if column.key}
ORDERS = ("desc", "asc")


@dataclass(frozen=True, slots=True)
class Choice:
    """How the address of the board asks for its rows."""

    sort: str = "fires"
    order: str = "desc"

    @classmethod
    def of(cls, sort: str, order: str) -> "Choice":
        """Raises Invalid with the name of a parameter that is not known."""
        if sort not in SORTS:
            raise Invalid(f"The board cannot be sorted so. Choose from {', '.join(SORTS)}.", field="sort")
        if order not in ORDERS:
            raise Invalid(f"order must be one of {', '.join(ORDERS)}.", field="order")
        return cls(sort, order)

    def head(self, column: Column, frame: Frame) -> dict[str, str | None]:
        """One head of the table: where a click leads, and how the table is sorted by it now."""
        sorted_now = {"desc": "descending", "asc": "ascending"}[self.order] if column.key == self.sort else None
        first = "asc" if column.kind == "text" else "desc"
        order = {"desc": "asc", "asc": "desc"}[self.order] if sorted_now else first
        usual = (column.key, order) == ("fires", "desc")
        told = {"sort": None, "order": None} if usual else {"sort": column.key, "order": order}
        href = frame.address(**told) if column.key else None
        return {"label": column.label, "hint": column.hint, "kind": column.kind, "sorted": sorted_now, "href": href}


def ordered(rows: Sequence[EngineerRow], choice: Choice) -> list[EngineerRow]:
    """The rows as asked for; rows that are equal in that stay in the order of their names."""
    by_name = sorted(rows, key=lambda row: (row.engineer_id.casefold(), row.engineer_id))
    field = SORTS[choice.sort].field
    if field == "engineer_id":
        return by_name if choice.order == "asc" else by_name[::-1]
    return sorted(by_name, key=lambda row: getattr(row, field), reverse=choice.order == "desc")


def found(rows: Sequence[EngineerRow], search: str | None) -> list[EngineerRow]:
    """The rows whose name holds what is searched for."""
    return [row for row in rows if search is None or search.casefold() in row.engineer_id.casefold()]


def team_figures(team: TeamTotals, frame: Frame, counted: Sequence[str]) -> list[Figure]:
    """The totals. Each leads to its rows, where the reader may see them all."""
    kinds = frame.asked.filters.get("kind") or ",".join(counted)
    told: list[tuple[str, int | None, dict[str, str] | None, bool]] = [
        ("Fires", team.fires_30d, {"kind": kinds}, False),
        ("Successful", team.successful, {"kind": kinds, "status": "success"}, False),
        ("Engineers", team.engineers, None, False),
        ("Tool calls", team.tool_calls, {"kind": "tool"}, True),
        ("Sessions", team.sessions, {"kind": "session"}, True),
        ("All rows", team.all_rows, {}, True),
    ]
    open_to_them = frame.role != "engineer" or frame.sample
    return [
        Figure(label, value, frame.listing(**drill) if open_to_them and drill is not None else None, aside)
        for label, value, drill, aside in told
    ]


def render_team(board: TeamBoard, frame: Frame, choice: Choice) -> str:
    """The team's board."""
    rows = ordered(found(board.engineers, frame.asked.q), choice)
    most = max((count for row in rows for count in row.daily), default=0)
    days = [board.first_day + timedelta(days=step) for step in range(len(board.team.daily))]
    return render(
        "wall.html",
        frame=frame,
        drawn=True,
        own_only=frame.role == "engineer" and not board.sample,
        connect=connect_command(frame.server),
        empty=not board.engineers and not board.team.all_rows and not frame.asked.filters,
        suppressed=board.team.suppressed,
        stats=team_figures(board.team, frame, board.counted_kinds),
        chart=daily_chart("Fires per day", days, [Series("fires", board.team.daily)], "area"),
        columns=[choice.head(column, frame) for column in COLUMNS],
        sorted_by=f"{SORTS[choice.sort].label}, {'descending' if choice.order == 'desc' else 'ascending'}",
        rows=[team_row(row, frame, first_day=board.first_day, most=most) for row in rows],
        steps=grade_steps(thresholds_of(board.grades)),
        counted=counted_words(board.counted_kinds),
    )


def team_row(row: EngineerRow, frame: Frame, *, first_day: date, most: int) -> dict[str, Any]:
    """One engineer: the numbers, their drawing, and where the rows behind them are listed."""
    return {
        "row": row,
        "grade": Grade.of(row.utilization),
        "bars": bars(row.daily, most=most, first_day=first_day, name=row.engineer_id),
        "own": row.engineer_id == frame.engineer_id and not frame.sample,
        "fires": frame.drill(row.rows),
        "successful": frame.drill(row.rows, status="success"),
        "tools": frame.drill(row.rows, kind="tool"),
        "all": frame.drill(row.rows, kind=None),
        "sessions": frame.drill(row.rows, kind="session"),
        "top": frame.drill(row.rows, skill=row.top_skill),
    }


async def wall(request: Request, principal: Principal) -> Response:
    """The board of the team, or of the sample, which also stands in for data that is not there yet."""
    given = request.query_params
    choice = Choice.of(given.get("sort", "fires"), given.get("order", "desc"))
    view = await look(request, principal, ROOM, exported="/v1/utilization", searched="engineers")
    board = await request.app.state.board.team(view.principal, view.asked)
    return Page(render_team(board, replace(view.frame, sample=board.sample), choice))


CALLS = (Call("GET", "/", "read", "The team's utilisation board.", wall, page=True),)
