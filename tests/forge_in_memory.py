"""A forge that holds pull requests in memory and does what a shepherd asks, or fails as it is told to."""

# ruff: noqa: ARG002  # what is played takes what the real one takes

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs

from tallyward import clock
from tallyward.domain.forge import ForgeWriter, MergeMethod, PullRequestSignals, SignalsReader
from tallyward.errors import ForgeConflict, ForgeError, NotFoundOnForge
from tallyward.services.shepherd_means import Place

REPO = "acme/shop"


class ForgeInMemory(SignalsReader, ForgeWriter):
    """Reader, writer and the forges of a tenant in one. `written` is all that was done, in order."""

    def __init__(self, *pulls: PullRequestSignals, acts: bool = True) -> None:
        self.pulls = {pull.number: pull for pull in pulls}
        self.acts = acts
        self.written: list[tuple[Any, ...]] = []
        self.comments: list[tuple[int, str]] = []
        self.fails: ForgeError | None = None
        self.loses_answers = False  # what is asked for is done, and the answer gets lost
        self._shas = 0

    def becomes(self, number: int = 41, **changes: Any) -> None:
        self.pulls[number] = structs.replace(self.pulls[number], **changes)

    def pushed(self, number: int = 41, **changes: Any) -> str:
        """A new head."""
        self._shas += 1
        sha = f"{self._shas:040x}"
        self.becomes(number, head_sha=sha, head_at=clock.now(), **changes)
        return sha

    # The forges of a tenant.

    def places(self, tenant: str) -> list[Place]:
        return [Place(forge="github", repo=REPO, acts=self.acts)]

    def of(self, tenant: str, repo: str) -> tuple[SignalsReader, ForgeWriter]:
        return self, self

    # What may be read.

    async def open_pull_requests(self, repo: str) -> list[PullRequestSignals]:
        return [pull for _, pull in sorted(self.pulls.items()) if pull.state == "open"]

    async def pull_request(self, repo: str, number: int) -> PullRequestSignals:
        if number not in self.pulls:
            raise NotFoundOnForge
        return self.pulls[number]

    async def pull_requests(self, repo: str, since: datetime | None = None) -> AsyncIterator[PullRequestSignals]:
        for pull in self.pulls.values():
            yield pull

    async def marked(self, repo: str, number: int, mark: str) -> int | None:
        found = [place for place, (on, body) in enumerate(self.comments) if on == number and mark in body]
        return found[0] if found else None

    # What may be done.

    async def comment(self, repo: str, number: int, body: str) -> int:
        self._begin("comment", number, body.split("\n", maxsplit=1)[0])
        self.comments.append((number, body))
        return self._answer(len(self.comments) - 1)

    async def add_labels(self, repo: str, number: int, labels: Sequence[str]) -> None:
        self._begin("labels", number, *labels)
        self.becomes(number, labels=sorted({*self.pulls[number].labels, *labels}))
        self._answer()

    async def merge(self, repo: str, number: int, sha: str, method: MergeMethod = "squash") -> str:
        if self.pulls[number].head_sha != sha:
            raise ForgeConflict
        self._begin("merge", number, sha, method)
        self.becomes(number, state="merged", merged_at=clock.now(), closed_at=clock.now())
        self._answer()
        return "f" * 40

    async def update_branch(self, repo: str, number: int, sha: str) -> None:
        if self.pulls[number].head_sha != sha:
            raise ForgeConflict
        self._begin("update", number)
        self.pushed(number, behind_by=0, merge_state="CLEAN")
        self._answer()

    async def publish(self, repo: str, number: int) -> None:
        self._begin("publish", number)
        self.becomes(number, draft=False, merge_state="CLEAN")
        self._answer()

    async def resolve_threads(self, repo: str, number: int, before: datetime) -> int:
        self._begin("resolve", number)
        count = self.pulls[number].threads_unresolved or 0
        self.becomes(number, threads_unresolved=0, threads_newest_at=None)
        return self._answer(count)

    def _begin(self, *what: Any) -> None:
        if self.fails is not None and not self.loses_answers:
            raise self.fails
        self.written.append(what)

    def _answer(self, number: int = 0) -> int:
        if self.fails is not None:
            raise self.fails
        return number
