"""Reads GitHub: REST where an answer that has not changed costs nothing, GraphQL for what REST does not tell."""

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
from tallyward.errors import NotFoundOnForge
from tallyward.forges import _github_answers as answers
from tallyward.forges import _github_queries as queries
from tallyward.forges import _github_shapes as shapes
from tallyward.forges import _github_words as words
from tallyward.forges._answers import read_hooks, read_marks, read_reactions, read_repository
from tallyward.forges._client import Client, within
from tallyward.forges._together import in_turns, together
from tallyward.forges._wanted import AgentsNamedIn
from tallyward.forges._words import CommitSeen, commits_seen

CHECKS_MAX, REVIEWS_MAX, COMMITS_MAX, REACTIONS_MAX = 1_000, 1_000, 250, 1_000  # 250: GitHub lists no more commits
SYNCED_MAX = 100_000  # pull requests of one repository
DELIVERIES_MAX = 10_000
THREAD_PAGES_MAX = 10
COMMENTS_MAX = 1_000  # marks of one pull request; others' comments are none
DETAILS_AT_ONCE = 25  # pull requests of one question about their files and commits


class GithubReader:
    """A `SignalsReader` of one account."""

    def __init__(self, client: Client, graphql: str, agents: AgentsNamedIn) -> None:
        self._client, self.graphql, self._agents = client, graphql, agents

    async def repository(self, repo: str) -> RepositoryFacts:
        return await self._client.get(within("/repos/{repo}", repo=repo), read_repository)

    async def open_pull_requests(self, repo: str) -> list[PullRequestSignals]:
        path = within("/repos/{repo}/pulls", repo=repo)
        listed = await self._client.listed(path, shapes.read_pulls, most=PULL_REQUESTS_MAX, query={"state": "open"})
        numbers = sorted(pull.number for pull in listed)
        return await in_turns([partial(self.pull_request, repo, number) for number in numbers])

    async def pull_request(self, repo: str, number: int) -> PullRequestSignals:
        pull = await self._client.get(within("/repos/{repo}/pulls/{n}", repo=repo, n=number), shapes.read_pull)
        async with together() as group:
            checks = group.create_task(self._checks(repo, pull.head.sha))
            reviews = group.create_task(self._reviews(repo, number))
            commits = group.create_task(self._commits(repo, number))
            paths = group.create_task(self._paths(repo, number))
            standing = group.create_task(self._standing(repo, number))
            behind = group.create_task(self._behind(repo, pull))
        first, threads = standing.result()
        return pull.signals(
            self._client.forge,
            merge_state=first.merge_state_status,
            head_at=_head_at(pull, first, commits.result()),
            behind_by=behind.result(),
            checks=checks.result(),
            changed_paths=paths.result(),
            co_agents=sorted({agent for commit in commits.result() for agent in commit.agents}),
            **shapes.verdicts(reviews.result(), pull.user.login if pull.user else None),
            **_threads(threads),
        )

    async def pull_requests(self, repo: str, since: datetime | None = None) -> AsyncIterator[PullRequestSignals]:
        path = within("/repos/{repo}/pulls", repo=repo)
        order = {"state": "all", "sort": "updated", "direction": "desc"}
        waiting: list[shapes.Pull] = []
        async for pull in self._client.pages(path, shapes.read_pulls, most=SYNCED_MAX, query=order):
            if since is not None and pull.updated_at < since:
                break
            waiting.append(pull)
            if len(waiting) == DETAILS_AT_ONCE:
                for signals in await self._detailed(waiting):
                    yield signals
                waiting = []
        for signals in await self._detailed(waiting):
            yield signals

    async def reactions(self, repo: str, comment_id: int) -> dict[str, int]:
        path = within("/repos/{repo}/issues/comments/{n}/reactions", repo=repo, n=comment_id)
        return dict(Counter(await self._client.listed(path, read_reactions, most=REACTIONS_MAX)))

    async def marked(self, repo: str, number: int, mark: str) -> int | None:
        path = within("/repos/{repo}/issues/{n}/comments", repo=repo, n=number)
        found = [(each, at) async for each, at in self._client.pages(path, read_marks, most=COMMENTS_MAX)]
        return dict(found).get(mark)

    async def hooks(self, repo: str, delivers_to: str) -> list[Hook]:
        found = await self._client.listed(within("/repos/{repo}/hooks", repo=repo), read_hooks, most=1_000)
        return [Hook(repo=repo, id=hook.id) for hook in found if hook.config.url.endswith(delivers_to)]

    async def deliveries(self, hook: Hook, since: datetime) -> list[DeliveryState]:
        own = hook.repo is None
        path = within("/repos/{repo}/hooks/{n}/deliveries", repo=hook.repo, n=hook.id)
        found: list[DeliveryState] = []
        async for delivery in self._client.pages(
            "/app/hook/deliveries" if own else path, answers.read_deliveries, most=DELIVERIES_MAX, as_app=own
        ):
            if delivery.delivered_at < since:
                break
            found.append(delivery.state(hook))
        return found

    async def refuses_push(self, repo: str, branch: str) -> bool:
        place = {"repo": repo, "branch": branch}
        path = within("/repos/{repo}/rules/branches/{branch}", **place)
        rules = await self._client.listed(path, answers.read_rules, most=1_000)
        if {"pull_request", "update"}.intersection(rules):
            return True
        if not await self._client.get(within("/repos/{repo}/branches/{branch}", **place), answers.read_protected):
            return False
        return await self._client.get(
            within("/repos/{repo}/branches/{branch}/protection", **place), answers.read_protection
        )

    async def run_seconds(self, repo: str, count: int) -> list[float]:
        path = within("/repos/{repo}/actions/runs", repo=repo)
        told = {"status": "completed", "per_page": count, "exclude_pull_requests": "true"}
        return await self._client.get(path, answers.read_run_seconds, told)

    async def rate(self) -> Rate:
        return await self._client.get("/rate_limit", answers.read_rate)

    async def standing(self, repo: str, number: int) -> tuple[queries.Standing, list[queries.Thread]]:
        """How it stands, and every thread with its id: for the writer, which resolves them."""
        return await self._standing(repo, number)

    async def _standing(self, repo: str, number: int) -> tuple[queries.Standing, list[queries.Thread]]:
        owner, _, name = repo.partition("/")
        variables: dict[str, Any] = {"owner": owner, "name": name, "number": number, "after": None}
        ask = self._client.graphql
        first = page = await ask(self.graphql, queries.STANDING, variables, queries.read_standing)
        threads = list(page.review_threads.nodes)
        for _ in range(THREAD_PAGES_MAX - 1):
            if not page.review_threads.page_info.has_next_page:
                break
            variables["after"] = page.review_threads.page_info.end_cursor
            page = await ask(self.graphql, queries.STANDING, variables, queries.read_standing)
            threads += page.review_threads.nodes
        return first, threads

    async def _checks(self, repo: str, sha: str) -> list[Check]:
        place = {"repo": repo, "sha": sha}
        runs = await self._client.listed(
            within("/repos/{repo}/commits/{sha}/check-runs", **place), shapes.read_check_runs, most=CHECKS_MAX
        )
        statuses = await self._client.listed(
            within("/repos/{repo}/commits/{sha}/status", **place), shapes.read_statuses, most=CHECKS_MAX
        )
        return [*runs, *statuses]

    async def _reviews(self, repo: str, number: int) -> list[shapes.Review]:
        path = within("/repos/{repo}/pulls/{n}/reviews", repo=repo, n=number)
        return await self._client.listed(path, shapes.read_reviews, most=REVIEWS_MAX)

    async def _commits(self, repo: str, number: int) -> list[CommitSeen]:
        path = within("/repos/{repo}/pulls/{n}/commits", repo=repo, n=number)
        return await self._client.listed(path, self.read_commits, most=COMMITS_MAX)

    def read_commits(self, raw: Any) -> list[CommitSeen]:
        return commits_seen(raw, self._agents)

    async def _paths(self, repo: str, number: int) -> list[str] | None:
        path = within("/repos/{repo}/pulls/{n}/files", repo=repo, n=number)
        found = await self._client.listed(path, shapes.read_paths, most=CHANGED_PATHS_MAX)
        return sorted(set(found)) if len(found) < CHANGED_PATHS_MAX else None

    async def _behind(self, repo: str, pull: shapes.Pull) -> int | None:
        """By how many commits. Of a later page, which holds no diff. None when one of the two ends is gone."""
        if pull.state != "open":
            return None
        path = within("/repos/{repo}/compare/{base}...{head}", repo=repo, base=pull.base.ref, head=pull.head.sha)
        try:
            return await self._client.get(path, shapes.read_behind, {"per_page": 1, "page": 2})
        except NotFoundOnForge:
            return None

    async def _detailed(self, pulls: list[shapes.Pull]) -> list[PullRequestSignals]:
        """With their files and the agents of their commits: two questions for all of them."""
        if not pulls:
            return []
        variables = {"ids": [pull.node_id for pull in pulls]}
        extents = await self._client.graphql(self.graphql, queries.PATHS, variables, queries.read_extents)
        agents = await self._client.graphql(self.graphql, words.MESSAGES, variables, self.read_agents)
        return [self._with_details(pull, extents.get(pull.number), agents.get(pull.number, [])) for pull in pulls]

    def read_agents(self, data: Any) -> dict[int, list[str]]:
        return words.agents_told(data, self._agents)

    def _with_details(self, pull: shapes.Pull, extent: queries.Extent | None, agents: list[str]) -> PullRequestSignals:
        more: dict[str, Any] = {"co_agents": agents}
        if extent is not None:
            more |= {
                "changed_paths": extent.paths,
                "commits": extent.commits.total_count,
                "review_rounds": extent.reviews.total_count,
            }
        return pull.signals(self._client.forge, **more)


def _head_at(pull: shapes.Pull, standing: queries.Standing, commits: list[CommitSeen]) -> datetime | None:
    """When the head was committed. Of two answers one may be older than a push between them."""
    for node in standing.commits.nodes:
        if node.commit.oid == pull.head.sha:
            return node.commit.committed_date
    return next((commit.at for commit in commits if commit.sha == pull.head.sha), None)


def _threads(threads: list[queries.Thread]) -> dict[str, Any]:
    waiting = [thread for thread in threads if not thread.is_resolved]
    return {
        "threads_total": len(threads),
        "threads_unresolved": len(waiting),
        "threads_newest_at": max((thread.began for thread in waiting if thread.began), default=None),
    }
