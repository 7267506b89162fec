"""The secrets that forges sign deliveries with: several of a tenant may live at once, so that one can be exchanged for
another while deliveries come. They must be read again for each signature, so they are sealed and not digested.
"""

import logging
from datetime import datetime

import msgspec
from msgspec import Struct

from tallyward import clock, ids
from tallyward.domain.tenant import is_tenant_id
from tallyward.errors import ConfigInvalid, NotFound
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tallyward.services.sealing import Seals

CACHE_SECONDS = 2.0  # the promise is 5 s from revocation to refusal
CACHE_ENTRIES_MAX = 10_000  # a flood of made-up tenants must not grow memory
NAME_CHARS_MAX = 200
SECRET_BYTES = 32
SECRET_CHARS_MIN, SECRET_CHARS_MAX = 16, 1_000

_log = logging.getLogger(__name__)


class WebhookSecret(Struct, frozen=True):
    """A secret as it is listed: everything but the secret."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class WebhookSecrets:
    """The secrets of a ledger's tenants."""

    def __init__(self, database: Database, seals: Seals) -> None:
        self._database = database
        self._seals = seals
        self._living: dict[str, tuple[float, list[bytes]]] = {}

    async def living(self, tenant: str) -> list[bytes]:
        """What may sign for this tenant now; nothing for a tenant that there is not."""
        known = self._living.get(tenant)
        now = clock.elapsed_seconds()
        if known is not None and known[0] > now:
            return known[1]
        rows = await self._database.query(tenant, "living_webhook_secrets") if is_tenant_id(tenant) else []
        found = [self._opened(tenant, row["id"], row["sealed"]) for row in rows]
        secrets = [secret for secret in found if secret is not None]
        if len(self._living) >= CACHE_ENTRIES_MAX:
            self._living.clear()
        self._living[tenant] = (now + CACHE_SECONDS, secrets)
        return secrets

    def _opened(self, tenant: str, number: int, sealed: str) -> bytes | None:
        try:
            secret = self._seals.open(tenant, sealed)
        except ConfigInvalid as error:
            _log.error("webhook secret %s of %s cannot be opened: %s", number, tenant, error.message)
            return None
        if secret is None:
            _log.error("webhook secret %s of %s was sealed under another key than this server has", number, tenant)
            return None
        return secret.reveal().encode()

    async def add(
        self, tenant: str, *, name: str, secret: Secret | None, expires_at: datetime | None, actor: str
    ) -> tuple[Secret, WebhookSecret]:
        """A secret of the forge's own, or a new one; given back so that it can be shown, once."""
        if not (name.strip() and len(name) <= NAME_CHARS_MAX and name.isprintable()):
            raise ConfigInvalid(f"A name has at most {NAME_CHARS_MAX} characters that can be printed.", field="--name")
        if secret is not None and not SECRET_CHARS_MIN <= len(secret.reveal()) <= SECRET_CHARS_MAX:
            raise ConfigInvalid(
                f"A secret has {SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} characters.", field="--from-stdin"
            )
        kept = secret or Secret(ids.random_hex(SECRET_BYTES))
        params = {
            "name": name.strip(),
            "sealed": self._seals.seal(tenant, kept),
            "expires_at": expires_at,
            "actor": actor,
        }
        (row,) = await self._database.query(tenant, "insert_webhook_secret", params)
        self._living.pop(tenant, None)
        return kept, msgspec.convert(row, WebhookSecret)

    async def listing(self, tenant: str) -> list[WebhookSecret]:
        rows = await self._database.query(tenant, "list_webhook_secrets")
        return [msgspec.convert(row, WebhookSecret) for row in rows]

    async def revoke(self, tenant: str, number: int, actor: str) -> WebhookSecret:
        """Ends one. Raises NotFound when no living secret has this number."""
        rows = await self._database.query(tenant, "revoke_webhook_secret", {"id": number, "actor": actor})
        if not rows:
            raise NotFound(f"There is no living webhook secret {number}.")
        self._living.pop(tenant, None)
        return msgspec.convert(rows[0], WebhookSecret)
