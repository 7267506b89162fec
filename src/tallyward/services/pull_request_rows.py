"""A pull request as a row of the ledger, and back."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from tallyward.domain.attribution import AgentRules, attribute
from tallyward.domain.pull_request import PullRequest, Source, Undone
from tallyward.domain.reverts import Reverted
from tallyward.ledger.database import Row

_COLUMNS = (
    "forge", "repo", "repo_id", "state", "head_branch", "base_branch", "head_sha", "merge_sha", "author", "draft",
    "labels", "opened_at", "closed_at", "merged_at", "changed_paths", "conflicted", "seen_by",
)  # fmt: skip


class _Told(Struct, kw_only=True):
    """The column `told`: what merging further words needs and no query asks for."""

    stamps: dict[str, str] = field(default_factory=dict[str, str])
    undone: Undone | None = None
    co_agents: list[str] = field(default_factory=list[str])
    changes_requested_on: list[str] = field(default_factory=list[str])
    review_rounds: int = 0
    attempts: int | None = None
    updated_at: datetime | None = None


def agent_of(pull: PullRequest, rules: AgentRules) -> tuple[str | None, str | None]:
    """Whose work it is, and the mark that tells so."""
    found = attribute(
        rules, head_branch=pull.head_branch, author=pull.author, labels=pull.labels, co_agents=pull.co_agents
    )
    return (found.agent, found.evidence) if found else (None, None)


def from_row(row: Row) -> PullRequest:
    """The pull request that is kept in a row of `find_pull_requests`."""
    told = msgspec.convert(row["told"], _Told)
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS if name in row and name != "seen_by"}
    values["reverts"] = (
        Reverted(number=row["reverts_number"], sha=row["reverts_sha"]) if row["reverts_something"] else None
    )
    # A row that was written by plain SQL tells its columns, and anybody's word is better.
    stamps = told.stamps or {name: "" for name, value in values.items() if value not in (None, [], False)}
    return PullRequest(
        **values,
        number=row["number"],
        undone=told.undone,
        co_agents=told.co_agents,
        changes_requested_on=told.changes_requested_on,
        review_rounds=told.review_rounds,
        attempts_told=told.attempts,
        updated_at=told.updated_at,
        seen_by=msgspec.convert(row["seen_by"], list[Source]),
        stamps=stamps,
    )


def to_row(pull: PullRequest, rules: AgentRules) -> Row:
    """The columns that a pull request is kept in."""
    agent, evidence = agent_of(pull, rules)
    told = _Told(
        stamps=pull.stamps,
        undone=pull.undone,
        co_agents=pull.co_agents,
        changes_requested_on=pull.changes_requested_on,
        review_rounds=pull.review_rounds,
        attempts=pull.attempts_told,
        updated_at=pull.updated_at,
    )
    return {name: getattr(pull, name) for name in _COLUMNS} | {
        "number": pull.number,
        "updated_at": pull.updated_at,
        "attempts": pull.attempts,
        "review_rounds": pull.rounds,
        "agent": agent,
        "agent_evidence": evidence,
        "reverts_something": pull.reverts is not None,
        "reverts_number": pull.reverts.number if pull.reverts else None,
        "reverts_sha": pull.reverts.sha if pull.reverts else None,
        "told": told,
    }
