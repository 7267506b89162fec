"""What both senders tell of a pull request, since Forgejo took over GitHub's names for it."""

from typing import Any

import msgspec

from tallyward.domain.attribution import AgentRules, agents_named_in
from tallyward.domain.pull_request import PullRequestFacts, State
from tallyward.domain.reverts import Reverted, reverted
from tallyward.webhooks._base import Told
from tallyward.webhooks._fields import (
    commit,
    inside,
    labels,
    moment,
    name,
    number,
    pull_number,
    repo,
    switch,
    word,
    words_to_drop,
)


def subject_of(payload: Any, event: str, within: int | None = None) -> str:
    """What a delivery is about: the pull request, else the repository, else the event itself.

    By the number of the repository where it is told, since that stays when it is renamed or transferred.
    """
    told = number(inside(payload, "repository", "id")) or repo(inside(payload, "repository", "full_name"))
    if told is None:
        return event
    return str(told) if within is None else f"{told}#{within}"


def plain(event: str, payload: Any, **facts: Any) -> Told:
    """What any delivery tells: which repository it is about, and these facts besides."""
    return Told(
        event=event,
        action=word(inside(payload, "action")),
        subject=subject_of(payload, event, facts.get("number")),
        repo=repo(inside(payload, "repository", "full_name")),
        repo_id=number(inside(payload, "repository", "id")),
        **facts,
    )


def read_pull_request(
    event: str, payload: Any, rules: AgentRules, *, forge: str, changes_requested_on: str | None = None
) -> Told:
    """The facts of the pull request in a payload, or which of its fields is missing."""
    called = repo(inside(payload, "repository", "full_name"))
    pull = inside(payload, "pull_request")
    within = pull_number(inside(pull, "number")) or pull_number(inside(payload, "number"))
    if called is None or within is None:
        missing = "repository.full_name" if called is None else "pull_request.number"
        return plain(event, payload, outcome="unreadable", reason=f"no {missing}")
    facts = _facts(pull, called, rules)
    found = msgspec.structs.replace(
        facts,
        forge=forge,
        repo_id=number(inside(payload, "repository", "id")),
        number=within,
        changes_requested_on=[changes_requested_on] if changes_requested_on else None,
    )
    return plain(event, payload, number=within, pull_request=found)


def _facts(pull: Any, called: str, rules: AgentRules) -> PullRequestFacts:
    head_branch = name(inside(pull, "head", "ref"))
    return PullRequestFacts(
        repo=called,
        state=_state(pull),
        head_branch=head_branch,
        base_branch=name(inside(pull, "base", "ref")),
        head_sha=commit(inside(pull, "head", "sha")),
        merge_sha=commit(inside(pull, "merge_commit_sha")),
        author=name(inside(pull, "user", "login")),
        draft=switch(inside(pull, "draft")),
        labels=labels(pull, "labels"),
        opened_at=moment(inside(pull, "created_at")),
        closed_at=moment(inside(pull, "closed_at")),
        merged_at=moment(inside(pull, "merged_at")),
        updated_at=moment(inside(pull, "updated_at")),
        reverts=_takes_back(pull, head_branch, called),
        co_agents=agents_named_in(words_to_drop(inside(pull, "body")), rules) or None,
        source="webhook",
    )


def _state(pull: Any) -> State | None:
    """Merged is told by a switch or by its moment, and some events bring the one, some the other."""
    if inside(pull, "merged") is True or moment(inside(pull, "merged_at")) is not None:
        return "merged"
    said = inside(pull, "state")
    return said if said in ("open", "closed") else None


def _takes_back(pull: Any, head_branch: str | None, called: str) -> Reverted | None:
    return reverted(
        title=words_to_drop(inside(pull, "title")),
        head_branch=head_branch,
        message=words_to_drop(inside(pull, "body")),
        repo=called,
    )
