"""Acts on GitHub. Text goes out, numbers come back."""

from collections.abc import Sequence
from datetime import datetime

from tallyward import clock
from tallyward.domain.forge import CheckStatus, CommitState, DeliveryState, MergeMethod
from tallyward.errors import ForgeConflict, ForgeRejected, NotFoundOnForge
from tallyward.forges import _github_answers as answers
from tallyward.forges import _github_queries as queries
from tallyward.forges._answers import read_id, read_number
from tallyward.forges._client import Client, within
from tallyward.forges._github_reader import GithubReader

DESCRIPTION_CHARS_MAX = 140  # of a status; GitHub refuses more


class GithubWriter:
    """A `ForgeWriter` of one account."""

    def __init__(self, client: Client, reader: GithubReader) -> None:
        self._client, self._reader = client, reader

    async def comment(self, repo: str, number: int, body: str) -> int:
        path = within("/repos/{repo}/issues/{n}/comments", repo=repo, n=number)
        return await self._client.send("POST", path, {"body": body}, read_id)

    async def add_labels(self, repo: str, number: int, labels: Sequence[str]) -> None:
        path = within("/repos/{repo}/issues/{n}/labels", repo=repo, n=number)
        await self._client.send("POST", path, {"labels": list(labels)}, queries.read_nothing)

    async def remove_label(self, repo: str, number: int, label: str) -> None:
        path = within("/repos/{repo}/issues/{n}/labels/{label}", repo=repo, n=number, label=label)
        try:
            await self._client.send("DELETE", path, None, queries.read_nothing)
        except NotFoundOnForge:
            # It may be the label or the whole pull request that is not there; the second is worth saying.
            await self._client.get(within("/repos/{repo}/issues/{n}", repo=repo, n=number), read_number)

    async def open_issue(self, repo: str, title: str, body: str, labels: Sequence[str] = ()) -> int:
        told = {"title": title, "body": body, "labels": list(labels)}
        return await self._client.send("POST", within("/repos/{repo}/issues", repo=repo), told, read_number)

    async def open_pull_request(  # noqa: PLR0913, PLR0917  # what a pull request is made of
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> int:
        told = {"title": title, "body": body, "head": head, "base": base, "draft": draft}
        return await self._client.send("POST", within("/repos/{repo}/pulls", repo=repo), told, read_number)

    async def check_run(  # noqa: PLR0913, PLR0917  # what a check is made of
        self, repo: str, sha: str, name: str, status: CheckStatus, conclusion: str | None = None, summary: str = ""
    ) -> int:
        told: dict[str, object] = {"name": name, "head_sha": sha, "status": status}
        if conclusion is not None:
            told |= {"conclusion": conclusion, "completed_at": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
        if summary:
            told["output"] = {"title": name, "summary": summary}
        return await self._client.send("POST", within("/repos/{repo}/check-runs", repo=repo), told, read_id)

    async def status(  # noqa: PLR0913, PLR0917  # what a status is made of
        self, repo: str, sha: str, context: str, state: CommitState, description: str = "", url: str = ""
    ) -> None:
        told = {"context": context, "state": state, "description": description[:DESCRIPTION_CHARS_MAX]}
        path = within("/repos/{repo}/statuses/{sha}", repo=repo, sha=sha)
        await self._client.send("POST", path, told | ({"target_url": url} if url else {}), queries.read_nothing)

    async def merge(self, repo: str, number: int, sha: str, method: MergeMethod = "squash") -> str:
        path = within("/repos/{repo}/pulls/{n}/merge", repo=repo, n=number)
        return await self._client.send("PUT", path, {"sha": sha, "merge_method": method}, answers.read_merged)

    async def update_branch(self, repo: str, number: int, sha: str) -> None:
        path = within("/repos/{repo}/pulls/{n}/update-branch", repo=repo, n=number)
        try:
            await self._client.send("PUT", path, {"expected_head_sha": sha}, queries.read_nothing)
        except ForgeRejected as error:
            # GitHub calls both a moved head and a conflict a wrong value.
            raise ForgeConflict(f"The branch cannot be updated as things stand: {path}.") from error

    async def publish(self, repo: str, number: int) -> None:
        standing, _ = await self._reader.standing(repo, number)
        await self._client.graphql(self._reader.graphql, queries.PUBLISH, {"id": standing.id}, queries.read_nothing)

    async def resolve_threads(self, repo: str, number: int, before: datetime) -> int:
        _, threads = await self._reader.standing(repo, number)
        waiting = [each for each in threads if not each.is_resolved and each.began and each.began < before]
        for thread in waiting:
            await self._client.graphql(
                self._reader.graphql, queries.RESOLVE, {"thread": thread.id}, queries.read_nothing
            )
        return len(waiting)

    async def enable_auto_merge(self, repo: str, number: int, method: MergeMethod = "squash") -> None:
        standing, _ = await self._reader.standing(repo, number)
        variables = {"id": standing.id, "method": method.upper()}
        await self._client.graphql(self._reader.graphql, queries.AUTO_MERGE, variables, queries.read_nothing)

    async def redeliver(self, delivery: DeliveryState) -> None:
        hook, own = delivery.hook, delivery.hook.repo is None
        path = within("/repos/{repo}/hooks/{n}/deliveries/{id}/attempts", repo=hook.repo, n=hook.id, id=delivery.id)
        own_path = f"/app/hook/deliveries/{delivery.id}/attempts"
        await self._client.send("POST", own_path if own else path, None, queries.read_nothing, as_app=own)
