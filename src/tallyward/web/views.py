"""What a page says, worked out from a board: pure, plain data in, markup out.

The pages show the numbers of `/v1/utilization` and `/v1/me` from the same call, so that they cannot disagree. Here they
are put in order, put into words and drawn; nothing is counted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from tallyward.domain.access import SCOPES, Principal, Token
from tallyward.domain.tenant import BELOW_ALL, GRADES, GradeThresholds
from tallyward.redact import Secret
from tallyward.services.board import EngineerRow, MyBoard, SkillRow, TeamBoard, TeamTotals
from tallyward.web.rendering import render
from tallyward.web.sparkline import area, bars

KIND_WORDS = {"skill": "skills", "agent": "agents", "mcp": "MCP calls", "tool": "tool calls", "session": "prompts"}
PER_DAY = "Fires per 24 hours, up to now"


@dataclass(frozen=True, slots=True)
class Room:
    """A page one can go to."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks at a page, as the page shows them."""

    name: str
    role: str
    engineer_id: str | None
    rooms: tuple[Room, ...]

    @classmethod
    def of(cls, principal: Principal) -> "Viewer":
        rooms = [Room("Team", "/"), Room("Me", "/me"), Room("Agents", "/agents")]
        if principal.may("admin"):
            rooms.append(Room("Tokens", "/tokens"))
        return cls(principal.engineer_id or principal.name, principal.role, principal.engineer_id, tuple(rooms))


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade as it is drawn: a word, a class and how many of four bars are full."""

    name: str
    slug: str
    level: int

    @classmethod
    def of(cls, name: str) -> "Grade":
        return cls(name, name.rstrip("?"), len(GRADES) - 1 - GRADES.index(name))


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a row of totals; those beside do not count towards a grade."""

    label: str
    value: int
    aside: bool = False


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


def grade_steps(thresholds: GradeThresholds) -> list[dict[str, Any]]:
    """The grades and what they need, best first."""
    steps = [
        {"grade": Grade.of(name), "words": f"more than {getattr(thresholds, name):,}"}
        for name in GRADES
        if name != BELOW_ALL
    ]
    return [*steps, {"grade": Grade.of(BELOW_ALL), "words": f"{thresholds.untapped:,} or fewer"}]


def counted_words(kinds: Sequence[str]) -> str:
    """`skills, agents and MCP calls of the last 30 days; ...`: the one line that says what a fire is."""
    names = [KIND_WORDS.get(kind, kind) for kind in kinds]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    beside = "" if "tool" in kinds else " Tool calls are shown beside and do not count."
    return f"{listed}, each use once, however many paths reported it.{beside}"


def next_step(fires: int, thresholds: GradeThresholds) -> str:
    """How far the next grade is."""
    for name in reversed(GRADES[:-1]):
        more = getattr(thresholds, name) + 1 - fires
        if more > 0:
            return f"{more:,} more in 30 days {'makes' if more == 1 else 'make'} it {name}"
    return "The highest grade there is"


def team_figures(team: TeamTotals) -> list[Figure]:
    return [
        Figure("Fires", team.fires_30d),
        Figure("Successful", team.successful),
        Figure("Engineers", team.engineers),
        Figure("Tool calls", team.tool_calls, aside=True),
        Figure("Sessions", team.sessions, aside=True),
        Figure("All rows", team.all_rows, aside=True),
    ]


def own_figures(row: EngineerRow) -> list[Figure]:
    return [
        Figure("Successful", row.successful),
        Figure("Skills", row.unique_skills),
        Figure("Tool calls", row.tool_calls, aside=True),
        Figure("Sessions", row.sessions, aside=True),
        Figure("All rows", row.all_rows, aside=True),
    ]


def connect_command(server: str, token: str = "YOUR_TOKEN") -> str:  # noqa: S107  # a placeholder to be replaced by hand
    return f"tally connect claude --server {server} --token {token}"


def thresholds_of(grades: dict[str, int]) -> GradeThresholds:
    return msgspec.convert(grades, GradeThresholds)


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


def skill_rows(skills: Sequence[SkillRow]) -> list[dict[str, Any]]:
    """The skills with their share of all rows listed, in whole percent."""
    whole = max(sum(skill.fires for skill in skills), 1)
    shares = [100 * skill.fires / whole for skill in skills]
    words = ["<1%" if 0 < share < 1 else f"{share:.0f}%" for share in shares]
    listed = zip(skills, shares, words, strict=True)
    return [{"skill": skill, "share": f"{share:.1f}", "words": text} for skill, share, text in listed]


def render_me(me: MyBoard | None, principal: Principal, *, today: date, server: str, mark: str) -> str:
    """One engineer's own page. Without a row, or without an engineer (`me` is None), it says what to do next."""
    shown: dict[str, Any] = {"row": None}
    if me is not None and me.row is not None:
        thresholds = thresholds_of(me.grades)
        shown = {
            "row": me.row,
            "grade": Grade.of(me.row.utilization),
            "stats": own_figures(me.row),
            "area": area(me.row.daily, last_day=today, name=me.engineer_id),
            "per_day": PER_DAY,
            "next_step": next_step(me.row.fires_30d, thresholds),
            "steps": grade_steps(thresholds),
            "counted": counted_words(me.counted_kinds),
            "skills": skill_rows(me.skills),
            "recent": me.recent,
            "days": me.days,
        }
    return render(
        "me.html", viewer=Viewer.of(principal), here="Me", mark=mark, connect=connect_command(server), **shown
    )


def render_sign_in(*, onward: str, problem: str = "") -> str:
    return render("sign_in.html", viewer=None, here="", mark="", next=onward, problem=problem)


def render_tokens(  # noqa: PLR0913  # one parameter per thing a page shows, all by name
    tokens: Sequence[Token],
    principal: Principal,
    *,
    now: datetime,
    server: str,
    made: tuple[Secret, Token] | None = None,
    problem: str = "",
) -> str:
    """The tokens of the organisation; `made` is one that was just created, whose secret is shown this once."""
    return render(
        "tokens.html",
        viewer=Viewer.of(principal),
        here="Tokens",
        mark="",
        tokens=[token_row(token, principal, now) for token in tokens],
        scopes=SCOPES,
        made=made[1].name if made else None,
        connect=connect_command(server, made[0].reveal()) if made else "",
        problem=problem,
    )


def token_row(token: Token, principal: Principal, now: datetime) -> dict[str, Any]:
    ended = token.expires_at is not None and token.expires_at <= now
    state = "revoked" if token.revoked_at else "expired" if ended else "active"
    return {"token": token, "state": state, "own": token.id == principal.token_id}


def render_problem(principal: Principal | None, *, heading: str, message: str, remedy: str) -> str:
    viewer = Viewer.of(principal) if principal else None
    return render("problem.html", viewer=viewer, here="", mark="", heading=heading, message=message, remedy=remedy)
