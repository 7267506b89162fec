"""The group-committing writer: many requests, one commit, nobody answered before the commit that holds their rows.

A lane takes everything that waits, writes it in one transaction, commits, and only then hands out the ids; while it
commits, the next group gathers. So the cost of a sync is shared by whoever came meanwhile, and a lone request waits for
nobody. A second lane helps only when a whole group's worth of rows waits: splitting small groups would double their
commits and speed nothing up.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from tallyward import clock
from tallyward.errors import Busy, DiskFull, Internal, LedgerUnavailable, QueueFull, TallyError
from tallyward.ledger.background import hang_up
from tallyward.ledger.database import Database
from tallyward.ledger.lane import Lane
from tallyward.ledger.rows import Stored, number_of
from tallyward.ledger.usage_rows import Pricer, unpriced

QUEUE_ROWS_MAX = 50_000  # about 25 MB; beyond it a sender is told to come back, so memory stays flat under any load
ANNOUNCE_SECONDS = 0.1  # between two notices to the pages, which follow within two seconds
GROUP_ROWS_MAX = 2_000  # about 50 ms of writing, so that no small request waits long behind a large one
STOP_SECONDS_MAX = 1.0  # for what is written already; the web server has waited for its requests before
LANES = 2  # one backend of PostgreSQL is busy with 50,000 rows a second; a third was no faster on two cores
SECOND_LANE_ROWS = 500  # rows that wait before the second lane helps
FAILURE_SECONDS = 30.0  # how long a failure is news; then the next write finds out, which needs somebody to send one

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """What is committed: the number of each row, in their order, and how many of them were new."""

    numbers: list[int]
    added: int


@dataclass
class _Request:
    """Rows of one caller, and where it waits for their ids."""

    tenant: str
    rows: Sequence[Stored]
    answer: asyncio.Future[Kept] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def refuse(self, error: TallyError) -> None:
        """Answers with the error, unless there is an answer, or nobody waits for one any more."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Writer:
    """Stores rows durably. `start()` it once, `await store(...)` from any task, `stop()` it after the last."""

    def __init__(self, database: Database, *, pricer: Pricer = unpriced, queue_rows_max: int = QUEUE_ROWS_MAX) -> None:
        self._database = database
        self._queue_rows_max = queue_rows_max
        self._waiting: deque[_Request] = deque()
        self._waiting_rows = 0
        self._lanes = [Lane(database, pricer) for _ in range(LANES)]
        self._idle: list[Lane] = []
        self._working: set[asyncio.Task[None]] = set()
        self._open = False
        self._changed: set[str] = set()
        self._announce_soon = asyncio.Event()
        self._announcer: asyncio.Task[None] | None = None
        self._failure: tuple[float, Busy] | None = None
        self.added: Counter[type] = Counter()  # rows since the start, by what they are; new ones here,
        self.known: Counter[type] = Counter()  # and here those that were there already
        self.disk_is_low = False  # told by whoever watches the disk; until it is well again nothing is taken

    @property
    def waiting_rows(self) -> int:
        """How many rows wait to be written now; what is being written is not among them."""
        return self._waiting_rows

    @property
    def queue_rows_max(self) -> int:
        """How many rows may wait before senders are told to come back."""
        return self._queue_rows_max

    @property
    def last_error(self) -> Busy | None:
        """What the database failed with a moment ago; None when the last commit went well, or none was tried since."""
        if self.disk_is_low:
            return DiskFull()
        if self._failure is None or clock.elapsed_seconds() - self._failure[0] > FAILURE_SECONDS:
            return None
        return self._failure[1]

    async def start(self) -> None:
        for lane in self._lanes:
            await lane.open()
        self._idle = list(self._lanes)
        self._announcer = asyncio.create_task(self._announce(), name="ledger-announcer")
        self._open = True

    async def stop(self) -> None:
        """Writes what waits, then ends. Whatever comes later is refused.

        A database that hangs is not waited for: those who wait for it have had their time, and send again.
        """
        self._open = False
        late = clock.elapsed_seconds() + STOP_SECONDS_MAX
        while self._working and (left := late - clock.elapsed_seconds()) > 0:
            await asyncio.wait(self._working, timeout=left)
        if self._working:
            _log.warning("the database hangs; what nobody was told of is left to be sent again")
        elif self._changed:  # pages of other servers; if the database is gone they hear of it by themselves
            last = self._database.background.start(self._database.announce(self._changed), "last-notice")
            await asyncio.wait([last], timeout=STOP_SECONDS_MAX)
        await hang_up({*self._working, *([self._announcer] if self._announcer else [])})
        self._announcer = None
        for lane in self._lanes:
            await lane.close()

    async def store(self, tenant: str, rows: Sequence[Stored]) -> list[int]:
        """The ids of `rows`, in their order, after the commit that holds them; a known fire gives its first id.
        A metered request has no id: it gives NEW where this commit added it, KNOWN where it was there.

        Raises QueueFull when too much waits, LedgerUnavailable or DiskFull when the database fails; then nothing is
        promised of these rows, and sending them again is right.
        """
        return (await self.keep(tenant, rows)).numbers

    async def keep(self, tenant: str, rows: Sequence[Stored]) -> Kept:
        """The same, with how many of the rows were new."""
        if not rows:
            return Kept([], 0)
        if not self._open:
            raise LedgerUnavailable("The server is stopping.")
        if self.disk_is_low:
            raise DiskFull
        if self._waiting_rows + len(rows) > self._queue_rows_max:
            raise QueueFull(f"{self._waiting_rows} rows are waiting; at most {self._queue_rows_max} may.")
        request = _Request(tenant, rows)
        self._waiting.append(request)
        self._waiting_rows += len(rows)
        self._help()
        return await request.answer

    def _help(self) -> None:
        """Sets an idle lane to work if there is enough to do for one more."""
        if self._idle and self._is_worth_a_lane(busy=len(self._lanes) - len(self._idle)):
            task = asyncio.create_task(self._work(self._idle.pop()), name="ledger-lane")
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    def _is_worth_a_lane(self, busy: int) -> bool:
        return bool(self._waiting) and (busy == 0 or self._waiting_rows >= SECOND_LANE_ROWS)

    async def _work(self, lane: Lane) -> None:
        """Writes group after group until another lane can do the rest alone, or nothing waits."""
        try:
            while self._is_worth_a_lane(busy=len(self._lanes) - len(self._idle) - 1):
                group = self._take_group()
                self._help()
                await self._write(lane, group)
        finally:
            self._idle.append(lane)

    def _take_group(self) -> list[_Request]:
        group = [self._waiting.popleft()]
        rows = len(group[0].rows)
        while self._waiting and rows + len(self._waiting[0].rows) <= GROUP_ROWS_MAX:
            group.append(self._waiting.popleft())
            rows += len(group[-1].rows)
        self._waiting_rows -= rows
        return group

    async def _write(self, lane: Lane, group: list[_Request]) -> None:
        """Answers every request of the group, each share of it for itself: what is committed is not refused."""
        shares: dict[tuple[str, type], list[_Request]] = {}
        for request in group:
            shares.setdefault((request.tenant, type(request.rows[0])), []).append(request)
        for share in shares.values():
            await self._write_share(lane, share)

    async def _write_share(self, lane: Lane, group: list[_Request]) -> None:
        """Answers requests of one tenant for rows of one kind, whatever happens."""
        error: TallyError = LedgerUnavailable()
        try:
            await self._commit(lane, group)
        except psycopg.Error as refusal:
            error = await self._write_apart(lane, group, refusal)
        except TallyError as failure:
            error = failure
        except Exception as mistake:  # noqa: BLE001  # a mistake of ours must not end the lane: it is told and logged
            _log.error("the writer failed with %s", type(mistake).__name__)
            await lane.close()
            error = Internal("The server could not write these rows.")
        finally:
            for request in group:
                request.refuse(error)  # only those that have no answer yet

    async def _write_apart(self, lane: Lane, group: list[_Request], refusal: psycopg.Error) -> TallyError:
        """A row the database refuses must not take its neighbours down with it: each request is written alone."""
        if len(group) > 1:
            for request in group:
                await self._write_share(lane, [request])
        else:
            # What the database says may repeat what the row holds, so only the kind of its refusal is logged.
            _log.error("the database refused a row: %s %s", refusal.sqlstate, refusal.diag.constraint_name or "")
        return Internal(f"The database refused a row ({refusal.sqlstate}).")

    async def _commit(self, lane: Lane, group: list[_Request]) -> None:
        tenant = group[0].tenant
        try:
            numbers = await lane.commit(tenant, [row for request in group for row in request.rows])
        except Busy as error:
            self._failure = (clock.elapsed_seconds(), error)
            raise
        self._failure = None
        self._changed.add(tenant)
        self._announce_soon.set()
        for request in group:
            if not request.answer.done():
                told = [number_of(row, numbers) for row in request.rows]
                kept = Kept([number for number, _ in told], sum(is_new for _, is_new in told))
                request.answer.set_result(kept)
                kind = type(request.rows[0])
                self.added[kind] += kept.added
                self.known[kind] += len(told) - kept.added

    async def _announce(self) -> None:
        """Tells every server which tenants changed, off the path of the commits, at most ten times a second."""
        while True:
            await self._announce_soon.wait()
            self._announce_soon.clear()
            changed, self._changed = self._changed, set()
            try:
                await self._database.announce(changed)
            except Busy:
                self._changed |= changed  # told with the next commit; the pages ask again when the database is back
            await asyncio.sleep(ANNOUNCE_SECONDS)
