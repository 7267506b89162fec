"""What is read out of GitHub's other REST answers: runs, deliveries and how many questions are left."""

from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.forge import DeliveryState, Hook, Rate
from tallyward.forges._github_shapes import Present
from tallyward.forges._moment import Moment
from tallyward.forges._refusals import reset_of


class Delivery(Struct, kw_only=True):
    """One delivery in GitHub's list, without what was delivered."""

    id: int
    guid: str
    event: str
    action: str | None = None
    delivered_at: Moment
    redelivery: bool = False
    status_code: int = 0
    repository_id: int | None = None

    def state(self, hook: Hook) -> DeliveryState:
        return DeliveryState(
            hook=hook,
            id=self.id,
            guid=self.guid,
            event=self.event,
            action=self.action,
            delivered_at=self.delivered_at,
            redelivery=self.redelivery,
            status_code=self.status_code,
            repo_id=self.repository_id,
        )


def read_deliveries(raw: Any) -> list[Delivery]:
    return msgspec.convert(raw, list[Delivery])


class _WorkflowRun(Struct):
    run_started_at: Moment
    updated_at: Moment


class _WorkflowRuns(Struct):
    workflow_runs: list[_WorkflowRun]


def read_run_seconds(raw: Any) -> list[float]:
    runs = msgspec.convert(raw, _WorkflowRuns).workflow_runs
    return [max(0.0, (run.updated_at - run.run_started_at).total_seconds()) for run in runs]


class _Limit(Struct):
    limit: int
    remaining: int
    reset: int


class _Limits(Struct):
    core: _Limit


class _RateLimit(Struct):
    resources: _Limits


def read_rate(raw: Any) -> Rate:
    core = msgspec.convert(raw, _RateLimit).resources.core
    resets_at = reset_of({"x-ratelimit-reset": str(core.reset)})
    return Rate(limit=core.limit, remaining=core.remaining, resets_at=resets_at)


class _Rule(Struct):
    type: str


def read_rules(raw: Any) -> list[str]:
    return [each.type for each in msgspec.convert(raw, list[_Rule])]


class _Branch(Struct):
    protected: bool


def read_protected(raw: Any) -> bool:
    return msgspec.convert(raw, _Branch).protected


class _Enabled(Struct):
    enabled: bool = False


class _Protection(Struct):
    required_pull_request_reviews: Present | None = None
    restrictions: Present | None = None
    lock_branch: _Enabled | None = None


def read_protection(raw: Any) -> bool:
    """Whether a push must come by a pull request, or from a few, or may not come at all."""
    told = msgspec.convert(raw, _Protection)
    return bool(
        told.required_pull_request_reviews or told.restrictions or (told.lock_branch and told.lock_branch.enabled)
    )


class _Merged(Struct):
    sha: str


def read_merged(raw: Any) -> str:
    return msgspec.convert(raw, _Merged).sha
