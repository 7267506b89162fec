"""The payloads that GitHub publishes as examples, each with its event; and deliveries made of any payload."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.machine import WEBHOOK_EXAMPLES

SECRET = "It's a Secret to Everybody"  # the one of GitHub's own test vector
OFFICIAL = "api.github.com"


@cache
def examples(place: str = OFFICIAL) -> list[tuple[str, dict[str, Any]]]:
    """Event and payload of every example of one kind of GitHub."""
    told = json.loads((WEBHOOK_EXAMPLES / place / "index.json").read_text(encoding="utf-8"))
    return [(event["name"], payload) for event in told for payload in event["examples"]]


def every_example() -> Iterator[tuple[str, dict[str, Any]]]:
    """Those of github.com and of every GitHub Enterprise Server, each payload once."""
    seen: set[str] = set()
    for place in sorted(path.parent.name for path in WEBHOOK_EXAMPLES.glob("*/index.json")):
        for event, payload in examples(place):
            text = json.dumps([event, payload], sort_keys=True)
            if text not in seen:
                seen.add(text)
                yield event, payload


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(event: str, body: bytes, secret: str = SECRET, delivery: str | None = None) -> dict[str, str]:
    """The headers with which GitHub delivers these bytes."""
    return {
        "x-github-event": event,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={signature(body, secret)}",
        "content-type": "application/json",
    }


def forgejo(event: str, body: bytes, secret: str = SECRET, delivery: str | None = None) -> dict[str, str]:
    """The headers with which Forgejo delivers these bytes; it sends those of Gitea and GitHub along."""
    number = delivery or str(uuid.uuid4())
    digest = signature(body, secret)
    return {
        "x-forgejo-event": event,
        "x-forgejo-delivery": number,
        "x-forgejo-signature": digest,
        "x-gitea-event": event,
        "x-gitea-delivery": number,
        "x-gitea-signature": digest,
        "x-github-event": event,
        "x-github-delivery": number,
        "x-hub-signature-256": f"sha256={digest}",
        "content-type": "application/json",
    }


def pull_request(number: int = 7, state: str = "open", **facts: Any) -> dict[str, Any]:
    """The payload of an event about a pull request, with no more than a reader needs."""
    action = {"open": "opened", "closed": "closed"}[state]
    pull = {
        "number": number,
        "state": state,
        "title": "Add a basket",
        "body": "",
        "user": {"login": "octo"},
        "labels": [],
        "draft": False,
        "merged": False,
        "head": {"ref": "basket", "sha": "a" * 40},
        "base": {"ref": "main", "sha": "b" * 40},
        "created_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z",
        **facts,
    }
    repository = {"id": 99, "full_name": "acme/shop"}
    return {"action": action, "number": number, "pull_request": pull, "repository": repository}
