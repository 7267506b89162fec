"""Acts on Forgejo and Gitea. Text goes out, numbers come back."""

import re
from collections.abc import Sequence
from datetime import datetime

from tallyward.domain.forge import CheckStatus, CommitState, DeliveryState, MergeMethod
from tallyward.errors import ForgeCannot, ForgeConflict
from tallyward.forges import _forgejo_answers as answers
from tallyward.forges._answers import read_id, read_number
from tallyward.forges._client import Client, within
from tallyward.forges._forgejo_reader import ForgejoReader

LABELS_MAX = 1_000
LABEL_COLOUR = "#ededed"  # GitHub's own for one that nobody chose a colour for
_DRAFT = re.compile(r"\s*(?:wip:|\[wip\]|draft:)\s*", re.IGNORECASE)  # the marks that these forges begin with


class ForgejoWriter:
    """A `ForgeWriter` of one account."""

    def __init__(self, client: Client, reader: ForgejoReader) -> None:
        self._client, self._reader = client, reader

    async def comment(self, repo: str, number: int, body: str) -> int:
        path = within("/repos/{repo}/issues/{n}/comments", repo=repo, n=number)
        return await self._client.send("POST", path, {"body": body}, read_id)

    async def add_labels(self, repo: str, number: int, labels: Sequence[str]) -> None:
        """As on GitHub a label that is new is made."""
        path = within("/repos/{repo}/issues/{n}/labels", repo=repo, n=number)
        told = {"labels": await self._label_ids(repo, labels)}
        await self._client.send("POST", path, told, answers.read_nothing)

    async def remove_label(self, repo: str, number: int, label: str) -> None:
        path = within("/repos/{repo}/issues/{n}/labels", repo=repo, n=number)
        for each in await self._client.get(path, answers.read_labels):
            if each.name == label:
                await self._client.send("DELETE", f"{path}/{each.id}", None, answers.read_nothing)

    async def open_issue(self, repo: str, title: str, body: str, labels: Sequence[str] = ()) -> int:
        told = {"title": title, "body": body, "labels": await self._label_ids(repo, labels)}
        return await self._client.send("POST", within("/repos/{repo}/issues", repo=repo), told, read_number)

    async def open_pull_request(  # noqa: PLR0913, PLR0917  # what a pull request is made of
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> int:
        told = {"title": f"WIP: {title}" if draft else title, "body": body, "head": head, "base": base}
        return await self._client.send("POST", within("/repos/{repo}/pulls", repo=repo), told, read_number)

    async def check_run(  # noqa: PLR0913, PLR0917  # what a check is made of
        self, repo: str, sha: str, name: str, status: CheckStatus, conclusion: str | None = None, summary: str = ""
    ) -> int:
        del repo, sha, name, status, conclusion, summary
        raise ForgeCannot("Forgejo has no check runs. Set a status of the commit instead.")

    async def status(  # noqa: PLR0913, PLR0917  # what a status is made of
        self, repo: str, sha: str, context: str, state: CommitState, description: str = "", url: str = ""
    ) -> None:
        told = {"context": context, "state": state, "description": description, "target_url": url}
        path = within("/repos/{repo}/statuses/{sha}", repo=repo, sha=sha)
        await self._client.send("POST", path, told, answers.read_nothing)

    async def merge(self, repo: str, number: int, sha: str, method: MergeMethod = "squash") -> str:
        await self._merge(repo, number, {"Do": method, "head_commit_id": sha})
        merged = await self._reader.pull(repo, number)
        return merged.merge_commit_sha or ""

    async def update_branch(self, repo: str, number: int, sha: str) -> None:
        """It has no guard of its own, so the head is looked at first; a push between the two is merged into."""
        if (await self._reader.pull(repo, number)).head.sha != sha:
            raise ForgeConflict(f"The head of {repo} {number} is not as it was when that was decided.")
        path = within("/repos/{repo}/pulls/{n}/update", repo=repo, n=number)
        await self._client.send("POST", path, None, answers.read_nothing, query={"style": "merge"})

    async def publish(self, repo: str, number: int) -> None:
        """A draft is a mark in front of its title. The title goes back to where it came from, without the mark."""
        path = within("/repos/{repo}/pulls/{n}", repo=repo, n=number)
        title = await self._client.send("GET", path, None, answers.read_title)
        ready = _DRAFT.sub("", title, count=1) if _DRAFT.match(title) else title
        if ready == title:
            raise ForgeCannot(f"{repo} {number} has no mark of a draft that is known here. Take it off by hand.")
        await self._client.send("PATCH", path, {"title": ready}, answers.read_nothing)

    async def resolve_threads(self, repo: str, number: int, before: datetime) -> int:
        del repo, number, before
        raise ForgeCannot("Forgejo lets nobody resolve a thread from outside. Ask for it in a comment.")

    async def enable_auto_merge(self, repo: str, number: int, method: MergeMethod = "squash") -> None:
        await self._merge(repo, number, {"Do": method, "merge_when_checks_succeed": True})

    async def redeliver(self, delivery: DeliveryState) -> None:
        del delivery
        raise ForgeCannot("Forgejo cannot be asked to deliver again. It tries a failed delivery again itself.")

    async def _merge(self, repo: str, number: int, how: dict[str, object]) -> None:
        path = within("/repos/{repo}/pulls/{n}/merge", repo=repo, n=number)
        await self._client.send("POST", path, how, answers.read_nothing)

    async def _label_ids(self, repo: str, names: Sequence[str]) -> list[int]:
        """Of the labels of these names, each made where it is missing."""
        if not names:
            return []
        path = within("/repos/{repo}/labels", repo=repo)
        known = {each.name: each.id for each in await self._client.listed(path, answers.read_labels, most=LABELS_MAX)}
        for name in names:
            if name not in known:
                made = await self._client.send("POST", path, {"name": name, "color": LABEL_COLOUR}, answers.read_label)
                known[name] = made.id
        return [known[name] for name in names]
