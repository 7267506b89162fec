"""The acceptance grid of a tenant: facts from the ledger and from the server's disk, and what each metric says of them.

This is the thin edge; every decision is in `accept/`, one file each. What no part of Tallyward knows yet (the pickup of
labels) is left out of the facts, and the metrics say so.
"""

import asyncio
from operator import attrgetter
from pathlib import Path

from msgspec import Struct

from tallyward import accept
from tallyward.accept._base import Check, Facts, Light, Verdict
from tallyward.domain.acceptance import AcceptConfig
from tallyward.domain.access import Principal
from tallyward.ledger.database import Database
from tallyward.plugins import found
from tallyward.services.accept_files import read_checkouts, read_lints
from tallyward.services.accept_forges import ForgeFacts
from tallyward.services.forges import Forges
from tallyward.services.tenants import Tenants

GREEN_NEEDED = 6  # of eight, says the spec
PEOPLE_MIN = 3  # a count of fewer tells of one of them what nobody but leads may see
HIDDEN = "hidden: the team has fewer than three"


class Line(Struct, kw_only=True):
    """One metric as the grid shows it. `who`: people it is about, for leads and admins alone."""

    name: str
    title: str
    proves: str
    command: str
    light: Light
    value: str | None
    reason: str
    who: list[str]


class Grid(Struct, kw_only=True):
    """The eight metrics, and whether enough of them are green."""

    tenant: str
    accepted: bool
    needed: int
    green: int
    red: int
    cannot_tell: int
    lines: list[Line]


class Acceptance:
    """Reads the facts and asks every metric."""

    def __init__(self, database: Database, tenants: Tenants, tenants_dir: Path | None, forges: Forges) -> None:
        self._database = database
        self._tenants = tenants
        self._folder = tenants_dir
        self._forges = ForgeFacts(forges)
        checks = found(accept, Check)  # pyright: ignore[reportAbstractUsage]
        self._checks = sorted(checks.items(), key=lambda item: item[1].place)

    async def grid(self, principal: Principal) -> Grid:
        """The grid as this principal may see it."""
        facts = await self._facts(principal.tenant)
        lines = [_line(name, check, check.decide(facts), principal, facts) for name, check in self._checks]
        lights = list(map(attrgetter("light"), lines))
        return Grid(
            tenant=principal.tenant,
            accepted=lights.count("green") >= GREEN_NEEDED,
            needed=GREEN_NEEDED,
            green=lights.count("green"),
            red=lights.count("red"),
            cannot_tell=lights.count("cannot tell"),
            lines=lines,
        )

    async def _facts(self, tenant: str) -> Facts:
        settings = self._tenants.config(tenant).accept
        [row] = await self._database.query(tenant, "acceptance_facts", {"retired": _spellings(settings)})
        told = await self._forges.read(tenant, settings)
        folder = f"tenants/{tenant}/lints"
        lints = asyncio.to_thread(read_lints, self._folder / tenant / "lints") if self._folder else None
        return Facts(
            settings=settings,
            team=settings.team or tuple(row["bound"]),
            fires_1d=row["fires_1d"],
            graded=frozenset(row["graded"]),
            start_seconds=row["start_seconds"],
            retired_fires=_by_name(settings, row["retired_fires"]),
            checkouts=await asyncio.to_thread(read_checkouts, settings.checkouts),
            lints=await lints if lints else None,
            lints_folder=folder,
            branches=told.branches,
            run_seconds=told.run_seconds,
            unread=told.unread,
        )


def _line(name: str, check: type[Check], verdict: Verdict, principal: Principal, facts: Facts) -> Line:
    """An engineer sees that somebody is missing, not who; of a very small team not even how many."""
    engineer = principal.role == "engineer"
    hidden = engineer and check.about_people and 0 < len(facts.team) < PEOPLE_MIN
    return Line(
        name=name,
        title=check.title,
        proves=check.proves,
        command=check.command,
        light="cannot tell" if hidden else verdict.light,
        value=None if hidden else verdict.value,
        reason=f"Cannot tell you: {HIDDEN}." if hidden else verdict.reason,
        who=[] if engineer else list(verdict.who),
    )


def _spellings(settings: AcceptConfig) -> list[str]:
    """A skill is reported with its slash by some agents and without by others."""
    return [spelt for name in settings.retired_skills for spelt in (name, f"/{name}")]


def _by_name(settings: AcceptConfig, fires: dict[str, int]) -> dict[str, int]:
    return {name: fires.get(name, 0) + fires.get(f"/{name}", 0) for name in settings.retired_skills}
