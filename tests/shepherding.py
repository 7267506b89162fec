"""A pull request that a test plays with, and a shepherd without a forge: facts in, events out, and again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from tallyward import clock
from tallyward.domain.forge import Check, PullRequestSignals
from tallyward.domain.shepherd import Decision, decide
from tallyward.domain.shepherd_config import ShepherdConfig
from tallyward.domain.shepherd_events import ACTED, DECIDED, OUTCOME, decision_payload, read, resumed, tell
from tallyward.domain.shepherd_facts import Facts

START = datetime(2026, 5, 18, 9, 0, tzinfo=UTC)
GREEN = Check(name="build", status="completed", conclusion="success")
RED = Check(name="build", status="completed", conclusion="failure")
RUNNING = Check(name="build", status="in_progress")
SKIPPED = Check(name="build", status="completed", conclusion="skipped")
READY = PullRequestSignals(
    forge="github",
    repo="acme/shop",
    repo_id=7,
    number=41,
    state="open",
    draft=False,
    mergeable=True,
    merge_state="CLEAN",
    author="copilot",
    head_branch="copilot/fix-7",
    head_sha="a" * 40,
    head_at=START - timedelta(minutes=5),
    base_branch="main",
    base_sha="b" * 40,
    behind_by=0,
    created_at=START - timedelta(hours=1),
    updated_at=START,
    checks=[GREEN],
    approvals=1,
    threads_total=0,
    threads_unresolved=0,
    changed_paths=["src/till.py"],
)


def signals(**changes: Any) -> PullRequestSignals:
    """A pull request that may be merged, but for these changes."""
    return structs.replace(READY, **changes)


def facts(**changes: Any) -> Facts:
    """Facts about a pull request of an agent; names of signals go to its signals, all others to the facts."""
    of_signals = {name: changes.pop(name) for name in list(changes) if name in PullRequestSignals.__struct_fields__}
    return Facts(**{"signals": signals(**of_signals), "now": START, "agent": "copilot", **changes})


class Care:
    """A shepherd's care of one pull request, with its own events for a memory. `minutes` pass when a test says so."""

    def __init__(
        self, *, acting: bool = True, config: ShepherdConfig | None = None, agent: str | None = "copilot"
    ) -> None:
        self.acting = acting
        self.config = config or ShepherdConfig()
        self.agent = agent
        self.signals = READY
        self.now = START
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.heads = 0

    def becomes(self, **changes: Any) -> None:
        """Something happens on the forge."""
        self.signals = structs.replace(self.signals, **changes)

    def pushed(self, **changes: Any) -> None:
        """A new head comes, now."""
        self.heads += 1
        self.becomes(head_sha=f"{self.heads:040d}", head_at=self.now, **changes)

    def passes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    def facts(self) -> Facts:
        history = tell((read(*event) for event in self.events), acting=self.acting).history
        history = resumed(history, self.signals, self.config.labels.escalated)
        return Facts(signals=self.signals, now=self.now, history=history, config=self.config, agent=self.agent)

    def look(self, *, ok: bool = True, again: bool = False) -> Decision:
        """One evaluation: decide, keep the decision, and act; `ok` is how acting goes."""
        seen = self.facts()
        decision = decide(seen)
        if decision.action == "none":
            self.end()
            return decision
        self.events.append((DECIDED, decision_payload(seen, decision, clock.iso(self.now), dry_run=not self.acting)))
        if self.acting and decision.action != "wait":
            self._act(decision, ok=ok, again=again)
        return decision

    def _act(self, decision: Decision, *, ok: bool, again: bool) -> None:
        done = {"decision": decision.id, "action": decision.action, "ok": ok, "code": "done", "again": again}
        self.events.append((ACTED, {**done, "at": clock.iso(self.now)}))
        if ok and decision.action == "escalate":
            self.becomes(labels=sorted({*self.signals.labels, self.config.labels.escalated}))

    def end(self) -> None:
        result = "success" if self.signals.state == "merged" else "closed"
        self.events.append((OUTCOME, {"result": result}))

    @property
    def attempts(self) -> dict[str, int]:
        return self.facts().history.attempts()


def reviewed(care: Care, threads: int = 2) -> None:
    """A reviewer begins threads, now."""
    care.becomes(threads_total=threads, threads_unresolved=threads, threads_newest_at=care.now)
