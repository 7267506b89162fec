"""GitHub's deliveries: the example of GitHub's own signature, every payload it publishes, and what each one tells."""

import copy
import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.domain.attribution import AgentRules
from tallyward.webhooks._base import Told
from tallyward.webhooks.github import OF_NO_CONCERN, GitHub
from tests.webhook_examples import SECRET, every_example, examples, github, pull_request, signature

RULES = AgentRules()
SENDER = GitHub()


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def read(event: str, payload: Any) -> Told:
    return SENDER.read(event, payload, RULES)


def test_the_digest_is_the_one_that_github_documents() -> None:
    assert signature(b"Hello, World!") == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    envelope = SENDER.envelope(raw(github("ping", b"Hello, World!")))
    assert envelope is not None
    assert SENDER.is_signed(envelope, b"Hello, World!", [b"another", SECRET.encode()])
    assert not SENDER.is_signed(envelope, b"Hello, World?", [SECRET.encode()])
    assert not SENDER.is_signed(envelope, b"Hello, World!", [b"another"])
    assert not SENDER.is_signed(envelope, b"Hello, World!", [])


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"x-hub-signature-256": ""}, {"x-hub-signature-256": "sha256="}, {"x-hub-signature-256": signature(b"x")},
        {"x-hub-signature-256": "sha256=é"}, {"x-hub-signature": f"sha256={signature(b'x')}"},
    ],
)  # fmt: skip
def test_a_signature_that_is_absent_or_odd_is_none(headers: dict[str, str]) -> None:
    envelope = SENDER.envelope([(b"x-github-event", b"ping"), *raw(headers)])
    assert envelope is not None
    assert not SENDER.is_signed(envelope, b"x", [SECRET.encode()])


def test_two_signatures_are_none_and_two_numbers_name_no_delivery() -> None:
    headers = raw(github("ping", b"x"))
    envelope = SENDER.envelope([*headers, *headers])
    assert envelope is not None
    assert not SENDER.is_signed(envelope, b"x", [SECRET.encode()])
    assert (envelope.delivery_id, envelope.event) == (None, None)


@pytest.mark.examples
def test_every_published_payload_is_told_or_ignored_by_name() -> None:
    assert len(examples()) == 329
    outcomes = Counter(read(event, payload).outcome for event, payload in examples())
    assert set(outcomes) == {"told", "ignored"}
    assert {read(event, {}).reason for event in {event for event, _ in every_example()} & OF_NO_CONCERN} == {
        "of no concern"
    }
    for event, payload in every_example():
        told = read(event, payload)
        assert told.outcome != "unreadable", (event, told.reason)
        assert told.reason != "unknown event", event
        assert msgspec.json.decode(msgspec.json.encode(told), type=Told) == told


@pytest.mark.examples
def test_every_published_pull_request_has_its_facts() -> None:
    pulls = [read(event, payload) for event, payload in every_example() if event == "pull_request"]
    assert len(pulls) > 29
    for told in pulls:
        facts = told.pull_request
        assert facts is not None
        assert None not in (facts.repo_id, facts.number, facts.state, facts.updated_at, facts.head_sha, facts.author)
        assert told.subject == f"{facts.repo_id}#{facts.number}"


@pytest.mark.examples
@settings(max_examples=300)
@given(st.data())
def test_no_mutation_of_a_published_payload_makes_the_reader_raise(data: st.DataObject) -> None:
    event, payload = data.draw(st.sampled_from(examples()))
    mutated = copy.deepcopy(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        _mutate(mutated, data)
    told = read(
        data.draw(st.sampled_from([event, "pull_request", "push", "check_run", "repository", "nonsense"])), mutated
    )
    assert told.outcome in ("told", "ignored", "unreadable")
    assert told.reason or told.outcome == "told"
    assert len(told.subject) < 250


def _mutate(payload: dict[str, Any], data: st.DataObject) -> None:
    """Puts something odd at some place, however deep."""
    odd = (
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just([]) | st.just({}) | st.just("\ud800")
    )
    here: Any = payload
    while isinstance(here, (dict, list)) and here:
        key = data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if not isinstance(here[key], (dict, list)) or not here[key] or data.draw(st.booleans()):
            here[key] = data.draw(odd)
            return
        here = here[key]


def test_a_pull_request_tells_its_structure_and_none_of_its_words() -> None:
    words = "c4n4ry"
    payload = pull_request(
        title=f"{words} title", body=f"{words}\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
        labels=[{"name": "bug", "description": words}], user={"login": "octo", "bio": words},
        head={"ref": "basket", "sha": "a" * 40, "label": f"octo:{words}"}, milestone={"title": words},
    )  # fmt: skip
    told = read("pull_request", {**payload, "sender": {"login": words}, "comment": {"body": words}})
    facts = told.pull_request
    assert facts is not None
    assert (facts.state, facts.head_branch, facts.base_branch, facts.author) == ("open", "basket", "main", "octo")
    assert (facts.labels, facts.co_agents, facts.reverts) == (["bug"], ["claude"], None)
    assert words not in json.dumps(msgspec.to_builtins(told))


def test_a_revert_and_a_merge_are_facts() -> None:
    payload = pull_request(
        state="closed", merged=True, merged_at="2026-11-20T11:00:00Z", closed_at="2026-11-20T11:00:00Z",
        merge_commit_sha="c" * 40, body=f"This reverts commit {'d' * 40}.", title='Revert "x"',
    )  # fmt: skip
    facts = read("pull_request", payload).pull_request
    assert facts is not None
    assert (facts.state, facts.merge_sha) == ("merged", "c" * 40)
    assert facts.reverts is not None
    assert facts.reverts.sha == "d" * 40


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [
        ("submitted", "changes_requested", ["e" * 40]), ("submitted", "CHANGES_REQUESTED", ["e" * 40]),
        ("submitted", "approved", None), ("dismissed", "dismissed", None), ("edited", "changes_requested", None),
    ],
)  # fmt: skip
def test_a_review_that_asks_for_changes_names_its_commit(action: str, state: str, expected: list[str] | None) -> None:
    payload = {**pull_request(), "action": action, "review": {"state": state, "commit_id": "e" * 40, "body": "words"}}
    facts = read("pull_request_review", payload).pull_request
    assert facts is not None
    assert facts.changes_requested_on == expected


@pytest.mark.parametrize(
    ("payload", "missing"),
    [
        ({"pull_request": {}, "repository": {"full_name": "a/b"}}, "pull_request.number"),
        ({"pull_request": {"number": 0}, "repository": {"full_name": "a/b"}}, "pull_request.number"),
        ({"pull_request": {"number": 2**31}, "repository": {"full_name": "a/b"}}, "pull_request.number"),
        ({"pull_request": {"number": 7}}, "repository.full_name"),
        ({"pull_request": {"number": 7}, "repository": {"full_name": "../etc/passwd"}}, "repository.full_name"),
        ({}, "repository.full_name"),
    ],
)
def test_a_pull_request_without_a_place_names_the_field(payload: dict[str, Any], missing: str) -> None:
    told = read("pull_request", payload)
    assert (told.outcome, told.reason) == ("unreadable", f"no {missing}")


def test_a_force_push_and_a_deleted_branch_are_told_by_commits_alone() -> None:
    repository = {"id": 99, "full_name": "acme/shop"}
    commits = [{"id": "f" * 40, "message": "words", "added": ["a.py"]}]
    push = {"ref": "refs/heads/x/y", "before": "a" * 40, "after": "b" * 40, "forced": True, "commits": commits}
    told = read("push", {**push, "deleted": False, "repository": repository})
    assert (told.branch, told.before, told.after, told.forced) == ("x/y", "a" * 40, "b" * 40, True)
    assert told.subject == "99"
    gone = read("delete", {"ref": "x/y", "ref_type": "branch", "repository": repository})
    assert (gone.branch, gone.deleted) == ("x/y", True)
    tag = read("push", {"ref": "refs/tags/v1", "repository": repository})
    assert tag.branch is None


def test_a_renamed_and_a_transferred_repository_tell_what_they_were_called() -> None:
    repository = {"id": 99, "full_name": "new/shop"}
    changes = {"repository": {"name": {"from": "store"}}}
    assert read("repository", {"action": "renamed", "changes": changes, "repository": repository}).was == "new/store"
    moved = {"owner": {"from": {"organization": {"login": "old"}}}}
    told = read("repository", {"action": "transferred", "changes": moved, "repository": repository})
    assert (told.was, told.repo, told.repo_id) == ("old/shop", "new/shop", 99)


def test_an_event_that_nobody_knows_is_ignored_by_its_name() -> None:
    told = read("sentience", {"action": "achieved"})
    assert (told.event, told.outcome, told.reason, told.subject) == (
        "sentience",
        "ignored",
        "unknown event",
        "sentience",
    )


def test_a_check_is_about_its_one_pull_request_and_else_about_its_commit() -> None:
    run = {"head_sha": "a" * 40, "conclusion": "failure", "name": "words", "pull_requests": [{"number": 7}]}
    told = read("check_run", {"action": "completed", "check_run": run, "repository": {"id": 99, "full_name": "a/b"}})
    assert (told.subject, told.sha, told.conclusion) == ("99#7", "a" * 40, "failure")
    status = read("status", {"sha": "a" * 40, "state": "success", "repository": {"id": 99, "full_name": "a/b"}})
    assert (status.subject, status.conclusion) == ("99", "success")
