"""One backfill: find the files, read what is new in them, deliver it, and remember how far that came.

A slice is remembered when the server has confirmed its rows. So whatever ends a run (a server that is gone, a full
disk, somebody's patience), the next one goes on where it stopped, and one after a whole run has nothing to do.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tallyward import clock
from tallyward.capture._transcript import Counts
from tallyward.cli.backfill_reading import Job, Slice, slices
from tallyward.client import home, spool, transcript_files, transcript_lines
from tallyward.client.backfill_delivery import Delivered, Delivery
from tallyward.client.backfill_state import BackfillState, Progress, path_of
from tallyward.client.link import Link
from tallyward.client.transcript_files import Found
from tallyward.errors import DeliveryPostponed, HomeUnusable, TallyError

LOCK_SECONDS_MAX = 1.0
PROBLEMS_SHOWN_MAX = 5
Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """What a run shall do. `since` is a moment in UTC as rows write it, or nothing."""

    program: str
    root: Path | None
    since: str
    environ: Mapping[str, str]


@dataclass
class Report:
    """What a run came to."""

    program: str
    roots: list[str] = field(default_factory=list[str])
    files: int = 0
    read: int = 0
    unchanged: int = 0
    older: int = 0  # last written before the moment that was asked for
    compressed: int = 0  # left for want of a library
    unreadable: int = 0
    bytes: int = 0
    too_long: int = 0
    held_back: int = 0
    older_rows: int = 0  # rows of before that moment
    counts: Counts = field(default_factory=Counts)
    delivered: Mapping[str, Delivered] = field(default_factory=dict[str, Delivered])
    refusals: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    undelivered: int = 0
    reason: str | None = None  # why the run ended before its end

    @property
    def is_whole(self) -> bool:
        """Whether everything that was read is now on the server."""
        return self.reason is None and not any(one.refused for one in self.delivered.values())


class Backfill:
    """One run. `advance(bytes, of)` hears how far it is."""

    def __init__(self, asked: Asked, tally_home: str, link: Link, advance: Advance = lambda _done, _of: None) -> None:
        self._asked = asked
        self._home = tally_home
        self._delivery = Delivery(link)
        self._advance = advance
        self.report = Report(asked.program, delivered=self._delivery.done, refusals=self._delivery.refusals)

    def run(self) -> Report:
        """Do it. Raises an error only where nothing could be begun."""
        link = self._delivery.link
        said = link.get("/v1/capture-config")
        config = (said.get("engineer_id"), said.get("arg_key"))
        path = path_of(self._home, (link.server, said.get("tenant"), said.get("arg_key")))
        try:
            with _alone(self._home), BackfillState(path) as state:
                self._read(self._jobs(state, config), state)
        except sqlite3.Error as error:
            raise HomeUnusable(f"{path}: {error}.") from error
        return self.report

    def _jobs(self, state: BackfillState, config: tuple[str | None, str | None]) -> list[tuple[Job, Progress]]:
        """What is to be read, and how far each was before."""
        folders = transcript_files.roots(self._asked.program, self._asked.root, self._asked.environ)
        self.report.roots = [str(folder) for folder in folders]
        found: list[tuple[Job, Progress]] = []
        for file in transcript_files.find(self._asked.program, folders):
            self.report.files += 1
            written_at = clock.iso(datetime.fromtimestamp(file.written_ns / 1e9, UTC))
            progress = state.progress(file.path, file.size, self._asked.since)
            if written_at < self._asked.since:
                self.report.older += 1
            elif file.is_compressed and not transcript_lines.can_decompress():
                self.report.compressed += 1
            elif _is_unchanged(self._asked.program, file, progress):
                self.report.unchanged += 1
            else:
                job = Job(self._asked.program, file, written_at, config, tuple(folders))
                found.append((job.going_on(progress.offset, progress.state), progress))
        return found

    def _read(self, jobs: list[tuple[Job, Progress]], state: BackfillState) -> None:
        of = sum(job.file.size - min(job.offset, job.file.size) for job, _ in jobs)
        progresses = {job.file.path: progress for job, progress in jobs}
        with closing(slices([job for job, _ in jobs], of)) as found:
            for job, part in found:
                try:
                    self._keep(job, part, progresses[job.file.path], state)
                except TallyError as error:
                    self.report.reason = error.message
                    return
                self.report.bytes += max(0, min(part.offset, job.file.size) - job.offset)
                self._advance(self.report.bytes, of)

    def _keep(self, job: Job, part: Slice, before: Progress, state: BackfillState) -> None:
        """Deliver what is new in a slice, then remember it."""
        report, file = self.report, job.file
        news = state.news(part.told, self._asked.since)
        rows = sum(map(len, news.rows.values()))
        report.undelivered += rows
        for to, new in news.rows.items():
            self._delivery.deliver(to, new)
            report.undelivered -= len(new)
        report.older_rows += news.older
        report.counts.add(part.counts)
        report.too_long += part.too_long
        report.held_back += part.held_back
        report.read += part.ended and part.unreadable is None
        if part.unreadable is not None:
            report.unreadable += 1
            if len(report.problems) < PROBLEMS_SHOWN_MAX:
                report.problems.append(f"{file.path}: {part.unreadable}")
        is_whole = part.ended and part.unreadable is None
        since = max(before.since, self._asked.since)
        done = Progress(file.size, file.written_ns, part.offset, is_whole, since, part.state)
        state.commit(file.path, done, news)


def _is_unchanged(program: str, file: Found, progress: Progress) -> bool:
    """Whether the file is as it was when it was read to its end. A database may grow in a file beside it."""
    if program == "opencode":
        return False
    return progress.ended and (progress.size, progress.written_ns) == (file.size, file.written_ns)


@contextmanager
def _alone(tally_home: str) -> Generator[None]:
    """Two runs at once would send everything twice: the server would not mind, whoever waits would."""
    fd = os.open(f"{home.make_folder(tally_home, 'backfill')}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not spool.lock(fd, clock.elapsed_seconds() + LOCK_SECONDS_MAX):
            raise DeliveryPostponed("Another backfill is under way.")
        yield
        fcntl.flock(fd, fcntl.LOCK_UN)
    finally:
        os.close(fd)
