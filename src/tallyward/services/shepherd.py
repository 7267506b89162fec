"""Takes care of pull requests: looks at each, decides, keeps the decision, and acts where it may.

Every look is one decision in the outbox, a wait too. It acts only in repositories that are listed for it; everywhere
else it says what it would do. Before it acts it looks once more, and does nothing where the answer is another by then.
One server at a time takes care of a pull request, the one that holds its lock.
"""

import logging
from typing import Any

from msgspec import Struct, structs

from tallyward import clock
from tallyward.domain.attribution import attribute
from tallyward.domain.forge import ForgeWriter, PullRequestSignals, SignalsReader
from tallyward.domain.shepherd import Decision, decide, verdicts
from tallyward.domain.shepherd_events import Told, decision_payload, resumed, subject_of, tell
from tallyward.domain.shepherd_facts import Action, Facts
from tallyward.errors import ConfigInvalid, ForgeError, NotFoundOnForge
from tallyward.fault_points import reached
from tallyward.ledger.alone import Locks, locks
from tallyward.ledger.database import Database
from tallyward.services.series import Series
from tallyward.services.shepherd_acts import act, outcome_of
from tallyward.services.shepherd_means import Explained, Hands, Looked, Missed, Pass, Place, Shadow, Standing
from tallyward.services.shepherd_memory import Done, Known, Memory
from tallyward.services.tenants import Tenants

_log = logging.getLogger(__name__)


class _Case(Struct, frozen=True, kw_only=True):
    """One pull request at one look: where, by whom it is read and acted on, and what is known of it."""

    tenant: str
    place: Place
    reader: SignalsReader
    writer: ForgeWriter
    acting: bool
    facts: Facts
    told: Told


class Shepherd:
    """The shepherd of a ledger's tenants."""

    def __init__(  # noqa: PLR0913, PLR0917  # what it works with, by name
        self,
        database: Database,
        tenants: Tenants,
        hands: Hands,
        standing: Standing,
        series: Series,
        shadow: Shadow | None = None,
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._hands = hands
        self._standing = standing
        self._shadow = shadow
        self._memory = Memory(database, series)

    async def once(self, tenant: str, *, dry_run: bool = False, low_priority: bool = True) -> Pass:
        """Looks at every pull request that is open, and at those that were and of whose end nothing was told yet."""
        found = Pass()
        async with locks(self._database) as held:
            for place in self._hands.places(tenant):
                if low_priority or not place.low_priority:
                    try:
                        await self._repository(held, tenant, place, found, dry_run=dry_run)
                    except (ForgeError, ConfigInvalid) as error:
                        found.missed.append(Missed(place.repo, None, error.code))
        return found

    async def look(self, tenant: str, repo: str, number: int, *, dry_run: bool = False) -> Looked | None:
        """Looks at one. None where another server is at it, or where there is nothing to decide. Raises ForgeError."""
        place = self._place(tenant, repo)
        reader, _ = self._hands.of(tenant, repo)
        async with locks(self._database) as held:
            return await self._look(held, tenant, place, await reader.pull_request(repo, number), dry_run=dry_run)

    async def explain(self, tenant: str, repo: str, number: int) -> Explained:
        """What it would do now, and why; nothing is kept and nothing done. Raises ForgeError."""
        place = self._place(tenant, repo)
        reader, _ = self._hands.of(tenant, repo)
        case = await self._case(tenant, place, await reader.pull_request(repo, number), acting=place.acts)
        facts = case.facts
        decision = decide(facts)
        payload = decision_payload(facts, decision, clock.iso(facts.now), dry_run=not place.acts)
        return Explained(
            repo=repo, number=number, acts=place.acts, episode=facts.history.episode,
            attempts=facts.history.attempts(), trust=facts.trust, held=facts.held, agent=facts.agent,
            decision=decision, guards=verdicts(facts), state=payload["state"],
        )  # fmt: skip

    def _place(self, tenant: str, repo: str) -> Place:
        for place in self._hands.places(tenant):
            if place.repo == repo:
                return place
        raise NotFoundOnForge(f"{repo} is in no [[forges]] of tenant {tenant}.")

    async def _repository(self, held: Locks, tenant: str, place: Place, found: Pass, *, dry_run: bool) -> None:
        reader, _ = self._hands.of(tenant, place.repo)
        pulls = await reader.open_pull_requests(place.repo)
        seen = {subject_of(told) for told in pulls}
        for known in await self._memory.known(tenant):
            if known.repo == place.repo and known.forge == place.forge and known.subject not in seen:
                await self._gone(reader, place, known, pulls, found)
        for told in pulls:
            try:
                looked = await self._look(held, tenant, place, told, dry_run=dry_run)
            except ForgeError as error:
                found.missed.append(Missed(place.repo, told.number, error.code))
                continue
            if looked is not None:
                found.looked.append(looked)

    async def _gone(
        self, reader: SignalsReader, place: Place, known: Known, pulls: list[PullRequestSignals], found: Pass
    ) -> None:
        """Adds one that was open and is not in the list any more, to be looked at for the last time."""
        try:
            pulls.append(await reader.pull_request(place.repo, known.number))
        except ForgeError as error:
            found.missed.append(Missed(place.repo, known.number, error.code))

    async def _look(
        self, held: Locks, tenant: str, place: Place, told: PullRequestSignals, *, dry_run: bool
    ) -> Looked | None:
        async with held.hold(f"tally.shepherd.{tenant}.{subject_of(told)}") as mine:
            if not mine:
                return None
            case = await self._case(tenant, place, told, acting=place.acts and not dry_run)
            if case.told.unfinished is not None:
                await self._finish(case)
                case = await self._case(tenant, place, told, acting=case.acting)
            return await self._decide(case)

    async def _case(self, tenant: str, place: Place, told: PullRequestSignals, *, acting: bool) -> _Case:
        told = structs.replace(told, repo=place.repo)  # by the name that it is configured by, whatever it is called now
        reader, writer = self._hands.of(tenant, place.repo)
        config = self._tenants.config(tenant)
        come_to = tell(await self._memory.events(tenant, subject_of(told)), acting=acting)
        found = attribute(
            config.agents,
            head_branch=told.head_branch,
            author=told.author,
            labels=told.labels,
            co_agents=told.co_agents,
        )
        agent = found.agent if found else None
        async with self._database.transaction(tenant) as connection:
            trust, why_held = await self._standing.of(connection, tenant, told, agent)
        facts = Facts(
            signals=told, now=clock.now(), config=config.shepherd, trust=trust, held=why_held, agent=agent,
            history=resumed(come_to.history, told, config.shepherd.labels.escalated),
        )  # fmt: skip
        return _Case(tenant=tenant, place=place, reader=reader, writer=writer, acting=acting, facts=facts, told=come_to)

    async def _finish(self, case: _Case) -> None:
        """Finds out what became of a decision without a result."""
        unfinished, told = case.told.unfinished, case.facts.signals
        if unfinished is not None:
            done = await outcome_of(case.reader, told, unfinished, case.facts.config)
            await self._acted(case, unfinished.id, unfinished.action, done)

    async def _decide(self, case: _Case) -> Looked | None:
        decision = decide(case.facts)
        told = case.facts.signals
        if decision.action == "none":
            if case.told.last is not None and case.told.history.ended is None:
                await self._memory.ended(case.tenant, told, _how_it_ended(case))
            return None
        dry_run = not case.acting
        payload = decision_payload(case.facts, decision, clock.iso(case.facts.now), dry_run=dry_run)
        payload["shadow"] = await self._considered(case.tenant, payload)
        await self._memory.decided(case.tenant, payload)
        looked = Looked(
            repo=told.repo, number=told.number, action=decision.action, reason=decision.reason, says=decision.says,
            dry_run=dry_run, decision=decision.id,
        )  # fmt: skip
        if dry_run or decision.action == "wait":
            return looked
        reached("shepherd.before_act")
        return structs.replace(looked, acted=await self._act(case, decision))

    async def _considered(self, tenant: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        if self._shadow is None:
            return None
        try:
            return await self._shadow.consider(tenant, payload["state"], payload["candidates"], payload)
        except Exception as mistake:  # noqa: BLE001  # a policy that only watches must stop nothing: told by its kind
            _log.warning("the policy in the shadow failed with %s", type(mistake).__name__)
            return {"failed": type(mistake).__name__}

    async def _act(self, case: _Case, decision: Decision) -> Done | None:
        """Looks once more and acts, unless the answer is another by now."""
        before = case.facts.signals
        fresh = structs.replace(await case.reader.pull_request(case.place.repo, before.number), repo=case.place.repo)
        now = decide(structs.replace(case.facts, signals=fresh))
        if now.id != decision.id:  # another step, or another head
            done = Done(ok=False, code="changed_meanwhile", again=True)
        else:
            done = await act(case.writer, fresh, now, case.facts.config)
        reached("shepherd.after_act")
        if done is not None:
            await self._acted(case, decision.id, decision.action, done)
        return done

    async def _acted(self, case: _Case, decision: str, action: Action, done: Done) -> None:
        first = action == "escalate" and not done.again and not case.told.escalation_told
        reason = decide(case.facts).reason if first else None
        await self._memory.acted(case.tenant, case.facts.signals, decision, action, done, escalated=reason)


def _how_it_ended(case: _Case) -> str:
    ours = any(one.action == "merge" and one.ok for one in case.told.history.effects)
    if case.facts.signals.state == "merged":
        return "merged_by_the_shepherd" if ours else "merged_by_others"
    return "closed_by_others"
