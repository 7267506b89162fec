"""The recorder beside an MCP server: from copies of what was said to lines in the spool, and a sender for them.

A process of its own that only listens. It outlives the server, the tee and the client, so that what was on its way
when one of them was killed is told of too. Its order is the hook's promise: only what `capture.mcp.WANTED` names is
read, records are built by allow-list, and only they touch the disk.
"""

import os
import select
import signal
from datetime import timedelta
from typing import Protocol

from tallyward import clock, ids
from tallyward.capture import claude_code
from tallyward.capture._base import HANDLE_CHARS_MAX, Event, Record, Seen, text
from tallyward.capture.mcp import CODEX, WANTED, Call, Ended, Mcp
from tallyward.client import git_facts, home, quick_json, sender_start, spool
from tallyward.client.json_glance import Found, Lines, scalar
from tallyward.hooks.mcp_copies import FROM_CLIENT, FROM_SERVER, GAP, HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNING_SECONDS = 2.0  # a call that takes longer is told of while it runs: a power cut shall not hide it
NICE = 5  # a third of an ordinary share where there is not enough for all, so that it still keeps up
FACTS_SECONDS_MAX = 2.0
ROWS_PER_WRITE_MAX = 100
UNKNOWN_ENGINEER = "unknown"  # the server puts the handle in its place that a token is bound to
IDS = ("id", "params.requestId")


def run(pipe: int, name: str, directory: str) -> None:
    """Record what comes through the pipe until it ends."""
    calls = Mcp(name, ids.random_hex)
    Recorder(pipe, calls, Pipes(calls), directory, os.environ).serve()


def _step_back() -> None:
    """Let whoever works for the engineer go first."""
    os.nice(NICE)
    if hasattr(os, "SCHED_BATCH"):
        try:  # noqa: SIM105  # contextlib is slow to import
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        except OSError:
            pass  # This user may not: being nice has to do.


def event(found: Found) -> Event:
    """The values of what was found. What is null is not there; a wanted member that is no scalar is True."""
    values: Event = {}
    for path, raw in found.items():
        value = True if raw in (b"{", b"[") else scalar(raw)
        if value is not None:
            # 1 and "1" are two ids.
            values[path] = f"{type(value).__name__} {value}" if path in IDS else value
    return values


class Conversation(Protocol):
    """How messages come out of the frames of one way of carrying them."""

    def take(self, kind: int, scope: int, at: float, piece: bytes) -> "list[Ended]":
        """Listen to one piece; the calls that end in it."""
        ...

    def lose(self, kind: int, scope: int) -> None:
        """A piece is missing here."""


class Pipes:
    """The two directions of a server on standard input and output: one message a line."""

    def __init__(self, calls: Mcp) -> None:
        self._calls = calls
        self._lines = {FROM_CLIENT: Lines(WANTED), FROM_SERVER: Lines(WANTED)}

    def take(self, kind: int, scope: int, at: float, piece: bytes) -> "list[Ended]":  # noqa: ARG002  # there is one
        """Listen to one piece; the calls that end in it."""
        hear = self._calls.client_said if kind == FROM_CLIENT else self._calls.server_said
        return [
            ended for found in self._lines[kind].feed(piece) for ended in hear(event(found), at, "", found.size_bytes)
        ]

    def lose(self, kind: int, scope: int) -> None:  # noqa: ARG002  # there is one
        """A piece is missing here."""
        self._lines[kind].lose()


class Recorder:
    """Takes frames from the pipe to the conversation, and what it makes of them to the spool."""

    def __init__(
        self, pipe: int, calls: Mcp, conversation: Conversation, directory: str, environ: "Mapping[str, str]"
    ) -> None:
        self.pipe = pipe
        self.calls = calls
        self.conversation = conversation
        self.directory = directory
        self.environ = environ
        self.root = home.home_dir(environ)
        self._records: list[Record] = []
        self._facts: tuple[home.LaptopConfig, git_facts.Repository] | None = None
        self._facts_at = 0.0

    def serve(self) -> None:
        """Run as a process of one's own, which ends with the pipe and by nothing else."""
        _step_back()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a sender that we started is nobody's to wait for
        for number in (signal.SIGINT, signal.SIGHUP):  # they mean whoever forwards; his end is ours
            signal.signal(number, signal.SIG_IGN)
        self.run()

    def run(self) -> None:
        """Listen to the end, then tell of the calls that got no answer."""
        while self._listen():
            if not self._readable(0):
                self._note(self.calls.running(clock.elapsed_seconds(), RUNNING_SECONDS))
                self._write()
            elif len(self._records) >= ROWS_PER_WRITE_MAX:
                self._write()
        self._note(self.calls.all_end(clock.elapsed_seconds()))
        self._write()

    def _readable(self, seconds: "float | None") -> bool:
        return bool(select.select([self.pipe], [], [], seconds)[0])

    def _listen(self) -> bool:
        """Take in one frame, if it comes before somebody has to be told of a call. Whether more may come."""
        if not self._readable(RUNNING_SECONDS if self.calls.waits() else None):
            return True
        header = self._exactly(HEADER.size)
        if header is None:
            return False
        kind, scope, moment, size = HEADER.unpack(header)
        piece = self._exactly(size)
        if piece is None:
            return False
        self._take(kind, scope, moment, piece)
        return True

    def _exactly(self, size: int) -> "bytes | None":
        """The next bytes of the pipe; None if it ends before."""
        read = os.read(self.pipe, size) if size else b""
        while len(read) < size:
            more = os.read(self.pipe, size - len(read))
            if not more:
                return None
            read += more
        return read

    def _take(self, kind: int, scope: int, moment: float, piece: bytes) -> None:
        missed = bool(kind & GAP)
        if not missed:
            try:
                self._note(self.conversation.take(kind, scope, moment, piece))
            except Exception:  # noqa: BLE001  # it is counted below; whatever one message does, the next is listened to
                missed = True
        if missed:
            self.conversation.lose(kind & ~GAP, scope)
            spool.count_loss(self.root, "u")

    def _note(self, ended: "list[Ended]") -> None:
        for one in ended:
            seen = self._seen(one.call)
            self._records.append(self.calls.record(one, seen, self.environ.get("CLAUDE_CODE_SESSION_ID")))

    def _write(self) -> None:
        block, self._records = "".join(quick_json.dumps(record) + "\n" for record in self._records).encode(), []
        if not block:
            return
        spool.append(self.root, block)
        config, _ = self._surroundings()
        if config.server and config.token:
            sender_start.beside(self.root, self.environ)

    def _surroundings(self) -> "tuple[home.LaptopConfig, git_facts.Repository]":
        """What files say, read anew every other second at most: a busy server is called often."""
        now = clock.elapsed_seconds()
        if self._facts is None or now - self._facts_at > FACTS_SECONDS_MAX:
            self._facts_at = now
            self._facts = home.read_config(self.root, self.environ), git_facts.repository(self.directory)
        return self._facts

    def _seen(self, call: Call) -> Seen:
        config, found = self._surroundings()
        return Seen(
            now=clock.iso(clock.now() - timedelta(seconds=clock.elapsed_seconds() - call.since)),
            elapsed_seconds=call.since,
            engineer_id=text(git_facts.engineer(config, found, self.environ), HANDLE_CHARS_MAX) or UNKNOWN_ENGINEER,
            runtime=runtime_of(call.client_name, self.environ),
            repo=text(found.name),
            branch=text(found.branch),
        )


def runtime_of(client_name: str, environ: "Mapping[str, str]") -> str:
    """The client's own word for who it is, before what the surroundings say; `TALLY_RUNTIME` before both."""
    if client_name.startswith(CODEX) and "TALLY_RUNTIME" not in environ:
        return "codex-local"
    return claude_code.runtime_of(environ)
