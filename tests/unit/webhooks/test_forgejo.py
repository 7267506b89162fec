"""Forgejo's and Gitea's deliveries: their own headers before GitHub's, and their own words for a review."""

from typing import Any

import pytest

from tallyward.domain.attribution import AgentRules
from tallyward.services.inbox import senders
from tallyward.webhooks._base import Told
from tallyward.webhooks.forgejo import OF_NO_CONCERN, Forgejo
from tests.webhook_examples import SECRET, forgejo, pull_request

SENDER = Forgejo()
BODY = b"{}"


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def read(event: str, payload: Any) -> Told:
    return SENDER.read(event, payload, AgentRules())


@pytest.mark.parametrize("left_out", ["x-forgejo", "x-gitea"])
def test_a_delivery_is_signed_under_either_set_of_headers(left_out: str) -> None:
    headers = {name: value for name, value in forgejo("push", BODY).items() if not name.startswith(left_out)}
    envelope = SENDER.envelope(raw(headers))
    assert envelope is not None
    assert SENDER.is_signed(envelope, BODY, [SECRET.encode()])
    assert not SENDER.is_signed(envelope, b"[]", [SECRET.encode()])


def test_github_s_headers_alone_are_none_of_forgejo_s_and_with_both_forgejo_is_asked_first() -> None:
    headers = {name: value for name, value in forgejo("push", BODY).items() if "github" in name or "hub" in name}
    assert SENDER.envelope(raw(headers)) is None
    assert [*senders()] == ["forgejo", "github"]


def test_a_pull_request_is_read_as_github_s_is() -> None:
    payload = pull_request(state="closed", merged=True, merged_at="2026-11-20T11:00:00+01:00", draft=None)
    told = read("pull_request", payload)
    facts = told.pull_request
    assert facts is not None
    assert (facts.forge, facts.state, facts.repo_id, facts.number) == ("forgejo", "merged", 99, 7)
    assert facts.draft is None
    assert told.subject == "99#7"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("pull_request_rejected", ["a" * 40]), ("pull_request_review_rejected", ["a" * 40]),
        ("pull_request_approved", None), ("pull_request_comment", None), ("pull_request_sync", None),
    ],
)  # fmt: skip
def test_a_rejection_asks_for_changes_to_the_head(event: str, expected: list[str] | None) -> None:
    payload = {**pull_request(), "review": {"type": "pull_request_review_rejected", "content": "words"}}
    facts = read(event, payload).pull_request
    assert facts is not None
    assert facts.changes_requested_on == expected


def test_a_push_that_ends_in_no_commit_deleted_its_branch() -> None:
    repository = {"id": 99, "full_name": "acme/shop"}
    told = read("push", {"ref": "refs/heads/x", "before": "a" * 40, "after": "0" * 40, "repository": repository})
    assert (told.branch, told.after, told.deleted, told.forced) == ("x", None, True, None)


def test_comments_count_where_they_are_of_pull_requests_and_other_events_are_ignored_by_name() -> None:
    repository = {"id": 99, "full_name": "acme/shop"}
    told = read("issue_comment", {"is_pull": True, "issue": {"number": 7}, "repository": repository})
    assert (told.outcome, told.subject) == ("told", "99#7")
    assert read("issue_comment", {"issue": {"number": 7}}).reason == "of no concern"
    assert {read(event, {}).reason for event in OF_NO_CONCERN} == {"of no concern"}
    assert read("sentience", {}).reason == "unknown event"
