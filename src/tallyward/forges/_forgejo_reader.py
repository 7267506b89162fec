"""Reads Forgejo and Gitea by their API, version 1, which tells everything in REST."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

from tallyward.domain.forge import (
    CHANGED_PATHS_MAX,
    PULL_REQUESTS_MAX,
    Check,
    DeliveryState,
    Hook,
    PullRequestSignals,
    Rate,
    RepositoryFacts,
)
from tallyward.errors import ForgeCannot, NotFoundOnForge
from tallyward.forges import _forgejo_answers as answers
from tallyward.forges import _forgejo_shapes as shapes
from tallyward.forges._answers import read_hooks, read_marks, read_reactions, read_repository
from tallyward.forges._client import Client, within
from tallyward.forges._together import in_turns, together
from tallyward.forges._wanted import AgentsNamedIn
from tallyward.forges._words import CommitSeen, commits_seen

CHECKS_MAX, REVIEWS_MAX, COMMITS_MAX, REACTIONS_MAX = 1_000, 1_000, 1_000, 1_000
SYNCED_MAX = 100_000  # pull requests of one repository
_BRIEF = {"verification": "false", "files": "false"}  # of commits; reckoning these takes the forge long


class ForgejoReader:
    """A `SignalsReader` of one account."""

    def __init__(self, client: Client, agents: AgentsNamedIn) -> None:
        self._client, self._agents = client, agents

    async def repository(self, repo: str) -> RepositoryFacts:
        return await self._client.get(within("/repos/{repo}", repo=repo), read_repository)

    async def open_pull_requests(self, repo: str) -> list[PullRequestSignals]:
        path = within("/repos/{repo}/pulls", repo=repo)
        listed = await self._client.listed(path, shapes.read_pulls, most=PULL_REQUESTS_MAX, query={"state": "open"})
        ordered = sorted(listed, key=lambda pull: pull.number)
        return await in_turns([partial(self._whole, repo, pull) for pull in ordered])

    async def pull_request(self, repo: str, number: int) -> PullRequestSignals:
        return await self._whole(repo, await self.pull(repo, number))

    async def pull(self, repo: str, number: int) -> shapes.Pull:
        """As it stands by itself, for the writer too."""
        return await self._client.get(within("/repos/{repo}/pulls/{n}", repo=repo, n=number), shapes.read_pull)

    async def pull_requests(self, repo: str, since: datetime | None = None) -> AsyncIterator[PullRequestSignals]:
        path = within("/repos/{repo}/pulls", repo=repo)
        order = {"state": "all", "sort": "recentupdate"}
        async for pull in self._client.pages(path, shapes.read_pulls, most=SYNCED_MAX, query=order):
            if since is not None and pull.updated_at < since:
                break
            async with together() as group:
                commits = group.create_task(self._commits(repo, pull.number))
                paths = group.create_task(self._paths(repo, pull.number))
                reviews = group.create_task(self._reviews(repo, pull.number))
            yield pull.signals(
                self._client.forge,
                changed_paths=paths.result(),
                review_rounds=shapes.verdicts(reviews.result(), None)["review_rounds"],
                **_of_commits(pull, commits.result()),
            )

    async def reactions(self, repo: str, comment_id: int) -> dict[str, int]:
        path = within("/repos/{repo}/issues/comments/{n}/reactions", repo=repo, n=comment_id)
        return dict(Counter(await self._client.get(path, read_reactions)))

    async def marked(self, repo: str, number: int, mark: str) -> int | None:
        path = within("/repos/{repo}/issues/{n}/comments", repo=repo, n=number)
        return dict(await self._client.get(path, read_marks)).get(mark)

    async def hooks(self, repo: str, delivers_to: str) -> list[Hook]:
        found = await self._client.listed(within("/repos/{repo}/hooks", repo=repo), read_hooks, most=1_000)
        return [Hook(repo=repo, id=hook.id) for hook in found if hook.config.url.endswith(delivers_to)]

    async def deliveries(self, hook: Hook, since: datetime) -> list[DeliveryState]:
        del hook, since
        raise ForgeCannot("Forgejo does not tell what became of its deliveries. It tries a failed one again itself.")

    async def refuses_push(self, repo: str, branch: str) -> bool:
        place = within("/repos/{repo}/branches/{branch}", repo=repo, branch=branch)
        rule = await self._client.get(place, answers.read_protection_name)
        if not rule:
            return False
        path = within("/repos/{repo}/branch_protections/{rule}", repo=repo, rule=rule)
        return await self._client.get(path, answers.read_refuses)

    async def run_seconds(self, repo: str, count: int) -> list[float]:
        path = within("/repos/{repo}/actions/tasks", repo=repo)
        return await self._client.get(path, answers.read_task_seconds, {"limit": count})

    async def rate(self) -> Rate:
        """It sets no limit that it tells of."""
        return Rate()

    async def _whole(self, repo: str, pull: shapes.Pull) -> PullRequestSignals:
        async with together() as group:
            checks = group.create_task(self._checks(repo, pull.head.sha))
            reviews = group.create_task(self._reviews(repo, pull.number))
            commits = group.create_task(self._commits(repo, pull.number))
            paths = group.create_task(self._paths(repo, pull.number))
            behind = group.create_task(self._behind(repo, pull))
        comments = await self._line_comments(repo, pull.number, reviews.result())
        return pull.signals(
            self._client.forge,
            merge_state=pull.merge_state(checks.result()),
            behind_by=behind.result(),
            checks=checks.result(),
            changed_paths=paths.result(),
            **_of_commits(pull, commits.result()),
            **shapes.verdicts(reviews.result(), pull.user.login if pull.user else None),
            **shapes.threads(comments),
        )

    async def _checks(self, repo: str, sha: str) -> list[Check]:
        path = within("/repos/{repo}/commits/{sha}/status", repo=repo, sha=sha)
        return await self._client.listed(path, shapes.read_statuses, most=CHECKS_MAX)

    async def _reviews(self, repo: str, number: int) -> list[shapes.Review]:
        path = within("/repos/{repo}/pulls/{n}/reviews", repo=repo, n=number)
        return await self._client.listed(path, shapes.read_reviews, most=REVIEWS_MAX)

    async def _line_comments(self, repo: str, number: int, reviews: list[shapes.Review]) -> list[shapes.LineComment]:
        found: list[shapes.LineComment] = []
        for review in reviews:
            if review.comments_count:
                place = {"repo": repo, "n": number, "id": review.id}
                path = within("/repos/{repo}/pulls/{n}/reviews/{id}/comments", **place)
                found += await self._client.get(path, shapes.read_line_comments)
        return found

    async def _commits(self, repo: str, number: int) -> list[CommitSeen]:
        path = within("/repos/{repo}/pulls/{n}/commits", repo=repo, n=number)
        return await self._client.listed(path, self.read_commits, most=COMMITS_MAX, query=_BRIEF)

    def read_commits(self, raw: Any) -> list[CommitSeen]:
        return commits_seen(raw or [], self._agents)

    async def _paths(self, repo: str, number: int) -> list[str] | None:
        path = within("/repos/{repo}/pulls/{n}/files", repo=repo, n=number)
        found = await self._client.listed(path, shapes.read_paths, most=CHANGED_PATHS_MAX)
        return sorted(set(found)) if len(found) < CHANGED_PATHS_MAX else None

    async def _behind(self, repo: str, pull: shapes.Pull) -> int | None:
        """The commits of the base that the head has not. None when one of the two ends is gone."""
        if pull.state != "open" or not (pull.base.sha and pull.head.sha):
            return None
        ends = {"repo": repo, "head": pull.head.sha, "base": pull.base.sha}
        try:
            return await self._client.get(
                within("/repos/{repo}/compare/{head}...{base}", **ends), shapes.read_total, _BRIEF
            )
        except NotFoundOnForge:
            return None


def _of_commits(pull: shapes.Pull, commits: list[CommitSeen]) -> dict[str, Any]:
    return {
        "commits": len(commits),
        "head_at": next((commit.at for commit in commits if commit.sha == pull.head.sha), None),
        "co_agents": sorted({agent for commit in commits for agent in commit.agents}),
    }
