"""Takes deliveries of forges in: signed, once each, as facts, and on disk before the forge is answered.

What the body says beyond the facts is let go with the request. So a delivery that a reader cannot make out is parked
without its facts, and the forge, which keeps what it sent for some days, is asked for it once more.
"""

import asyncio
import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Literal, cast
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from tallyward import webhooks
from tallyward.domain.delivery import Delivery, State
from tallyward.errors import BadRequest, SignatureRefused
from tallyward.ledger.writer import Writer
from tallyward.plugins import found
from tallyward.services.tenants import Tenants
from tallyward.services.webhook_secrets import WebhookSecrets
from tallyward.webhooks._base import Envelope, Headers, Sender, Told

_FORM = "application/x-www-form-urlencoded"
_NOBODYS = os.urandom(32)  # what is compared with where a tenant has no secret, or is none
_STATES: dict[str, State] = {"told": "waiting", "ignored": "ignored", "unreadable": "parked"}
OUTCOMES = ("accepted", "ignored", "parked", "duplicate", "refused", "malformed")
LARGE_BYTES, LARGE_AT_ONCE = 1024 * 1024, 4  # anybody may send a body; it is read whole before its signature is checked
Status = Literal["accepted", "ignored", "parked", "duplicate"]

_log = logging.getLogger(__name__)


class Received(Struct):
    """The answer to a delivery: what became of it, and its number in `GET /v1/deliveries`."""

    status: Status
    id: int


def senders() -> dict[str, Sender]:
    """Every sender by name; first those that send the headers of others, too."""
    made = {name: cast("Callable[[], Sender]", kind)() for name, kind in found(webhooks, Sender).items()}
    return dict(sorted(made.items(), key=lambda item: (not item[1].sends_headers_of_others, item[0])))


class Inbox:
    """The inbox of a ledger. `stored` is called after each commit that holds something to process."""

    def __init__(self, writer: Writer, tenants: Tenants, secrets: WebhookSecrets, stored: Callable[[], None]) -> None:
        self._writer = writer
        self._tenants = tenants
        self.secrets = secrets
        self._stored = stored
        self._senders = senders()
        self.counts: Counter[str] = Counter()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    def room(self, announced_bytes: int | None) -> AbstractAsyncContextManager[None]:
        """Where a body is read and taken in: a large one, or one of unknown length, waits until few others are."""
        small = announced_bytes is not None and announced_bytes <= LARGE_BYTES
        return nullcontext() if small else self._large

    async def receive(self, tenant: str, headers: Headers, body: bytes, content_type: str) -> Received:
        """Stores one delivery. Raises SignatureRefused, the same for whatever is wrong, before anything is read of the
        body; BadRequest when it is signed and cannot be read.
        """
        name, envelope = await self._verified(tenant, headers, body)
        if envelope.delivery_id is None or envelope.event is None:
            self.counts["malformed"] += 1
            raise BadRequest("The delivery names no event, or no number of its own.")
        try:
            payload = _payload(body, content_type)
        except BadRequest:
            self.counts["malformed"] += 1
            raise
        told = self._read(name, envelope.event, payload, tenant)
        delivery = _kept(name, envelope.delivery_id, body, told)
        kept = await self._writer.keep(tenant, [delivery])
        status: Status = "duplicate" if not kept.added else "accepted" if told.outcome == "told" else _said(told)
        self.counts[status] += 1
        if status == "accepted":
            self._stored()
        return Received(status, kept.numbers[0])

    async def _verified(self, tenant: str, headers: Headers, body: bytes) -> tuple[str, Envelope]:
        secrets = await self.secrets.living(tenant)
        for name, sender in self._senders.items():
            envelope = sender.envelope(headers)
            if envelope is not None:
                if sender.is_signed(envelope, body, secrets or [_NOBODYS]):
                    return name, envelope
                break
        self.counts["refused"] += 1
        raise SignatureRefused

    def _read(self, name: str, event: str, payload: dict[str, Any], tenant: str) -> Told:
        try:
            return self._senders[name].read(event, payload, self._tenants.config(tenant).agents)
        except Exception as mistake:  # noqa: BLE001  # a mistake of ours costs no delivery: it is parked, and logged
            _log.error("reading %s of %s failed with %s", event, name, type(mistake).__name__)
            return Told(event=event, outcome="unreadable", reason="reader failed", subject=event)


def _payload(body: bytes, content_type: str) -> dict[str, Any]:
    if content_type == _FORM:
        body = (parse_qs(body.decode("latin-1")).get("payload") or [""])[0].encode()
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is no JSON object.") from error


def _said(told: Told) -> Status:
    return "ignored" if told.outcome == "ignored" else "parked"


def _kept(sender: str, delivery_id: str, body: bytes, told: Told) -> Delivery:
    return Delivery(
        sender=sender,
        delivery_id=delivery_id,
        body_sha256=hashlib.sha256(body).hexdigest(),
        body_bytes=len(body),
        event=told.event,
        action=told.action,
        subject=told.subject,
        repo=told.repo,
        number=told.number,
        state=_STATES[told.outcome],
        reason=told.reason,
        facts=msgspec.to_builtins(told) if told.outcome == "told" else None,
    )
