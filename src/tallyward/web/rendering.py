"""From plain data to a page: the templates, the filters they may use, and the headers every page carries.

A page is text first. What came from outside (names, repositories, models) is escaped by the template engine, isolated
from the text around it (`<bdi>`) and cut to a length that cannot break a table; the whole value stays in `title`.
Nothing is inline: the content security policy below allows only files of our own, and no page asks another host.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from tallyward.domain.rate import Rate
from tallyward.web.statics import static_url

HERE = Path(__file__).parent
NAME_CHARS_MAX = 120  # a longer name cannot be read in a cell; the ledger allows 300
TITLE_CHARS_MAX = 400  # what a tooltip may hold of the whole value
SECOND_MS, MINUTE_MS, HOUR_MS = 1_000, 60_000, 3_600_000
ROUGH_MS = 10 * MINUTE_MS

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "vary": "Cookie, Authorization",
}


class Page(HTMLResponse):
    """An HTML answer with the headers that every page carries."""

    def __init__(self, content: str, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status_code=status_code, headers={**PAGE_HEADERS, **(headers or {})})


def clip(text: object, limit: int = NAME_CHARS_MAX) -> str:
    """`text`, or its first `limit` characters and an ellipsis."""
    entire = str(text)
    return entire if len(entire) <= limit else entire[: limit - 1] + "…"


def whole(text: object) -> str:
    """As much of `text` as a tooltip may hold."""
    return clip(text, TITLE_CHARS_MAX)


def number(value: int | None) -> str:
    """`12,345`; a dash where there is no value, since no data is not zero."""
    return "—" if value is None else f"{value:,}"


def duration(milliseconds: int | None) -> str:
    """`840 ms`, `1.2 s`, `3 min 05 s`, `2 h 10 min`: three digits are all that anyone reads."""
    if milliseconds is None:
        return "—"
    if milliseconds < SECOND_MS:
        return f"{milliseconds} ms"
    if milliseconds < MINUTE_MS - SECOND_MS // 20:  # what would be rounded to 60.0 s is a minute
        return f"{milliseconds / SECOND_MS:.1f} s"
    minutes, seconds = divmod(round(milliseconds / SECOND_MS), 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours:,} h {rest:02d} min" if hours else f"{minutes} min {seconds:02d} s"


def rough(value: int | None) -> str:
    """A duration without its seconds once it has ten minutes."""
    if value is None:
        return duration(None)
    return duration(value).partition(" min ")[0] + " min" if ROUGH_MS <= value < HOUR_MS else duration(value)


def milliseconds(began: datetime, ended: datetime) -> int:
    """How long from one moment to another."""
    return round((ended - began).total_seconds() * 1_000)


def moment(value: datetime | str | None) -> datetime | None:
    """A moment in UTC from what an answer of the API holds: a datetime, or its RFC 3339 text."""
    if value is None:
        return None
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed.astimezone(UTC)


def clock_text(value: datetime | str | None, tz: str = "UTC") -> str:
    """`14 Nov 14:02:11 UTC`, in the zone of the reader's browser; scripts write it as the reader is used to."""
    parsed = moment(value)
    if parsed is None:
        return "never"
    local = parsed.astimezone(ZoneInfo(tz))
    return f"{local.day} {local:%b %H:%M:%S %Z}"


def percent(rate: Rate | None) -> str:
    """`92%`, and a decimal where whole percents would say all or nothing; a dash where there is no rate."""
    if rate is None or rate.value is None:
        return "—"
    share = rate.value * 100
    return f"{share:.1f}%" if 0 < share < 1 or 99 < share < 100 else f"{share:.0f}%"  # noqa: PLR2004  # percents


def compact(value: int | None) -> str:
    """`12.3 M`: three digits of a number that nobody reads to its end."""
    if value is None:
        return "—"
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size * 10 or (value >= size > 10**3):
            return f"{value / size:.1f} {letter}" if value < size * 100 else f"{value / size:,.0f} {letter}"
    return f"{value:,}"


def machine_text(value: datetime | str | None) -> str:
    """The same moment for `<time datetime>`."""
    parsed = moment(value)
    return "" if parsed is None else parsed.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Tables(Protocol):
    """The two tables of the engine as they are: it types them as bare dicts."""

    filters: dict[str, Callable[..., object]]
    globals: dict[str, object]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    tables = cast("_Tables", environment)
    tables.filters |= {
        filter_.__name__: filter_
        for filter_ in (clip, whole, number, duration, clock_text, machine_text, percent, compact, rough)
    }
    tables.globals["static"] = static_url
    return environment


def render(template: str, **values: Any) -> str:
    """The named template with these values. A name it does not know raises, so a page is never quietly half empty."""
    return _environment().get_template(template).render(**values)
