"""Deliveries of GitHub, of github.com and of GitHub Enterprise Server."""

from collections.abc import Mapping
from typing import Any

from tallyward.domain.attribution import AgentRules
from tallyward.webhooks._base import Reader, Sender, Told
from tallyward.webhooks._fields import commit, inside, items, name, pull_number, repo, switch, word
from tallyward.webhooks._pull_request import plain, read_pull_request

# Every other event that GitHub's documentation or its published examples name. They are counted, and not acted upon.
OF_NO_CONCERN = frozenset(
    {
        "branch_protection_configuration", "branch_protection_rule", "cache_sync", "code_scanning_alert",
        "commit_comment", "content_reference", "custom_property", "custom_property_values", "dependabot_alert",
        "deploy_key", "deployment", "deployment_protection_rule", "deployment_review", "deployment_status",
        "discussion", "discussion_comment", "enterprise", "fork", "github_app_authorization", "gollum", "installation",
        "installation_repositories", "installation_target", "issue_dependencies", "issues", "label",
        "marketplace_purchase", "member", "membership", "merge_group", "meta", "milestone", "org_block", "organization",
        "package", "page_build", "personal_access_token_request", "project", "project_card", "project_column",
        "projects_v2", "projects_v2_item", "projects_v2_status_update", "public", "registry_package", "release",
        "repository_advisory", "repository_dispatch", "repository_import", "repository_ruleset",
        "repository_vulnerability_alert", "secret_scanning_alert", "secret_scanning_alert_location",
        "secret_scanning_scan", "security_advisory", "security_and_analysis", "sponsorship", "star", "sub_issues",
        "team", "team_add", "user", "watch", "workflow_dispatch", "workflow_job",
    }
)  # fmt: skip


class GitHub(Sender):
    """Signs with `sha256=` and the digest in hexadecimal."""

    event_headers = (b"x-github-event",)
    delivery_headers = (b"x-github-delivery",)
    signature_headers = (b"x-hub-signature-256",)
    signature_prefix = b"sha256="

    def read(self, event: str, payload: Mapping[str, Any], rules: AgentRules) -> Told:
        reader = _READERS.get(event)
        if reader is not None:
            return reader(event, payload, rules)
        reason = "of no concern" if event in OF_NO_CONCERN else "unknown event"
        return plain(event, payload, outcome="ignored", reason=reason)


def _pull_request(event: str, payload: Any, rules: AgentRules) -> Told:
    refused_on = _refused(payload) if event == "pull_request_review" else None
    return read_pull_request(event, payload, rules, forge="github", changes_requested_on=refused_on)


def _refused(payload: Any) -> str | None:
    """The commit on which a reviewer asked for changes, where this is that."""
    said = inside(payload, "review", "state")
    asked = isinstance(said, str) and said.lower() == "changes_requested" and inside(payload, "action") == "submitted"
    return commit(inside(payload, "review", "commit_id")) if asked else None


def _push(event: str, payload: Any, _rules: AgentRules) -> Told:
    ref = name(inside(payload, "ref")) or ""
    return plain(
        event,
        payload,
        branch=ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None,
        before=commit(inside(payload, "before")),
        after=commit(inside(payload, "after")),
        forced=switch(inside(payload, "forced")),
        deleted=switch(inside(payload, "deleted")),
    )


def _check(event: str, payload: Any, _rules: AgentRules) -> Told:
    """A check belongs to a commit; where GitHub names exactly one pull request for it, to that one."""
    told = payload if event == "status" else inside(payload, event)
    numbers = [pull_number(inside(pull, "number")) for pull in items(told, "pull_requests", at_most=2)]
    return plain(
        event,
        payload,
        number=numbers[0] if len(numbers) == 1 else None,
        sha=commit(inside(told, "sha")) or commit(inside(told, "head_sha")),
        conclusion=word(inside(told, "state" if event == "status" else "conclusion")),
    )


def _former_name(payload: Any) -> str | None:
    """What a renamed or transferred repository was called."""
    action = inside(payload, "action")
    called = repo(inside(payload, "repository", "full_name"))
    if called is None:
        return None
    owner, _, own = called.partition("/")
    if action == "renamed":
        before = inside(payload, "changes", "repository", "name", "from")
        return repo(f"{owner}/{before}") if isinstance(before, str) else None
    if action == "transferred":
        whose = inside(payload, "changes", "owner", "from")
        before = inside(whose, "user", "login") or inside(whose, "organization", "login")
        return repo(f"{before}/{own}") if isinstance(before, str) else None
    return None


def _comment(event: str, payload: Any, _rules: AgentRules) -> Told:
    return plain(event, payload, number=pull_number(inside(payload, "issue", "number")))


def _branch(event: str, payload: Any, _rules: AgentRules) -> Told:
    branch = name(inside(payload, "ref")) if inside(payload, "ref_type") == "branch" else None
    return plain(event, payload, branch=branch, deleted=event == "delete")


def _repository(event: str, payload: Any, _rules: AgentRules) -> Told:
    return plain(event, payload, was=_former_name(payload))


_READERS: Mapping[str, Reader] = {
    "pull_request": _pull_request,
    "pull_request_review": _pull_request,
    "pull_request_review_comment": _pull_request,
    "pull_request_review_thread": _pull_request,
    "push": _push,
    "check_run": _check,
    "check_suite": _check,
    "workflow_run": _check,
    "status": _check,
    "issue_comment": _comment,
    "create": _branch,
    "delete": _branch,
    "repository": _repository,
    "ping": _repository,
}
