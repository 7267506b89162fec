"""Reads slices of what agent programs keep, in other processes where there is much of it: files in, rows out.

A slice knows everything that is needed to go on after it, so a run can be stopped between any two. Slices come in the
order of the files, whoever read them: the first to tell of a thing is the one it belongs to.
"""

import marshal
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tallyward.capture import claude_code
from tallyward.capture._base import HANDLE_CHARS_MAX, RUNTIMES, text
from tallyward.capture._codex_records import totals
from tallyward.capture._transcript import UNKNOWN_ENGINEER, Counts, Facts, Place, Told, TranscriptReader
from tallyward.capture.claude_transcripts import ClaudeTranscripts
from tallyward.capture.codex import PROGRAM_ORIGINS
from tallyward.capture.codex_rollouts import CodexRollouts
from tallyward.capture.opencode_store import OpencodeStore
from tallyward.client import git_facts, opencode_rows, quick_json
from tallyward.client.fingerprint import keyed_hash
from tallyward.client.home import LaptopConfig
from tallyward.client.transcript_files import Found
from tallyward.client.transcript_lines import Lines, Unreadable, document

SLICE_BYTES = 16 * 1024 * 1024  # a fifth of a second of reading; its rows are some hundred kilobytes
PARALLEL_BYTES_MIN = 128 * 1024 * 1024  # below, starting other processes takes longer than they save
PROCESSES_MAX = 4
AHEAD_MAX = 32  # slices that may wait for their turn
STORE_PAGES = 10  # of a thousand rows each
ANCESTORS_MAX = 32  # a longer chain of forks is a circle
READERS: dict[str, type[TranscriptReader]] = {
    "claude": ClaudeTranscripts,
    "codex": CodexRollouts,
    "opencode": OpencodeStore,
}


@dataclass(frozen=True)
class Job:
    """One slice to read: which file, from where, and what its reader knew there."""

    program: str
    file: Found
    written_at: str
    config: tuple[str | None, str | None]  # the engineer this machine's token is bound to, and the tenant's key
    folders: tuple[Path, ...] = ()
    offset: int = 0
    state: dict[str, Any] = field(default_factory=dict[str, Any])

    def going_on(self, offset: int, state: dict[str, Any]) -> "Job":
        """The slice after this one."""
        return replace(self, offset=offset, state=state)


@dataclass
class Slice:
    """What a slice held. `ended` says that nothing is left to read now."""

    offset: int
    ended: bool = True
    told: list[Told] = field(default_factory=list[Told])
    counts: Counts = field(default_factory=Counts)
    state: dict[str, Any] = field(default_factory=dict[str, Any])
    held_back: bool = False
    too_long: int = 0
    unreadable: str | None = None


def read(job: Job) -> Slice:
    """Read one slice. A file that cannot be read is told of, not raised: the others can."""
    # A copy, since the state before a slice is what a run goes on from if the slice cannot be delivered.
    reader = READERS[job.program](_facts(job), deepcopy(job.state))
    if job.program == "opencode":
        done = _read_store(job, reader)
    elif job.file.path.suffix == ".json":
        done = _read_document(job, reader)
    else:
        done = _read_lines(job, reader)
    done.told, done.counts, done.state = reader.take(), reader.counts, reader.state
    return done


def _read_elsewhere(job: Job) -> tuple[Slice, bytes]:
    """`read`, in another process: the rows come back as bytes, which is several times quicker than as objects."""
    found = read(job)
    rows = marshal.dumps([tuple(one) for one in found.told])
    found.told = []
    return found, rows


def _unpacked(reading: "Future[Any]") -> Slice:
    """What was read, wherever that was."""
    result = reading.result()
    if isinstance(result, Slice):
        return result
    found: Slice = result[0]
    found.told = [Told(*one) for one in marshal.loads(result[1])]  # noqa: S302  # written a moment ago by our own process
    return found


def _read_lines(job: Job, reader: TranscriptReader) -> Slice:
    lines = Lines(job.file.path, job.offset)
    unreadable = None
    try:
        with lines:
            for raw in lines.slice(SLICE_BYTES):
                reader.line(raw)
    except Unreadable as error:
        unreadable = str(error)
    if lines.ended:
        reader.end()
    ended = lines.ended or unreadable is not None
    return Slice(lines.offset, ended, held_back=lines.held_back, too_long=lines.too_long, unreadable=unreadable)


def _read_document(job: Job, reader: TranscriptReader) -> Slice:
    try:
        reader.line(document(job.file.path))
    except Unreadable as error:
        return Slice(job.offset, unreadable=str(error))
    reader.end()
    return Slice(job.file.size)


def _read_store(job: Job, reader: TranscriptReader) -> Slice:
    """Some pages of a database: parts, then answers. What was written since the last reading is read again."""
    state = reader.state
    table, after = state.get("at") or (opencode_rows.TABLES[0], 0)
    try:
        for _ in range(STORE_PAGES):
            rows = opencode_rows.page(job.file.path, table, after, state.get("since_ms", 0))
            for row in rows:
                reader.counts.lines += 1
                reader.record(row)
                after = row["number"]
                state["latest_ms"] = max(state.get("latest_ms", 0), row["written_ms"])
            if not rows and table == opencode_rows.TABLES[-1]:
                state.pop("at", None)
                state["since_ms"] = state.get("latest_ms", 0)
                return Slice(job.file.size)
            if not rows:
                table, after = opencode_rows.TABLES[opencode_rows.TABLES.index(table) + 1], 0
    except Unreadable as error:
        return Slice(job.offset, unreadable=str(error))
    state["at"] = (table, after)
    return Slice(job.offset, ended=False)


def _facts(job: Job) -> Facts:
    engineer_id, arg_key = job.config
    return Facts(
        runtime=_RUNTIMES[job.program],
        place=partial(_place, engineer_id),
        repo_of_url=git_facts.name_of_url,
        fingerprint=partial(_fingerprint, arg_key) if arg_key else lambda _arguments: None,
        totals_of=partial(_totals_of, job.folders),
        written_at=job.written_at,
    )


@cache
def _place(engineer_id: str | None, directory: str | None) -> Place:
    """What git says of a directory now; it was asked no earlier, and the directory may be gone."""
    found = git_facts.repository(directory)
    who = git_facts.engineer(LaptopConfig({"engineer_id": engineer_id} if engineer_id else {}), found, os.environ)
    return Place(text(found.name), text(found.branch), text(who, HANDLE_CHARS_MAX) or UNKNOWN_ENGINEER)


def _fingerprint(arg_key: str, arguments: object) -> str:
    return keyed_hash(arg_key, quick_json.dumps(arguments).encode("utf-8", "replace"))


@cache
def _totals_of(folders: tuple[Path, ...], thread: str) -> frozenset[int]:
    """Every sum that a thread and its ancestors have told of, as far as their rollouts are here."""
    found: set[int] = set()
    for _ in range(ANCESTORS_MAX):
        paths = [path for folder in folders if thread for path in folder.rglob(f"rollout-*{thread}.jsonl*")]
        if not paths:
            break
        thread = ""
        reader = CodexRollouts(Facts(runtime=str))
        with Lines(paths[0]) as lines:
            for raw in lines.slice(sys.maxsize):
                if b'"session_meta"' in raw and not thread:
                    reader.line(raw)
                    thread = str(reader.state.get("parent") or "")
                elif b'"token_count"' in raw:
                    found |= totals([raw])
    return frozenset(found)


def _claude_runtime(entry: str) -> str:
    return claude_code.runtime_of({**os.environ, "CLAUDE_CODE_ENTRYPOINT": entry})


def _codex_runtime(origin: str) -> str:
    chosen = os.environ.get("TALLY_RUNTIME", "")
    if chosen in RUNTIMES:
        return chosen
    origin = origin.lower()
    if "desktop" in origin:
        return "codex-desktop"
    return "codex-cli" if origin.startswith(PROGRAM_ORIGINS) else "codex-local"


def _opencode_runtime(_origin: str) -> str:
    chosen = os.environ.get("TALLY_RUNTIME", "")
    return chosen if chosen in RUNTIMES else "local-job"


_RUNTIMES: dict[str, Callable[[str], str]] = {
    "claude": _claude_runtime,
    "codex": _codex_runtime,
    "opencode": _opencode_runtime,
}


def slices(jobs: Iterable[Job], bytes_to_read: int) -> Generator[tuple[Job, Slice]]:
    """The slices of all jobs, file after file, read ahead by other processes where it pays."""
    is_parallel = bytes_to_read >= PARALLEL_BYTES_MIN and _processes() > 1
    executor = _pool() if is_parallel else _HereAndNow()
    ahead: deque[tuple[Job, Future[Any]]] = deque()
    way = _read_elsewhere if is_parallel else read
    try:
        for job in jobs:
            ahead.append((job, executor.submit(way, job)))
            if len(ahead) >= (AHEAD_MAX if is_parallel else 1):
                yield from _file(executor, way, *ahead.popleft())
        while ahead:
            yield from _file(executor, way, *ahead.popleft())
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _file(
    executor: Executor, way: Callable[[Job], Any], job: Job, reading: "Future[Any]"
) -> Iterator[tuple[Job, Slice]]:
    """The slices of one file: while one is dealt with, the next is read."""
    while True:
        found = _unpacked(reading)
        following = job.going_on(found.offset, found.state)
        if not found.ended:
            reading = executor.submit(way, following)
        yield job, found
        if found.ended:
            return
        job = following


def _processes() -> int:
    return min(PROCESSES_MAX, os.cpu_count() or 1)


def _pool() -> ProcessPoolExecutor:
    """Processes that leave Ctrl-C to the one that started them."""
    ignoring = (signal.SIGINT, signal.SIG_IGN)
    return ProcessPoolExecutor(_processes(), get_context("spawn"), initializer=signal.signal, initargs=ignoring)


class _HereAndNow(Executor):
    """Reads in this very process, when it is asked to."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done
