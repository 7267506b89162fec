"""A made-up fire that goes the whole way: the client's own command, the spool, the sender, the server, the ledger.

Every command that the client's settings hold is started as the client starts it: by a shell, with the environment that
its settings ask for, an event on standard input. The event's content is a secret that nobody else has; it must be
nowhere in our folder and not in the row. The first half is told while the sender is held back, so that the spool can
be looked into; the second half must start a sender by itself.
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tallyward import clock, ids
from tallyward.client import backoff, counters, home, segments, sender_start
from tallyward.client.link import Link
from tallyward.errors import TallyError

ARRIVAL_SECONDS_MAX = 20.0  # it takes less than one; a hook's child on a busy disk takes longer
SPOOL_SECONDS_MAX = 5.0
POLL_SECONDS = 0.05
TOOL = "mcp__tally__doctor"


@dataclass
class Flight:
    """What became of a canary."""

    hook_trouble: str = ""
    leaked_to: list[str] = field(default_factory=list[str])
    spooled: bool | None = None  # None: a sender was about already, so the spool could not be looked into
    delivery_trouble: str = ""
    rows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Start:
    """How a client starts our hooks: its commands, with which environment, in which time."""

    commands: Sequence[str]
    environ: Mapping[str, str]
    seconds_max: float


def fly(start: Start) -> Flight:
    """Send a canary, and see how it fares."""
    return _Canary(start).fly()


class _Canary:
    def __init__(self, start: Start) -> None:
        self.start = start
        self.root = home.home_dir(start.environ)
        self.session = ids.CANARY_SESSION + ids.random_hex()
        self.secret = f"canary-{ids.random_hex()}"
        self.flight = Flight()

    def fly(self) -> Flight:
        begun = clock.elapsed_seconds()
        backoff.clear(self.root)  # The server answers: whoever waited for that may go on.
        self._take_off()
        if not self.flight.hook_trouble and self.flight.spooled is not False:
            self._tell("PostToolUse")
            self._arrive()
        self.flight.seconds = clock.elapsed_seconds() - begun
        return self.flight

    def _take_off(self) -> None:
        """The first half, with the sender held back where none is about."""
        home.make_folder(self.root, "spool")
        held = sender_start.claim(self.root)
        try:
            self._tell("PreToolUse")
            if held is not None and not self.flight.hook_trouble:
                self.flight.spooled = self._is_spooled()
            self._look_for_leaks()
        finally:
            if held is not None:
                os.close(held)

    def _tell(self, event_name: str) -> None:
        event = json.dumps(self._event(event_name)).encode()
        for command in self.start.commands:
            try:
                done = subprocess.run(
                    ["sh", "-c", command],
                    input=event,
                    env=dict(self.start.environ),
                    capture_output=True,
                    timeout=self.start.seconds_max,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                self.flight.hook_trouble = f"took longer than the {self.start.seconds_max:.0f} s that the client gives"
                return
            if done.returncode != 0 or done.stdout or done.stderr:
                self.flight.hook_trouble = f"ended with {done.returncode}, or had something to say"
                return

    def _event(self, name: str) -> dict[str, Any]:
        whole = {
            "hook_event_name": name,
            "session_id": self.session,
            "prompt_id": self.session,
            "turn_id": self.session,
            "transcript_path": None,
            "cwd": str(Path.cwd()),
            "tool_name": TOOL,
            "tool_use_id": f"{self.session}:call",
            "tool_input": {"command": self.secret},
            "prompt": self.secret,
        }
        answer = {"tool_response": {"content": self.secret, "stdout": self.secret}, "duration_ms": 1}
        return {**whole, **answer} if name == "PostToolUse" else whole

    def _is_spooled(self) -> bool:
        """Whether the session's id comes into the spool; the hook's child may still be at it."""
        deadline = clock.elapsed_seconds() + SPOOL_SECONDS_MAX
        while True:
            if any(self.session.encode() in content for _, content in self._files("spool")):
                return True
            if clock.elapsed_seconds() > deadline:
                return False
            time.sleep(POLL_SECONDS)

    def _look_for_leaks(self) -> None:
        self.flight.leaked_to += [str(path) for path, content in self._files("") if self.secret.encode() in content]

    def _files(self, folder: str) -> list[tuple[Path, bytes]]:
        found: list[tuple[Path, bytes]] = []
        for path in (Path(self.root) / folder).rglob("*"):
            try:
                if path.is_file():
                    found.append((path, path.read_bytes()))
            except OSError:
                continue  # It was delivered in this moment.
        return found

    def _arrive(self) -> None:
        """Wait for the row. A delivery that fails says why at once."""
        config = home.read_config(self.root, self.start.environ)
        link = Link(config.server or "", config.token)
        deadline = clock.elapsed_seconds() + ARRIVAL_SECONDS_MAX
        rows: list[dict[str, Any]] = []
        while not self.flight.delivery_trouble and clock.elapsed_seconds() < deadline:
            try:
                rows = link.get(f"/v1/canary?session={quote(self.session)}").get("fires") or []
            except TallyError as error:
                self.flight.delivery_trouble = error.message
                break
            if rows and not segments.anything_waits(self.root):
                break
            if backoff.failures(self.root):
                self.flight.delivery_trouble = counters.load(self.root).last_error or "the delivery failed."
            time.sleep(POLL_SECONDS)
        self.flight.rows = len(rows)
        if self.secret in json.dumps(rows):
            self.flight.leaked_to.append("the row on the server")
        self._look_for_leaks()
