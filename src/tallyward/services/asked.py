"""What a reader asks to see: a range of time, filters and a page. One reading of it, for the API, pages and exports.

A range is rolling (`days=30`, up to now) or fixed (`from=...&to=...`, dates in the reader's time zone or moments; `to`
is not part of it). A rolling range has no end: a row of a machine whose clock is ahead counts, as it does in the
organisation's own queries. What cannot be meant is refused by the name of its parameter; nothing is quietly ignored.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.fire import EARLIEST, KINDS, LATEST, Runtime, Status
from tallyward.errors import Invalid

DAYS_DEFAULT, DAYS_MAX = 30, 366
RANGE_DAYS_MAX = 3_653  # ten years, the leap days counted
NAME_CHARS_MAX = 500  # no name in the ledger is longer
SEARCH_CHARS_MAX = 200  # nobody types more
PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX = 100, 1_000
PAGE_NUMBER_MAX = 10**12  # beyond any page, and short enough to be said back
REACH_ROWS_MAX = 100_000  # what lies behind is reached by a narrower range, not by turning a thousand pages
TOLD_CHARS_MAX = 60  # of what was sent, an error has room for so much
NONE = "(none)"  # asks for the rows that have no repository or no model
UTC_NAME = "UTC"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAMES = ("engineer", "skill", "repo", "model", "session")
RUNTIMES = (*get_args(Runtime), NONE)
AGENT_RUNTIMES = ("k8s-job", "modal", "local-job")  # where no person sits
_LISTS: Mapping[str, tuple[str, ...]] = {"runtime": RUNTIMES, "kind": KINDS}
FILTERS = (*_NAMES, "runtime", "status", "kind")
_PLAIN = (*_NAMES, "runtime", "status")
PARAMETERS = ("days", "from", "to", "tz", *FILTERS, "q")


class Window(Struct, frozen=True, kw_only=True):
    """The range that was read. A rolling one has `days` and no end: it began so many days ago."""

    since: datetime
    until: datetime | None
    days: int | None
    tz: str


class Paging(Struct, frozen=True, kw_only=True):
    """Which page of how many rows."""

    page: int = 1
    limit: int = PAGE_ROWS_DEFAULT

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


class Asked(Struct, frozen=True, kw_only=True):
    """A range, filters and a search, checked. None: not asked for."""

    since: datetime
    until: datetime | None = None
    days: int | None = None
    tz: str = UTC_NAME
    engineer: str | None = None
    skill: str | None = None
    repo: str | None = None
    model: str | None = None
    session: str | None = None
    runtime: str | None = None
    status: str | None = None
    kinds: tuple[str, ...] | None = None
    q: str | None = None

    @property
    def window(self) -> Window:
        return Window(since=self.since, until=self.until, days=self.days, tz=self.tz)

    @property
    def in_whole_hours(self) -> bool:
        """Whether the days of the zone begin with an hour of UTC, in which sums are kept."""
        ends = (self.since, self.until or self.since + timedelta(days=self.days or 0))
        offsets = [moment.astimezone(ZoneInfo(self.tz)).utcoffset() or timedelta() for moment in ends]
        return not any(offset % timedelta(hours=1) for offset in offsets)

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are on, as an address says them."""
        named = {name: getattr(self, name) for name in _PLAIN}
        named["kind"] = ",".join(self.kinds) if self.kinds else None
        return {name: value for name, value in named.items() if value is not None}

    def of(self, **changes: Any) -> "Asked":
        """The same with these changes."""
        return msgspec.structs.replace(self, **changes)

    def listing(self) -> dict[str, Any]:
        """What a list of rows is given: a filter that is not on is None."""
        return {**self.params(), "kinds": list(self.kinds) if self.kinds else None}

    def params(self) -> dict[str, Any]:
        """What a measure is given."""
        return {
            "since": self.since,
            "until": self.until or "infinity",
            "tz": self.tz,
            "kinds": list(self.kinds or KINDS),
            **{name: getattr(self, name) for name in _PLAIN},
        }

    def query(self, **more: str | None) -> str:
        """The parameters that ask for the same rows at any later moment, with these in place of what is asked."""
        said = {"from": clock.iso(self.since)} | ({"to": clock.iso(self.until)} if self.until else {})
        said |= {"tz": self.tz} if self.tz != UTC_NAME else {}
        wanted = said | self.filters | ({"q": self.q} if self.q else {}) | more
        return urlencode({name: value for name, value in wanted.items() if value is not None})

    def rows(self, **more: str | None) -> str:
        """Where the fires behind a number are listed: those asked for, narrowed by `more`, whatever is searched for."""
        return f"/v1/fires?{self.query(**{'q': None, **more})}"

    def requests(self, **more: str | None) -> str:
        """Where the requests behind a cost are listed. A request is of no kind and has no outcome."""
        return f"/v1/requests?{self.query(**{'q': None, 'kind': None, 'status': None, **more})}"

    def on_day(self, day: date) -> "Asked":
        """The part of the range that is on one day of UTC."""
        begin = datetime.combine(day, time.min, UTC)
        end = begin + timedelta(days=1)
        return self.of(since=max(self.since, begin), until=min(self.until or end, end), days=None, tz=UTC_NAME)


def read(given: Mapping[str, str], *, tz_default: str = UTC_NAME, now: datetime | None = None) -> Asked:
    """What these parameters ask for; others are left alone. Raises Invalid with the name of a wrong one."""
    said = {name: value for name in PARAMETERS if (value := given.get(name, ""))}
    tz = _zone(said.get("tz") or tz_default)
    since, until, days = _range(said, tz, now or clock.now())
    names = {name: _name(said[name], name, NAME_CHARS_MAX) for name in _NAMES if name in said}
    lists = {name: _words(said[name], name, known) for name, known in _LISTS.items() if name in said}
    status = _word(said["status"], "status", get_args(Status)) if "status" in said else None
    q = _name(said["q"], "q", SEARCH_CHARS_MAX) if "q" in said else None
    runtime = ",".join(lists["runtime"]) if "runtime" in lists else None
    return Asked(
        since=since,
        until=until,
        days=days,
        tz=tz,
        kinds=lists.get("kind"),
        runtime=runtime,
        status=status,
        q=q,
        **names,
    )


def last_days(days: int, **filters: Any) -> Asked:
    """The last so many days. Raises Invalid where no board goes back so far."""
    _require_days(days)
    return Asked(since=clock.now() - timedelta(days=days), days=days, **filters)


def read_paging(given: Mapping[str, str]) -> Paging:
    """Which page is asked for. Raises Invalid for one that there is not, or that is too far."""
    page = _whole(given.get("page") or "1", "page", PAGE_NUMBER_MAX)
    limit = _whole(given.get("limit") or str(PAGE_ROWS_DEFAULT), "limit", PAGE_ROWS_MAX)
    if page * limit > REACH_ROWS_MAX:
        raise Invalid(
            f"page {page} of {limit} rows is too far: pages end at row {REACH_ROWS_MAX:,}. Choose a narrower range.",
            field="page",
        )
    return Paging(page=page, limit=limit)


def _range(said: Mapping[str, str], tz: str, now: datetime) -> tuple[datetime, datetime | None, int | None]:
    if "from" not in said and "to" not in said:
        days = _whole(said.get("days", str(DAYS_DEFAULT)), "days", DAYS_MAX)
        return now - timedelta(days=days), None, days
    if "days" in said:
        raise Invalid("Say days, or from and to, and not both.", field="days")
    if "from" not in said:
        raise Invalid("to needs from; a range that ends has a beginning.", field="from")
    since = _moment(said["from"], "from", tz)
    until = _moment(said["to"], "to", tz) if "to" in said else None
    end = until or max(now, since)
    if end < since or end == until == since:
        raise Invalid("The range ends before it begins: to must be later than from.", field="to")
    if end - since > timedelta(days=RANGE_DAYS_MAX):
        raise Invalid("The range is longer than ten years; ask for a shorter one.", field="from")
    return since, until, None


def _require_days(days: int) -> None:
    if not 1 <= days <= DAYS_MAX:
        raise Invalid(f"days is {days}; it must be from 1 to {DAYS_MAX}.", field="days")


def _moment(text: str, name: str, tz: str) -> datetime:
    """A moment with its zone, or the first moment of a day in the reader's."""
    try:
        if _DAY.fullmatch(text):
            found = datetime.combine(date.fromisoformat(text), time.min, ZoneInfo(tz))
        else:
            found = msgspec.convert(text, datetime, strict=False)
    except (ValueError, OverflowError) as error:  # msgspec's error is a ValueError too
        raise Invalid(f"{name} is {_told(text)}; it must be a day or a moment (RFC 3339).", field=name) from error
    if found.tzinfo is None:
        raise Invalid(f"{name} needs a time zone, such as 2026-05-17T14:23:01Z.", field=name)
    if not EARLIEST.replace(tzinfo=None) <= found.replace(tzinfo=None) < LATEST.replace(tzinfo=None):
        raise Invalid(f"{name} is {_told(text)}; the ledger goes from 1970 to 9998.", field=name)
    return found.astimezone(UTC)


@cache
def _zones() -> frozenset[str]:
    """The names of all time zones: walking the files takes milliseconds, so it is done once."""
    return frozenset(available_timezones()) | {UTC_NAME}


def _zone(text: str) -> str:
    if text not in _zones():
        raise Invalid(f"tz is {_told(text)}; it must be the name of a time zone, such as Europe/Paris.", field="tz")
    return text


def _whole(text: str, name: str, most: int) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(PAGE_NUMBER_MAX))
    if not digits or not 1 <= int(text) <= most:
        raise Invalid(f"{name} is {_told(text)}; it must be a whole number from 1 to {most}.", field=name)
    return int(text)


def _name(text: str, name: str, chars_max: int) -> str:
    if len(text) > chars_max:
        raise Invalid(f"{name} has {len(text)} characters; no name has more than {chars_max}.", field=name)
    if "\0" in text or not _is_unicode(text):
        raise Invalid(f"{name} holds a character that no text may hold.", field=name)
    return text


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _word(text: str, name: str, known: Iterable[str]) -> str:
    if text not in known:
        raise Invalid(f"{name} is {_told(text)}; it must be one of {', '.join(known)}.", field=name)
    return text


def _words(text: str, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """A list with commas, in the order in which the words are known, each once."""
    given = {_word(part.strip(), name, known) for part in text[:NAME_CHARS_MAX].split(",")}
    return tuple(word for word in known if word in given)


def _told(text: str) -> str:
    """What was sent, short enough to be said back."""
    return repr(text[:TOLD_CHARS_MAX] + ("…" if len(text) > TOLD_CHARS_MAX else ""))
