"""Takes the steps of work items in. A step is one row changed and one event appended, in one transaction.

The transaction holds the lock of the tenant's outbox from its first read on, so steps are taken one after the other and
each is decided by all that came before. A merge is reckoned into the rates in the same transaction: there is no moment
at which a merge is known and what follows from it is not.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain import work_item
from tallyward.domain.access import Principal
from tallyward.domain.work_item import Step, TransitionIn, WorkItem
from tallyward.errors import Invalid, KeyReused, NotFound
from tallyward.fault_points import reached
from tallyward.ledger.database import CHANGES_CHANNEL, Connection, Database, fetch_all
from tallyward.services.asked import Paging
from tallyward.services.body import read_one

KEY_CHARS_MAX = 200
AfterMerge = Callable[[Connection, str, int], Awaitable[None]]  # connection, tenant, and the merge's event


class Moved(Struct, kw_only=True):
    """The answer to a step: the item as it stands, the place of the event in the chain, and whether it was known."""

    id: int
    seq: int
    project: str
    story_id: str
    phase: str
    attempts: int
    repeated: bool


class WorkItems(Struct, kw_only=True):
    """Work items, the one that moved last first."""

    page: int
    limit: int
    work_items: list[WorkItem]


class Work:
    """The work items of a ledger. `after_merge` is called within the transaction of each merge."""

    def __init__(self, database: Database, after_merge: AfterMerge) -> None:
        self._database = database
        self._after_merge = after_merge
        self._decoder = msgspec.json.Decoder(TransitionIn)

    def read(self, body: bytes) -> TransitionIn:
        """The step in a body. Raises BadRequest or Invalid."""
        return read_one(self._decoder, body)

    async def move(
        self, principal: Principal, project: str, story_id: str, told: TransitionIn, key: str | None = None
    ) -> Moved:
        """Takes one step. One that was taken under the same `key` is answered as it was, and not taken again."""
        names = {
            "project": work_item.require_name(project, "project"),
            "story_id": work_item.require_name(story_id, "story_id"),
        }
        request = fingerprint(told)
        async with self._database.transaction(principal.tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            if key is not None:
                known = await fetch_all(connection, "find_transition", {"key": _usable(key)})
                if known:
                    return _repeated(known[0], names, request)
            item = await find_item(connection, names)
            taken = work_item.step(item, told, clock.now())
            marks = {} if key is None else {"idempotency_key": key, "request": request}
            moved = await keep_step(connection, names, taken, {**marks, "actor": principal.name})
            if taken.target == "merged":
                reached("rates.before_crossing")
                await self._after_merge(connection, principal.tenant, moved["event_id"])
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, principal.tenant))
        return _moved(moved["seq"], moved["work_item_id"], moved["payload"], repeated=False)

    async def one(self, principal: Principal, project: str, story_id: str) -> WorkItem:
        """One item. Raises NotFound."""
        async with self._database.transaction(principal.tenant) as connection:
            item = await find_item(connection, {"project": project, "story_id": story_id})
        if item is None:
            raise NotFound(f"There is no work item {story_id[:100]!r} in {project[:100]!r}.")
        return item

    async def listing(
        self, principal: Principal, paging: Paging, project: str | None = None, phase: str | None = None
    ) -> WorkItems:
        """One page of the items, of one project or phase or of all."""
        if phase is not None and phase not in work_item.PHASES:
            raise Invalid(f"phase must be one of {', '.join(work_item.PHASES)}.", field="phase")
        params = {"project": project, "phase": phase, "limit": paging.limit, "offset": paging.offset}
        rows = await self._database.query(principal.tenant, "list_work_items", params)
        return WorkItems(page=paging.page, limit=paging.limit, work_items=[WorkItem(**row) for row in rows])


async def find_item(connection: Connection, names: dict[str, str]) -> WorkItem | None:
    """The item of this project and story, None where nobody has heard of it."""
    if any("\0" in name for name in names.values()):
        return None
    rows = await fetch_all(connection, "find_work_item", names)
    return WorkItem(**rows[0]) if rows else None


async def keep_step(
    connection: Connection, names: dict[str, str], taken: Step, marks: dict[str, Any]
) -> dict[str, Any]:
    """Changes the row and appends the event of a step; `marks` stand in the event beside its facts."""
    payload = {**taken.payload(**names, at=clock.iso(taken.at)), **marks}
    row = {
        **names,
        "phase": taken.target,
        "attempts": taken.attempts,
        "verdict": taken.verdict,
        "file_scope": taken.file_scope,
        "agent": taken.agent,
        "at": taken.at,
        "payload": msgspec.json.encode(payload).decode(),
    }
    (kept,) = await fetch_all(connection, "put_work_item", row)
    (event,) = await fetch_all(connection, "find_event", {"id": kept["event_id"]})
    return {"event_id": kept["event_id"], **event}


def _usable(key: str) -> str:
    if not 0 < len(key) <= KEY_CHARS_MAX or not key.isprintable():
        raise Invalid(f"It must have 1 to {KEY_CHARS_MAX} characters that can be printed.", field="Idempotency-Key")
    return key


def fingerprint(told: TransitionIn) -> str:
    """By which a step that comes again under its key is known to be the same."""
    facts = msgspec.to_builtins(told)
    if told.agent is None:  # what was told before agents were is the same request still
        del facts["agent"]
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def _repeated(known: dict[str, Any], names: dict[str, str], request: str) -> Moved:
    payload = known["payload"]
    if payload["request"] != request or any(payload[name] != value for name, value in names.items()):
        raise KeyReused(field="Idempotency-Key")
    return _moved(known["seq"], known["work_item_id"], payload, repeated=True)


def _moved(seq: int, work_item_id: int, payload: dict[str, Any], *, repeated: bool) -> Moved:
    return Moved(
        id=work_item_id,
        seq=seq,
        project=payload["project"],
        story_id=payload["story_id"],
        phase=payload["target"],
        attempts=payload["attempts"],
        repeated=repeated,
    )
