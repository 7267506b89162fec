"""What every forge must do, whoever writes its file: one suite, run against a stage that plays the forge.

    class TestGithub(ForgeConformance):
        @pytest.fixture
        def stage(self): ...          # a `Stage` of yours

The suite asks as Tallyward does, and looks at what comes out; also at what must never come out.
"""

import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any

from tallyward import clock
from tallyward.domain.forge import Check, PullRequestSignals, SignalsReader
from tallyward.domain.reverts import Reverted
from tallyward.errors import (
    ForgeCannot,
    ForgeConflict,
    ForgeError,
    ForgeForbidden,
    ForgeTokenRefused,
    ForgeUnavailable,
    NotFoundOnForge,
    RateLimited,
)
from tallyward.testing.forge_stage import (
    BASE,
    CANARY,
    HEAD,
    MERGED,
    NOON,
    REPO,
    Stage,
    StagedPull,
    StagedThread,
    Trouble,
)


def require(told: object, wanted: object, what: str) -> None:
    if told != wanted:
        raise AssertionError(f"{what}: {told!r}, not {wanted!r}")


async def refusal_of(question: Awaitable[object], kind: type[ForgeError]) -> ForgeError:
    try:
        answer = await question
    except ForgeError as error:
        require(type(error), kind, "the error")
        return error
    raise AssertionError(f"It answered {answer!r}.")


async def every(reader: SignalsReader, since: datetime | None = None) -> list[PullRequestSignals]:
    return [one async for one in reader.pull_requests(REPO, since)]


class ForgeConformance:
    """The suite. Each test takes the fixture `stage`."""

    threads_can_be_resolved = True
    tells_behind = True

    async def test_an_open_pull_request_is_told_by_its_structure(self, stage: Stage) -> None:
        checks = (
            Check(name="unit", status="completed", conclusion="success"),
            Check(name="lint", status="completed", conclusion="failure"),
            Check(name="slow", status="in_progress"),
        )
        stage.hold(StagedPull(checks=checks, labels=("bug", "agent"), paths=("src/a.py", "docs/b.md"), behind_by=3))
        one = await stage.reader.pull_request(REPO, 7)

        require((one.repo, one.number, one.state, one.draft), (REPO, 7, "open", False), "what it is")
        require((one.head_branch, one.head_sha, one.head_at), ("feature", HEAD, NOON), "its head")
        require((one.base_branch, one.base_sha, one.head_repo), ("main", BASE, REPO), "its base")
        require((one.author, one.labels), ("ann", ["agent", "bug"]), "author and labels")
        require(sorted(one.changed_paths or []), ["docs/b.md", "src/a.py"], "its paths")
        require((one.checks_passing, one.checks_failing, one.checks_pending), (1, 1, 1), "its checks")
        require((one.mergeable, one.merge_sha, one.commits), (True, None, 1), "how it merges")
        if self.tells_behind:
            require(one.behind_by, 3, "how far it is behind")

    async def test_all_that_are_open_are_listed_and_no_others(self, stage: Stage) -> None:
        stage.hold(StagedPull(number=9), StagedPull(number=8, state="closed"), StagedPull(number=7, draft=True))
        found = await stage.reader.open_pull_requests(REPO)

        require([(one.number, one.draft) for one in found], [(7, True), (9, False)], "what is open")

    async def test_an_end_is_told_with_the_commit_of_a_merge(self, stage: Stage) -> None:
        stage.hold(StagedPull(state="merged"), StagedPull(number=8, state="closed"))
        merged = await stage.reader.pull_request(REPO, 7)
        closed = await stage.reader.pull_request(REPO, 8)

        require((merged.state, merged.merge_sha), ("merged", MERGED), "the merged one")
        require((closed.state, closed.merge_sha), ("closed", None), "the closed one")
        require(bool(merged.merged_at and merged.closed_at and closed.closed_at), True, "their moments")

    async def test_a_fork_that_is_gone_is_no_error(self, stage: Stage) -> None:
        stage.hold(StagedPull(fork_gone=True))

        require((await stage.reader.pull_request(REPO, 7)).head_repo, None, "its fork")

    async def test_each_reviewer_counts_once_by_the_latest_word(self, stage: Stage) -> None:
        said = (
            ("bo", "changes_requested"), ("cy", "approved"), ("bo", "changes_requested"), ("bo", "approved"),
            ("cy", "commented"), ("di", "changes_requested"),
        )  # fmt: skip
        stage.hold(StagedPull(reviews=said))
        one = await stage.reader.pull_request(REPO, 7)

        require((one.approvals, one.changes_requested, one.review_rounds), (2, 1, 3), "what reviewers say")

    async def test_threads_are_counted_and_the_newest_open_one_is_dated(self, stage: Stage) -> None:
        later = NOON + timedelta(hours=2)
        threads = (StagedThread(NOON), StagedThread(NOON + timedelta(hours=1)), StagedThread(later, resolved=True))
        stage.hold(StagedPull(threads=threads))
        one = await stage.reader.pull_request(REPO, 7)

        require((one.threads_total, one.threads_unresolved), (3, 2), "its threads")
        require(one.threads_newest_at, NOON + timedelta(hours=1), "the newest that is open")

    async def test_what_is_taken_back_and_by_whose_help_is_known_and_the_words_are_not(self, stage: Stage) -> None:
        body = f"Reverts {REPO}#{5}\n\n{CANARY}"
        message = f"Undo\n\n{CANARY}\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
        stage.hold(StagedPull(body=body, message=message))
        one = await stage.reader.pull_request(REPO, 7)
        [synced] = await every(stage.reader)

        for told in (one, synced):
            require((told.reverts, told.co_agents), (Reverted(number=5), ["claude"]), "the facts in the words")

    async def test_nobodys_words_reach_what_is_told_kept_or_logged(self, stage: Stage, caplog: Any) -> None:
        caplog.set_level(logging.DEBUG)
        stage.hold(StagedPull(threads=(StagedThread(),), reviews=(("bo", "changes_requested"),)))
        told: list[object] = [await stage.reader.pull_request(REPO, 7), *await every(stage.reader)]
        told += [await stage.reader.open_pull_requests(REPO), await stage.reader.repository(REPO)]
        for status in (400, 401, 403, 404, 405, 409, 422, 500):
            stage.trouble(Trouble(status=status), times=3)
            told.append(await refused(stage.reader.repository(REPO)))
            stage.trouble(Trouble(status=200), times=0)

        text = f"{[str(each) if isinstance(each, Exception) else repr(each) for each in told]}{stage.remembered()}"
        require("canary" in text or "canary" in caplog.text, False, "whether words came out")

    async def test_every_page_is_read_and_a_sync_ends_where_it_was(self, stage: Stage) -> None:
        pulls = [StagedPull(number=n, updated_at=NOON + timedelta(minutes=n)) for n in range(1, 131)]
        stage.hold(*pulls)

        require([one.number for one in await every(stage.reader)], list(range(130, 0, -1)), "all of them")
        newest = await every(stage.reader, NOON + timedelta(minutes=121))
        require([one.number for one in newest], list(range(130, 120, -1)), "what changed since")
        require((newest[0].changed_paths, newest[0].commits), (["src/a.py"], 1), "the details of a synced one")

    async def test_each_refusal_is_an_error_of_its_kind(self, stage: Stage) -> None:
        kinds: dict[int, type[ForgeError]] = {
            401: ForgeTokenRefused, 403: ForgeForbidden, 404: NotFoundOnForge, 410: NotFoundOnForge, 409: ForgeConflict,
        }  # fmt: skip
        for status, kind in kinds.items():
            stage.trouble(Trouble(status=status), times=1)
            error = await refusal_of(stage.reader.repository(REPO), kind)
            require((error.retryable, REPO in error.message), (False, True), f"{status}: what it says")

    async def test_a_question_is_asked_again_after_an_error_of_the_forge_and_a_change_is_not(
        self, stage: Stage
    ) -> None:
        stage.hold(StagedPull())
        stage.trouble(Trouble(status=502), times=2)
        require((await stage.reader.repository(REPO)).repo, REPO, "after two errors")
        before = stage.asked()
        stage.trouble(Trouble(status=500), times=1)
        error = await refusal_of(stage.writer.comment(REPO, 7, "hello"), ForgeUnavailable)

        require((error.retryable, stage.asked() - before), (True, 1), "a change that failed")
        require(len(stage.written()), 0, "what was written")

    async def test_a_forge_that_says_nothing_or_nonsense_is_unavailable(self, stage: Stage) -> None:
        stage.hold(StagedPull())
        for trouble in (
            Trouble(status=200, seconds=30.0),
            Trouble(status=200, raw=b"<html>maintenance</html>"),
            Trouble(status=200, raw=b'{"id": "not a number"}'),
            Trouble(status=200, raw=b""),
            Trouble(status=200, raw=b"[" * 100_000),
        ):
            stage.trouble(trouble, times=3)
            await refusal_of(stage.reader.repository(REPO), ForgeUnavailable)
            stage.trouble(trouble, times=0)

    async def test_a_limit_is_kept_to_until_the_forges_own_time(self, stage: Stage) -> None:
        stage.trouble(Trouble(status=429, headers={"Retry-After": "120"}), times=1)
        error = await refusal_of(stage.reader.repository(REPO), RateLimited)
        before = stage.asked()
        again = await refusal_of(stage.reader.repository(REPO), RateLimited)

        until = error.until if isinstance(error, RateLimited) else None
        require(
            bool(until and timedelta(seconds=100) < until - clock.now() < timedelta(seconds=121)), True, "the pause"
        )
        require((stage.asked() - before, again.retryable), (0, True), "what was asked meanwhile")

    async def test_a_renamed_repository_is_found_and_the_token_goes_to_no_other_host(self, stage: Stage) -> None:
        stage.hold(StagedPull())
        stage.elsewhere("acme/old-shop", REPO)
        require((await stage.reader.repository("acme/old-shop")).repo, REPO, "its new name")
        stage.elsewhere("acme/old-shop", "http://127.0.0.1:9/")

        await refusal_of(stage.reader.repository("acme/old-shop"), ForgeError)

    async def test_what_is_written_is_written_once_and_as_it_was_said(self, stage: Stage) -> None:
        stage.hold(StagedPull(draft=True, labels=("old",)))
        writer = stage.writer
        await writer.comment(REPO, 7, "Can you fix the code reviews?")
        await writer.add_labels(REPO, 7, ["needs-intervention"])
        await writer.remove_label(REPO, 7, "old")
        await writer.open_issue(REPO, "A title", "A body", ["bug"])
        await writer.open_pull_request(REPO, "A title", "A body", "feature", "main", draft=False)
        await writer.status(REPO, HEAD, "tally/guard", "failure", "x" * 300, "https://example.org/")
        await writer.update_branch(REPO, 7, HEAD)
        await writer.publish(REPO, 7)
        sha = await writer.merge(REPO, 7, HEAD, "squash")

        require(sha, MERGED, "the merge")
        wanted = [
            ("comment", 7, "Can you fix the code reviews?"), ("labels", 7, ["needs-intervention"]),
            ("unlabel", 7, "old"), ("issue", "A title"), ("pull", "feature", "main"),
            ("status", HEAD, "tally/guard", "failure"), ("update", 7), ("publish", 7), ("merge", 7, HEAD, "squash"),
        ]  # fmt: skip
        require(stage.written(), wanted, "what was written")

    async def test_a_head_that_moved_is_not_merged_or_updated(self, stage: Stage) -> None:
        stage.hold(StagedPull())
        await refusal_of(stage.writer.merge(REPO, 7, "d" * 40), ForgeConflict)
        await refusal_of(stage.writer.update_branch(REPO, 7, "d" * 40), ForgeConflict)

        require(len(stage.written()), 0, "what was written")

    async def test_a_conflict_is_no_merge(self, stage: Stage) -> None:
        stage.hold(StagedPull(conflicting=True))
        require((await stage.reader.pull_request(REPO, 7)).mergeable, False, "whether it merges")
        await refusal_of(stage.writer.merge(REPO, 7, HEAD), ForgeConflict)

    async def test_a_label_that_is_not_on_is_taken_off_in_peace(self, stage: Stage) -> None:
        stage.hold(StagedPull())
        await stage.writer.remove_label(REPO, 7, "never there")
        await refusal_of(stage.writer.remove_label(REPO, 99, "never there"), NotFoundOnForge)

    async def test_reactions_are_counted_by_their_names(self, stage: Stage) -> None:
        stage.react(11, "eyes", "+1", "eyes")

        require(await stage.reader.reactions(REPO, 11), {"eyes": 2, "+1": 1}, "its reactions")

    async def test_threads_of_before_are_resolved_or_it_is_said_that_they_cannot_be(self, stage: Stage) -> None:
        later = NOON + timedelta(hours=2)
        stage.hold(StagedPull(threads=(StagedThread(NOON), StagedThread(later), StagedThread(NOON, resolved=True))))
        question = stage.writer.resolve_threads(REPO, 7, NOON + timedelta(hours=1))
        if not self.threads_can_be_resolved:
            await refusal_of(question, ForgeCannot)
            return
        require(await question, 1, "how many were resolved")
        require((await stage.reader.pull_request(REPO, 7)).threads_unresolved, 1, "what is left")


async def refused(question: Awaitable[object]) -> ForgeError:
    """Whatever error it gives."""
    try:
        answer = await question
    except ForgeError as error:
        return error
    raise AssertionError(f"It answered {answer!r}.")
