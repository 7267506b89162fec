"""What a sender of webhooks is: how it signs, how it names a delivery, and what may be known of one.

`read` is total. Whatever a payload holds, it gives facts, or says by name that the event is of no concern, or names the
field that it could not do without. Nothing leaves it but what `Told` lists.
"""

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from msgspec import Struct

from tallyward.domain.attribution import AgentRules
from tallyward.domain.pull_request import PullRequestFacts
from tallyward.webhooks._fields import word

ID_CHARS_MAX = 100
Outcome = Literal["told", "ignored", "unreadable"]


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a delivery says. None: it does not say.

    outcome: `ignored` where the event is of no concern, `unreadable` where a field is missing; `reason` says which.
    subject: what it is about; deliveries of one subject are processed in the order in which they came. was: what the
    repository was called until now. branch, before, after, forced, deleted: of a push, or of a branch that was made or
    deleted. sha, conclusion: of a check. told_at: when it came, which no reader knows.
    """

    event: str
    action: str | None = None
    outcome: Outcome = "told"
    reason: str | None = None
    subject: str
    repo: str | None = None
    repo_id: int | None = None
    was: str | None = None
    number: int | None = None
    pull_request: PullRequestFacts | None = None
    branch: str | None = None
    before: str | None = None
    after: str | None = None
    forced: bool | None = None
    deleted: bool | None = None
    sha: str | None = None
    conclusion: str | None = None
    told_at: datetime | None = None


class Envelope(Struct, frozen=True):
    """What the headers of a delivery say of it: its number, the event, and its signatures as they came."""

    delivery_id: str | None
    event: str | None
    signatures: list[bytes]


Reader = Callable[[str, Any, AgentRules], Told]  # event, payload and by what an agent is known
Headers = Sequence[tuple[bytes, bytes]]  # names in lower case, as ASGI gives them


class Sender(ABC):
    """One kind of forge. Several headers may carry each fact, the first that is there counts."""

    event_headers: ClassVar[tuple[bytes, ...]]
    delivery_headers: ClassVar[tuple[bytes, ...]]
    signature_headers: ClassVar[tuple[bytes, ...]]
    signature_prefix: ClassVar[bytes] = b""
    sends_headers_of_others: ClassVar[bool] = False

    def envelope(self, headers: Headers) -> Envelope | None:
        """What the headers say; None where no event of this sender is named."""
        events = _all(headers, self.event_headers)
        if not events:
            return None
        numbers = _all(headers, self.delivery_headers)
        return Envelope(_id(numbers), _event(events), _all(headers, self.signature_headers))

    def is_signed(self, envelope: Envelope, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Whether one of the secrets signed these bytes. Every one is tried, so that the time tells nothing."""
        given = envelope.signatures[0] if len(envelope.signatures) == 1 else b""
        matches = 0
        for secret in secrets:
            right = self.signature_prefix + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
            matches += hmac.compare_digest(right, given)
        return matches > 0

    @abstractmethod
    def read(self, event: str, payload: Mapping[str, Any], rules: AgentRules) -> Told:
        """What the payload says. Never raises."""


def _all(headers: Headers, names: tuple[bytes, ...]) -> list[bytes]:
    """The values of the first of these headers that is there at all."""
    for wanted in names:
        found = [value for name, value in headers if name == wanted]
        if found:
            return found
    return []


def _id(values: list[bytes]) -> str | None:
    """A delivery's number: one header with letters, digits and hyphens."""
    if len(values) != 1 or not 0 < len(values[0]) <= ID_CHARS_MAX:
        return None
    text = values[0].decode("latin-1")
    return text if text.isascii() and text.replace("-", "").replace("_", "").isalnum() else None


def _event(values: list[bytes]) -> str | None:
    return word(values[0].decode("latin-1")) if len(values) == 1 else None
