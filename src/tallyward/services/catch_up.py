"""Finds what forges delivered and we do not have: it failed while we were away, or was lost with a backup that was put
back. It is noted as missing, the forge is asked to deliver it once more, and it is marked as recovered when it comes.

A forge keeps its deliveries for some days, and tells of each whether it arrived; it is not believed about that, since
what counts is whether it is here. One that is refused each time is asked for a few times, and then left as missing.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tallyward import clock
from tallyward.domain.forge import DeliveryState, ForgeWriter, Hook, SignalsReader
from tallyward.domain.forge_config import ForgeConfig
from tallyward.errors import ConfigInvalid, ForgeCannot, ForgeError
from tallyward.ledger.database import Database
from tallyward.services.deliveries import CaughtUp
from tallyward.services.forges import Forges

KEPT = timedelta(days=3)  # GitHub delivers nothing again that is older
ATTEMPTS_MAX = 4  # of one delivery, the forge's own first one included
PAUSE = timedelta(minutes=5)  # since the last attempt, which may still be under way
ASKED_MAX = 50  # in one look at one hook, so that what was lost comes back without a flood
_GUID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_EVENT = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)


class CatchUp:
    """The deliveries that the forges of a ledger's tenants have and we do not."""

    def __init__(self, database: Database, forges: Forges) -> None:
        self._database = database
        self._forges = forges

    async def look(self, tenant: str) -> CaughtUp | None:
        """Asks every forge of a tenant; None where no forge can deliver to it, or none is known to us."""
        configs = self._forges.configs(tenant)
        if not configs or not await self._database.query(tenant, "living_webhook_secrets"):
            return None
        found = CaughtUp(at=clock.now())
        for config in configs:
            for repo in config.repos:
                try:
                    await self._look_at(tenant, config, repo, found)
                except ForgeCannot:
                    break  # it tells nobody what became of its deliveries
                except (ForgeError, ConfigInvalid) as error:
                    found.problems[repo] = error.code
        told = msgspec.json.encode(found).decode()
        await self._database.query(tenant, "put_catch_up", {"found": told})
        return found

    async def _look_at(self, tenant: str, config: ForgeConfig, repo: str, found: CaughtUp) -> None:
        reader, writer = self._forges.of(tenant, repo)
        for hook in await self._hooks(tenant, config, repo, reader):
            attempts: dict[str, list[DeliveryState]] = defaultdict(list)
            for state in await reader.deliveries(hook, found.at - KEPT):
                if _GUID.fullmatch(state.guid) and _EVENT.fullmatch(state.event):
                    attempts[state.guid].append(state)
            arrived = await self._arrived(tenant, config.kind, list(attempts))
            if hook == Hook() and not arrived:
                continue  # an App has one hook for all of its users, and this one may deliver elsewhere
            missing = [states for guid, states in attempts.items() if guid not in arrived]
            found.looked += 1
            found.missing += len(missing)
            await self._note(tenant, config.kind, missing)
            found.asked += await _ask_again(writer, missing, found.at)

    async def _hooks(self, tenant: str, config: ForgeConfig, repo: str, reader: SignalsReader) -> list[Hook]:
        """The repository's own hooks to us, and with the first repository of an App that App's."""
        own = await reader.hooks(repo, f"/tenants/{tenant}/webhook")
        return [*own, Hook()] if config.app and repo == config.repos[0] else own

    async def _arrived(self, tenant: str, sender: str, guids: list[str]) -> set[str]:
        asked = {"sender": sender, "delivery_ids": guids}
        return {row["delivery_id"] for row in await self._database.query(tenant, "arrived_deliveries", asked)}

    async def _note(self, tenant: str, sender: str, missing: Sequence[Sequence[DeliveryState]]) -> None:
        latest = [max(states, key=lambda state: state.delivered_at) for states in missing]
        rows = [
            {
                "sender": sender,
                "delivery_id": state.guid,
                "event": state.event,
                "action": state.action if state.action and _EVENT.fullmatch(state.action) else None,
                "reason": f"answered {state.status_code}" if state.status_code else "not delivered",
                "delivered_at": state.delivered_at,
            }
            for state in latest
        ]
        await self._database.query(tenant, "put_missing_deliveries", {"rows": msgspec.json.encode(rows).decode()})


async def _ask_again(writer: ForgeWriter, missing: Sequence[Sequence[DeliveryState]], now: datetime) -> int:
    """Has the forge deliver what is due, the oldest first; how many that were."""
    due = [
        max(states, key=lambda state: state.delivered_at)
        for states in missing
        if len(states) < ATTEMPTS_MAX and all(now - state.delivered_at >= PAUSE for state in states)
    ]
    due.sort(key=lambda state: state.delivered_at)
    for state in due[:ASKED_MAX]:
        await writer.redeliver(state)
    return len(due[:ASKED_MAX])
