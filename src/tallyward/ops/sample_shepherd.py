"""Made-up pull requests in the care of the real shepherd: what happens to them is a script, what it decides is not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, structs

from tallyward import clock
from tallyward.domain.forge import Check, PullRequestSignals
from tallyward.domain.shepherd import decide
from tallyward.domain.shepherd_config import ShepherdConfig
from tallyward.domain.shepherd_events import ACTED, DECIDED, OUTCOME, decision_payload, read, resumed, subject_of, tell
from tallyward.domain.shepherd_facts import Facts

LOOK_MINUTES = 20
GREEN = [Check(name="ci", status="completed", conclusion="success")]
RED = [Check(name="ci", status="completed", conclusion="failure")]
RUNNING = [Check(name="ci", status="in_progress")]
CLEAN: dict[str, Any] = {"mergeable": True, "merge_state": "CLEAN"}
CONFLICT: dict[str, Any] = {"mergeable": False, "merge_state": "DIRTY"}
PUSHED = {"head_sha": ""}  # a new head comes, with a sha of its own
REVIEWED = {"threads_total": 2, "threads_unresolved": 2, "threads_newest_at": "now"}
Event = tuple[str, dict[str, Any]]


class Script(Struct, frozen=True):
    """One pull request: whose it is, how many hours ago it was opened, and what happens how many minutes later."""

    number: int
    agent: str
    hours_ago: float
    scenes: tuple[tuple[int, dict[str, Any]], ...]
    acts: bool = True


SCRIPTS = (
    Script(201, "5xx_fixer", 60, (
        (0, {"checks": RUNNING}), (40, {"checks": GREEN}), (70, REVIEWED), (130, PUSHED), (150, {"approvals": 1}),
    )),
    Script(202, "test_writer", 30, (
        (0, {"checks": RED}), (60, {**PUSHED, "checks": GREEN}), (100, CONFLICT), (140, {**PUSHED, **CLEAN}),
        (200, {"behind_by": 3}), (260, {"approvals": 1}),
    )),
    Script(203, "doc_gardener", 40, ((0, {"checks": []}),)),
    Script(204, "dep_bumper", 9, ((0, CONFLICT),)),
    Script(205, "test_writer", 5, ((0, {"checks": RUNNING}), (60, {"checks": GREEN}), (120, REVIEWED))),
    Script(206, "5xx_fixer", 3, (
        (0, {"draft": True, "merge_state": "DRAFT", "checks": RUNNING}), (60, {"checks": GREEN}),
    )),
    Script(207, "doc_gardener", 26, ((0, {}), (400, {"approvals": 1})), acts=False),
    Script(208, "5xx_fixer", 80, ((0, {"checks": RED}), (600, {"state": "closed"}))),
)  # fmt: skip


class _Play:
    """One script, played with the shepherd's own machine."""

    def __init__(self, script: Script, repo: str, now: datetime) -> None:
        self.script = script
        self.config = ShepherdConfig()
        self.at = now - timedelta(hours=script.hours_ago)
        self.events: list[Event] = []
        self.heads = 1
        self.told = PullRequestSignals(
            forge="github", repo=repo, number=script.number, state="open", draft=False, author="sample-fleet",
            head_branch=f"axon/{script.agent}/{script.number}", head_sha=self._sha(), head_at=self.at,
            base_branch="main", behind_by=0, created_at=self.at, updated_at=self.at, checks=GREEN, threads_total=0,
            threads_unresolved=0, changed_paths=["src/app.py"], **CLEAN,
        )  # fmt: skip

    def _sha(self) -> str:
        return f"{self.script.number * 1_000 + self.heads:040x}"

    def becomes(self, changes: dict[str, Any]) -> None:
        """What happens to it, on the forge."""
        told = dict(changes)
        if "head_sha" in told:
            self.heads += 1
            told |= {"head_sha": self._sha(), "head_at": self.at}
        if told.get("threads_newest_at") == "now":
            told["threads_newest_at"] = self.at
        if told.get("state") == "closed":
            told["closed_at"] = self.at
        self.told = structs.replace(self.told, **told)

    def look(self) -> bool:
        """One look; whether it goes on."""
        history = tell((read(*event) for event in self.events), acting=self.script.acts).history
        history = resumed(history, self.told, self.config.labels.escalated)
        facts = Facts(
            signals=self.told, now=self.at, history=history, config=self.config, agent=self.script.agent
        )  # fmt: skip
        decision = decide(facts)
        if decision.action == "none":
            result = "success" if self.told.state == "merged" else "closed"
            self._end(result, "merged_by_the_shepherd" if result == "success" else "closed_by_others")
            return False
        dry_run = not self.script.acts
        self.events.append((DECIDED, decision_payload(facts, decision, clock.iso(self.at), dry_run=dry_run)))
        if self.script.acts and decision.action != "wait":
            acted = {"decision": decision.id, "action": decision.action, "ok": True, "code": "done", "again": False}
            self.events.append((ACTED, {**self._about(), **acted}))
            self._done(decision.action, decision.reason)
        return True

    def _done(self, action: str, reason: str) -> None:
        if action == "escalate":
            self.becomes({"labels": [self.config.labels.escalated]})
            self._end("escalated", reason)
        effects: dict[str, dict[str, Any]] = {
            "merge": {"state": "merged", "merged_at": self.at},
            "update_branch": {"behind_by": 0, "head_sha": ""},
            "publish_draft": {"draft": False, **CLEAN},
            "resolve_threads": {"threads_unresolved": 0, "threads_newest_at": None},
        }
        self.becomes(effects.get(action, {}))

    def _end(self, result: str, detail: str) -> None:
        hours = round((self.at - self.told.created_at).total_seconds() / 3600, 4)
        self.events.append((OUTCOME, {**self._about(), "result": result, "detail": detail, "resolution_hours": hours}))

    def _about(self) -> dict[str, Any]:
        told = self.told
        return {
            "subject": subject_of(told), "forge": told.forge, "repo": told.repo, "number": told.number,
            "at": clock.iso(self.at),
        }  # fmt: skip

    def run(self, now: datetime) -> list[Event]:
        began = self.at
        scenes = list(self.script.scenes)
        while self.at < now:
            while scenes and self.at >= began + timedelta(minutes=scenes[0][0]):
                self.becomes(scenes.pop(0)[1])
            if not self.look():
                break
            self.at += timedelta(minutes=LOOK_MINUTES)
        return self.events


def decisions_of(repo: str, now: datetime) -> Iterator[Event]:
    """Everything that is told of them, oldest first."""
    played = [event for script in SCRIPTS for event in _Play(script, repo, now).run(now)]
    yield from sorted(played, key=lambda event: event[1]["at"])
