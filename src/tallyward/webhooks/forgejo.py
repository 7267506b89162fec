"""Deliveries of Forgejo, and of Gitea, which it grew out of: the same payloads under two sets of headers."""

from collections.abc import Mapping
from typing import Any

from tallyward.domain.attribution import AgentRules
from tallyward.webhooks._base import Reader, Sender, Told
from tallyward.webhooks._fields import commit, inside, name, pull_number, word
from tallyward.webhooks._pull_request import plain, read_pull_request

OF_NO_CONCERN = frozenset(
    {
        "action_run_failure", "action_run_recover", "action_run_success", "fork", "issue_assign",
        "issue_label", "issue_milestone", "issues", "package", "release", "schedule", "star", "watch", "wiki",
        "workflow_dispatch", "workflow_job", "workflow_run",
    }
)  # fmt: skip


class Forgejo(Sender):
    """Signs with the digest in hexadecimal alone. It sends GitHub's headers too, so its own are looked at first."""

    event_headers = (b"x-forgejo-event", b"x-gitea-event")
    delivery_headers = (b"x-forgejo-delivery", b"x-gitea-delivery")
    signature_headers = (b"x-forgejo-signature", b"x-gitea-signature")
    sends_headers_of_others = True

    def read(self, event: str, payload: Mapping[str, Any], rules: AgentRules) -> Told:
        reader = _READERS.get(event)
        if reader is not None:
            return reader(event, payload, rules)
        reason = "of no concern" if event in OF_NO_CONCERN else "unknown event"
        return plain(event, payload, outcome="ignored", reason=reason)


def _pull_request(event: str, payload: Any, rules: AgentRules) -> Told:
    return read_pull_request(event, payload, rules, forge="forgejo")


def _refusal(event: str, payload: Any, rules: AgentRules) -> Told:
    """The review names no commit of its own; it is of the one that was the head when it was sent."""
    on = commit(inside(payload, "commit_id")) or commit(inside(payload, "pull_request", "head", "sha"))
    return read_pull_request(event, payload, rules, forge="forgejo", changes_requested_on=on)


def _push(event: str, payload: Any, _rules: AgentRules) -> Told:
    """Forgejo does not say whether a push was forced."""
    ref = name(inside(payload, "ref")) or ""
    return plain(
        event,
        payload,
        branch=ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None,
        before=commit(inside(payload, "before")),
        after=commit(inside(payload, "after")),
        deleted=commit(inside(payload, "after")) is None,
    )


def _status(event: str, payload: Any, _rules: AgentRules) -> Told:
    return plain(event, payload, sha=commit(inside(payload, "sha")), conclusion=word(inside(payload, "state")))


def _branch(event: str, payload: Any, _rules: AgentRules) -> Told:
    branch = name(inside(payload, "ref")) if inside(payload, "ref_type") == "branch" else None
    return plain(event, payload, branch=branch, deleted=event == "delete")


def _repository(event: str, payload: Any, _rules: AgentRules) -> Told:
    return plain(event, payload)


def _comment(event: str, payload: Any, _rules: AgentRules) -> Told:
    """One of an issue is of no concern; one of a pull request says that somebody looked."""
    if inside(payload, "is_pull") is not True:
        return plain(event, payload, outcome="ignored", reason="of no concern")
    return plain(event, payload, number=pull_number(inside(payload, "issue", "number")))


_READERS: Mapping[str, Reader] = {
    "pull_request": _pull_request,
    "pull_request_assign": _pull_request,
    "pull_request_label": _pull_request,
    "pull_request_milestone": _pull_request,
    "pull_request_sync": _pull_request,
    "pull_request_review_request": _pull_request,
    "pull_request_comment": _pull_request,
    "pull_request_approved": _pull_request,
    "pull_request_review_approved": _pull_request,
    "pull_request_review_comment": _pull_request,
    "pull_request_rejected": _refusal,
    "pull_request_review_rejected": _refusal,
    "push": _push,
    "status": _status,
    "create": _branch,
    "delete": _branch,
    "repository": _repository,
    "ping": _repository,
    "issue_comment": _comment,
}
