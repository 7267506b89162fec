"""Facts of pull requests for tests: one that is told in plain words, and any that a forge or a clone could tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tallyward.domain.pull_request import PullRequestFacts
from tallyward.domain.reverts import Reverted

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
REPO = "example/app"
SHAS = tuple(letter * 40 for letter in "abcd")


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def told(number: int | None = 7, **facts: Any) -> PullRequestFacts:
    """What a webhook says of one pull request."""
    return PullRequestFacts(**{"repo": REPO, "number": number, "updated_at": NOON} | facts)


def any_facts() -> st.SearchStrategy[PullRequestFacts]:
    """Facts of one pull request as any source may tell them, few enough values that they meet and differ."""
    moments = st.none() | st.integers(0, 3).map(minutes)
    words = st.none() | st.sampled_from(("one", "two", "three"))
    return st.builds(
        PullRequestFacts,
        forge=st.sampled_from(("github", "forgejo")), repo=st.sampled_from((REPO, "example/renamed")),
        repo_id=st.none() | st.just(99), number=st.just(7),
        state=st.none() | st.sampled_from(("open", "closed", "merged")), head_branch=words, base_branch=words,
        head_sha=st.none() | st.sampled_from(SHAS), merge_sha=st.none() | st.sampled_from(SHAS), author=words,
        draft=st.none() | st.booleans(), labels=st.none() | st.lists(st.sampled_from("xyz")),
        opened_at=moments, closed_at=moments, merged_at=moments, updated_at=moments, told_at=moments,
        reverts=st.none() | st.builds(Reverted, number=st.none() | st.integers(1, 2), sha=st.none()),
        co_agents=st.none() | st.lists(st.sampled_from(("claude", "codex"))),
        changed_paths=st.none() | st.lists(st.sampled_from(("a.py", "b.py"))),
        changes_requested_on=st.none() | st.lists(st.sampled_from(SHAS)),
        review_rounds=st.none() | st.integers(0, 3), attempts=st.none() | st.integers(1, 3),
        conflicted=st.none() | st.booleans(), source=st.sampled_from(("webhook", "sync", "git")),
    )  # fmt: skip
