"""How far each agent is trusted, and the levels that people set by hand.

What follows from the rates is decided in `domain/trust.py`, what a person may set in `domain/trust_override.py`; here
the merges are read that the one needs, and the events written that the other comes to. Nothing else is kept.
"""

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain import rates
from tallyward.domain.access import Principal
from tallyward.domain.rates import Merge, Whose
from tallyward.domain.rates_now import RateNow, first_pass_now
from tallyward.domain.trust import Level, Trust, agent_trust, trust
from tallyward.domain.trust_override import EndIn, Override, OverrideIn, overridden, require_person, require_usable
from tallyward.errors import NotFound
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.services import overrides
from tallyward.services.body import read_one
from tallyward.services.rates import merged_agents, trust_facts
from tallyward.services.revising import AFTER_ALL, merge_of, merges_before, turns_before
from tallyward.services.tenants import Tenants


class TrustOf(Struct, kw_only=True):
    """How far one agent is trusted, or all: the level, why, the rate that it stands on, and what a person set."""

    agent: str | None
    level: Level
    because: str
    first_pass_merge_rate: RateNow
    early_warning: bool
    override: Override | None


class TrustBoard(Struct, kw_only=True):
    """How far agents are trusted, all of them and each."""

    everybody: TrustOf
    agents: list[TrustOf]


class TrustBook:
    """The trust of a ledger."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def read(self, principal: Principal) -> TrustBoard:
        """The level of all, and of each agent whose work was merged or for whom a person set one."""
        async with self._database.transaction(principal.tenant) as connection:
            return await self.board(connection, principal.tenant)

    async def level(self, connection: Connection, tenant: str, agent: str | None) -> Trust:
        """The level that holds for an agent now, in the transaction of whoever decides by it."""
        board = await self.board(connection, tenant, [agent] if agent else [])
        found = board.agents[0] if agent else board.everybody
        return Trust(found.level, found.because)

    async def board(self, connection: Connection, tenant: str, agents: list[str] | None = None) -> TrustBoard:
        """The board of some agents, or of every one that is known."""
        standing = {
            agent: one
            for agent, one in (await overrides.standing_overrides(connection)).items()
            if one.holds(clock.now())
        }
        if agents is None:
            agents = sorted({*await merged_agents(connection), *(agent for agent in standing if agent)})
        bands = self._tenants.config(tenant).rates
        whose = [rates.OF_ALL, *(Whose(agent=agent) for agent in agents)]
        names = [one.name for each in whose for one in rates.series_of(bands, each)]
        turns = await turns_before(connection, names, AFTER_ALL)
        merges = await _merges_of(connection, agents)
        last = await merges_before(connection, rates.OF_ALL, AFTER_ALL, rates.WINDOW_MAX)
        line = bands.first_pass_merge_rate.low
        of_all = _trust_of(rates.OF_ALL, last, turns, standing, line)
        above = Trust(of_all.level, of_all.because)
        each = [_trust_of(one, merges.get(one.agent or "", []), turns, standing, line, above) for one in whose[1:]]
        return TrustBoard(everybody=of_all, agents=each)

    def read_override(self, body: bytes) -> OverrideIn:
        """The override in a body. Raises BadRequest or Invalid."""
        return read_one(_OVERRIDE, body)

    def read_end(self, body: bytes) -> EndIn:
        """Which override shall end, by a body. Raises BadRequest or Invalid."""
        return read_one(_END, body)

    async def override(self, principal: Principal, told: OverrideIn) -> Override:
        """Sets a level. Raises ScopeMissing where whoever asks is no person."""
        now = clock.now()
        require_usable(told, now)
        async with self._database.transaction(principal.tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            by = await _person(connection, principal, told.agent)
            return await overrides.put(connection, told, by=by, actor=principal.name, now=now)

    async def end(self, principal: Principal, told: EndIn) -> Override:
        """Ends what was set. Raises NotFound where nothing stands, ScopeMissing where whoever asks is no person."""
        now = clock.now()
        async with self._database.transaction(principal.tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            await _person(connection, principal, told.agent)
            one = (await overrides.standing_overrides(connection)).get(told.agent)
            if one is None or not one.holds(now):
                raise NotFound("No level is set by hand there.")
            await overrides.end(connection, one, "ended", now, actor=principal.name)
            return one

    async def end_expired(self, tenant: str) -> int:
        """Tells of every override that has run out that it has. How many there were."""
        async with self._database.transaction(tenant) as connection:
            standing = await overrides.standing_overrides(connection)
            if all(one.holds(clock.now()) for one in standing.values()):
                return 0  # nothing to lock for
            await fetch_all(connection, "lock_outbox")
            return await overrides.end_expired(connection, clock.now())


_OVERRIDE, _END = msgspec.json.Decoder(OverrideIn), msgspec.json.Decoder(EndIn)


async def _person(connection: Connection, principal: Principal, agent: str | None) -> str:
    known = await merged_agents(connection)
    return require_person(principal, [*known, agent] if agent else known)


async def _merges_of(connection: Connection, agents: list[str]) -> dict[str, list[Merge]]:
    rows: list[Row] = []
    if agents:
        asked = {"agents": agents, "limit": rates.WINDOW_MAX}
        rows = await fetch_all(connection, "list_merges_of_agents", asked)
    found: dict[str, list[Merge]] = {}
    for row in reversed(rows):
        found.setdefault(row["agent"], []).append(merge_of(row))
    return found


def _trust_of(  # noqa: PLR0913, PLR0917  # what is known of whom, by name
    whose: Whose,
    merges: list[Merge],
    turns: dict[str, Row],
    standing: dict[str | None, Override],
    line: float,
    above: Trust | None = None,
) -> TrustOf:
    facts = trust_facts(merges, turns, whose, line)
    override = standing.get(whose.agent)
    by_rate = trust(facts) if above is None else agent_trust(above, facts)
    found = overridden(by_rate, override, now=clock.now())
    return TrustOf(
        agent=whose.agent,
        level=found.level,
        because=found.because,
        first_pass_merge_rate=first_pass_now(merges, facts.state, whose.scope),
        early_warning=facts.warned,
        override=override,
    )
