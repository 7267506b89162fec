"""The place that sees what people wrote on a forge: a fact comes out of it at once, and the words are dropped.

A title, a description and a branch say whether a change takes another back; the trailers of commits say which agents
had a part in it. GitHub's REST and Forgejo's API tell of both in one shape.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.reverts import Reverted, reverted
from tallyward.forges._moment import Moment


class _Named(Struct):
    full_name: str


class _End(Struct):
    ref: str
    repo: _Named | None = None


class _Words(Struct, kw_only=True):
    title: str | None = None
    body: str | None = None
    head: _End
    base: _End


class _Committed(Struct):
    date: Moment


class _Commit(Struct):
    message: str
    committer: _Committed | None = None


class _Listed(Struct):
    sha: str
    commit: _Commit


class CommitSeen(Struct, frozen=True):
    """What is left of a commit when its message is gone."""

    sha: str
    at: datetime | None
    agents: list[str]


def takes_back(raw: Any) -> Reverted | None:
    """What a pull request, as REST gives it, takes back."""
    told = msgspec.convert(raw, _Words)
    return reverted(
        title=told.title, head_branch=told.head.ref, message=told.body, repo=told.base.repo and told.base.repo.full_name
    )


def commits_seen(raw: Any, agents: Callable[[str], Sequence[str]]) -> list[CommitSeen]:
    """Commits as REST lists them."""
    return [
        CommitSeen(
            each.sha, each.commit.committer.date if each.commit.committer else None, list(agents(each.commit.message))
        )
        for each in msgspec.convert(raw, list[_Listed])
    ]
