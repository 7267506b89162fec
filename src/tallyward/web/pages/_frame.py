"""What stands around every page: where one can go, who is looking, what is asked, and how to ask for something else.

The whole of what is asked for stands in the address, so a page can be bookmarked and sent; it is asked by links and
plain forms, so it works without scripts. The range of time and the sample go along from page to page, filters stay.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request

from tallyward import clock
from tallyward.domain.access import Principal, Scope
from tallyward.domain.money import Currency
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.errors import Invalid, NotFound
from tallyward.services.asked import AGENT_RUNTIMES, FILTERS, PARAMETERS, Asked
from tallyward.web.parameters import asked as read_asked

RANGES = (7, 30, 90)
RANGE = ("days", "from", "to", "tz")
ALONG = (*RANGE, "sample")  # what goes along from page to page
ADDED = (
    "sort",
    "order",
    "by",
    "event",
    "project",
    "agent",
    "state",
    "sample",
)  # what pages take beside the range, the filters and the search
DOLLARS = Currency()
FILTER_WORDS = {"repo": "repository"}


@dataclass(frozen=True, slots=True)
class Room:
    """A page one can go to. `place` orders the navigation; `access` is the scope without which it is not shown."""

    name: str
    href: str
    place: int = 0
    access: Scope = "read"


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to go, and whether one is there."""

    name: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a page with what is asked of it; called, it says the same with changes (None leaves one out)."""

    path: str
    given: Mapping[str, str]

    def __call__(self, path: str | None = None, /, **changes: str | None) -> str:
        asked = {**self.given, **{name.rstrip("_"): value for name, value in changes.items()}}
        told = {name: value for name, value in asked.items() if value}
        return f"{path or self.path}?{urlencode(told)}" if told else path or self.path

    def only(self, names: tuple[str, ...]) -> "Address":
        return replace(self, given={name: value for name, value in self.given.items() if name in names})

    def without(self, *names: str) -> dict[str, str]:
        """What a form must carry along: everything but what it asks itself, and never a page number."""
        return {name: value for name, value in self.given.items() if value and name not in (*names, "page")}


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything around the content of a page. `mark` is what of the ledger it shows, for a page that stays live."""

    room: Room
    viewer: str
    role: str
    engineer_id: str | None
    rooms: tuple[Link, ...]
    address: Address
    asked: Asked
    mark: str = ""
    sample: bool = False
    has_sample: bool = False
    exported: str = ""  # the call of the API that gives the same numbers
    searched: str = ""  # what the search box looks for; empty: no box
    ranged: bool = True
    rolling: bool = False  # days back from now alone
    ever: bool = False  # all time where no range is said
    csv: bool = True  # whether the call gives CSV too
    currency: Currency = DOLLARS
    server: str = ""

    @property
    def money(self) -> Callable[..., str]:
        return self.currency.say

    @property
    def tz(self) -> str:
        return self.asked.tz

    @property
    def ranges(self) -> tuple[Link, ...]:
        """The usual ranges."""
        rest = {"from_": None, "to": None, "page": None}
        said = not self.ever or "days" in self.address.given
        return tuple(
            Link(f"{days} days", self.address(**rest, days=str(days)), said and self.asked.days == days)
            for days in RANGES
        )

    @property
    def first_day(self) -> str:
        return self._day(self.asked.since)

    @property
    def last_day(self) -> str:
        """The day before which the range ends: today's rows are in a range that ends tomorrow."""
        until = self.asked.until
        return self._day(until) if until else self._day(clock.now() + timedelta(days=1))

    def _day(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self.tz)).date().isoformat()

    @property
    def today(self) -> date:
        """The day on which the range ends, as the viewer calls it."""
        end = self.asked.until or clock.now()
        return end.astimezone(ZoneInfo(self.tz)).date()

    def drill(self, rows: str, **more: str | None) -> str:
        """The page that lists what a call of the API lists: `/v1/fires?...` as `/fires?...`."""
        path, _, query = rows.partition("?")
        asked = dict(parse_qsl(query)) | ({"sample": "1"} if self.sample else {})
        return Address(path.removeprefix("/v1"), asked)(**more)

    def listing(self, path: str = "/fires", **filters: str | None) -> str:
        """A page that lists rows of the same range, narrowed by these filters and the ones that are on."""
        along = self.address.only((*ALONG, *FILTERS))
        return replace(along, given={**along.given, **({"sample": "1"} if self.sample else {})})(path, **filters)

    def session(self, session_id: str | None, runtime: str | None) -> str | None:
        """The page of one session; none where there is none, or where a lead may not open it."""
        if not session_id or (self.role == "lead" and not self.sample and runtime not in AGENT_RUNTIMES):
            return None
        return self.listing(f"/sessions/{quote(session_id, safe='')}")

    @property
    def span(self) -> str:
        """`the last 30 days`, or from when to when."""
        if self.asked.days:
            return "the last day" if self.asked.days == 1 else f"the last {self.asked.days} days"
        return f"{self.first_day} to {self.last_day}" if self.asked.until else f"{self.first_day} to now"

    @property
    def chips(self) -> tuple[tuple[str, str, str], ...]:
        """What narrows the rows: its name, its value, and the address without it."""
        return tuple(
            (FILTER_WORDS.get(name, name), value, self.address(**{name: None, "page": None}))
            for name, value in self.asked.filters.items()
        )

    @property
    def exports(self) -> tuple[Link, ...]:
        """The same numbers for programs. The made-up ones are not given out: nobody shall take them for the truth."""
        if not self.exported or self.sample:
            return ()
        plain = self.address.only((*PARAMETERS, "by", "event"))
        return tuple(
            Link(name, plain(self.exported, format=name.lower() if self.csv else None))
            for name in (("CSV", "JSON") if self.csv else ("JSON",))
        )

    @property
    def sample_link(self) -> Link | None:
        """The way to the sample and back; none where the sample stands in for data that is not there yet."""
        if self.address.given.get("sample"):
            return Link("Back to your own data", self.address(sample=None))
        return (
            Link("See it with sample data", self.address(sample="1")) if self.has_sample and not self.sample else None
        )


def modules() -> Iterator[ModuleType]:
    """The pages: each public module of this folder, found by being there."""
    package = __name__.rpartition(".")[0]
    for info in iter_modules(import_module(package).__path__):
        if not info.name.startswith("_"):
            yield import_module(f"{package}.{info.name}")


@cache
def rooms() -> tuple[Room, ...]:
    """The pages that are in the navigation, in its order."""
    found = [module.ROOM for module in modules() if hasattr(module, "ROOM")]
    return tuple(sorted(found, key=lambda room: (room.place, room.name)))


def build(principal: Principal, room: Room, address: Address, asked: Asked, **more: object) -> Frame:
    """The frame of one page for one viewer."""
    along = address.only(ALONG)
    links = [Link(each.name, along(each.href), each == room) for each in rooms() if principal.may(each.access)]
    frame = Frame(
        room,
        principal.engineer_id or principal.name,
        principal.role,
        principal.engineer_id,
        tuple(links),
        address,
        asked,
    )
    return replace(frame, **more)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a page: whom the services shall answer, what is asked, and the frame around the answer."""

    principal: Principal
    asked: Asked
    frame: Frame


def known_only(given: Mapping[str, str]) -> dict[str, str]:
    """What is asked. Raises Invalid for what no page can be asked, rather than show something else than was meant."""
    strange = next((name for name in given if name not in (*PARAMETERS, *ADDED, "page", "limit")), None)
    if strange is not None:
        raise Invalid(f"{strange[:60]} is not something that a page can be asked.", field=strange[:60])
    return {name: given[name] for name in (*PARAMETERS, *ADDED, "page", "limit") if given.get(name)}


async def look(request: Request, principal: Principal, room: Room, **more: object) -> Look:
    """Reads what is asked for. With `?sample=1` the services answer for the sample, which anyone may see whole.

    The mark is taken before any row is read: a later commit must differ from it. Raises NotFound without a sample.
    """
    state = request.app.state
    given = known_only(request.query_params)
    has_sample = await state.tenants.exists(SAMPLE_TENANT)
    sample = given.get("sample") == "1"
    if sample and not has_sample:
        raise NotFound("This server has no sample data.")
    asked = read_asked(request)
    frame = build(
        principal,
        room,
        Address(request.url.path, given),
        asked,
        mark=state.feed.mark(principal.tenant),
        sample=sample,
        has_sample=has_sample,
        currency=state.tenants.config(principal.tenant).currency,
        server=server_address(request),
        **more,
    )
    return Look(as_sample(principal) if sample else principal, asked, frame)


def as_sample(principal: Principal) -> Principal:
    """Whoever looks at the sample sees all of it: its people are made up."""
    return msgspec.structs.replace(
        principal, tenant=SAMPLE_TENANT, engineer_id=None, scopes=frozenset({"read", "admin"})
    )


def server_address(request: Request) -> str:
    """The address under which the reader sees this server: what `tally connect` needs."""
    return str(request.base_url).rstrip("/")


def connect_command(server: str, token: str = "YOUR_TOKEN") -> str:  # noqa: S107  # a placeholder to be replaced by hand
    return f"tally connect claude --server {server} --token {token}"
