"""Bearer tokens: made once, shown once, kept as digests, ended within seconds. A session in a browser is one too.

The ledger is asked at most once per `CACHE_SECONDS` and token, by any number of requests; so a revoked token stops
working after that time at the latest, on every server.
"""

from datetime import datetime
from typing import Any

import msgspec

from tallyward import clock, ids
from tallyward.domain.access import SCOPES, Principal, Token
from tallyward.domain.oidc import Person
from tallyward.errors import Busy, ConfigInvalid, NotAuthenticated, NotFound
from tallyward.ledger.database import Database, Row, fetch_all
from tallyward.ledger.queries import statement
from tallyward.redact import Secret

CACHE_SECONDS = 2.0  # the promise is 5 s from revocation to refusal
CACHE_ENTRIES_MAX = 10_000  # a flood of made-up tokens must not grow memory
NAME_CHARS_MAX = 200
_LIMIT = f"at most {NAME_CHARS_MAX} characters that can be printed"
SESSION_KIND = "web"  # in the token itself, so that signing out knows what it may end
SESSION_NAME = "sign-in "  # list_tokens.sql leaves out the ended ones by it: there is one a person and day
_KIND_OF_ROLE = {"engineer": "eng", "lead": "lead", "admin": "admin"}


class Tokens:
    """The tokens of a ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, tuple[float, Principal | None]] = {}

    async def authenticate(self, secret: Secret) -> Principal:
        """Whoever this token stands for. Raises NotAuthenticated for a wrong, expired or revoked one alike."""
        digest = secret.digest()
        cached = self._known.get(digest)
        now = clock.elapsed_seconds()
        if cached is None or cached[0] < now:
            principal = await self._look_up(digest)
            if len(self._known) >= CACHE_ENTRIES_MAX:
                self._known.clear()
            self._known[digest] = (now + CACHE_SECONDS, principal)
        else:
            principal = cached[1]
        if principal is None or (principal.expires_at is not None and principal.expires_at <= clock.now()):
            raise NotAuthenticated("This token is not valid, has expired, or was revoked.")
        return principal

    async def _look_up(self, digest: bytes) -> Principal | None:
        async with self._database.transaction(None) as connection:
            await connection.execute("SELECT set_config('tally.token_digest', %s, true)", (digest.hex(),))
            cursor = await connection.execute(statement("find_token"), {"digest": digest})
            row = await cursor.fetchone()
        if row is None:
            return None
        self._touch(row["tenant"], row["id"])
        return Principal(
            token_id=row["id"],
            tenant=row["tenant"],
            name=row["name"],
            scopes=frozenset(row["scopes"]),
            engineer_id=row["engineer_id"],
            expires_at=row["expires_at"],
        )

    def _touch(self, tenant: str, token_id: int) -> None:
        async def touch() -> None:
            try:
                await self._database.query(tenant, "touch_token", {"id": token_id})
            except Busy:
                return  # when a token was last used is worth less than a request; the next look-up notes it

        self._database.background.start(touch(), "touch-token")

    async def create(  # noqa: PLR0913  # every fact of a token, by name
        self,
        tenant: str,
        *,
        name: str,
        scopes: list[str],
        engineer_id: str | None = None,
        expires_at: datetime | None = None,
        actor: str,
        kind: str = "",
    ) -> tuple[Secret, Token]:
        """A new token: its secret, kept nowhere, and what is listed of it. Raises ConfigInvalid for a bad scope."""
        _require_scopes(scopes)
        if not (name.strip() and _is_storable(name)):
            raise ConfigInvalid(f"A token needs a name, for you to know it by later; {_LIMIT}.", field="--name")
        if engineer_id and not _is_storable(engineer_id):
            raise ConfigInvalid(f"That is no GitHub handle; {_LIMIT}.", field="--engineer")
        probe = Principal(token_id=0, tenant=tenant, name=name, scopes=frozenset(scopes), engineer_id=engineer_id)
        secret = Secret(ids.new_token(kind or _KIND_OF_ROLE[probe.role]))
        params = {
            "name": name.strip(),
            "digest": secret.digest(),
            "scopes": sorted(set(scopes)),
            "engineer_id": engineer_id or None,
            "expires_at": expires_at,
            "actor": actor,
        }
        rows = await self._database.query(tenant, "insert_token", params)
        return secret, _listed(rows[0])

    async def open_session(self, tenant: str, person: Person, expires_at: datetime) -> Secret:
        """A token for somebody whom the tenant's identity provider has vouched for."""
        secret, _ = await self.create(
            tenant,
            name=f"{SESSION_NAME}{person.name}"[:NAME_CHARS_MAX],
            scopes=person.scopes,
            engineer_id=person.engineer_id,
            expires_at=expires_at,
            actor=f"sign-in of {person.name}",
            kind=SESSION_KIND,
        )
        return secret

    async def close_session(self, secret: Secret) -> None:
        """Ends the token of a session that `open_session` opened. Any other token stays what it is."""
        if not secret.reveal().startswith(f"{ids.TOKEN_PREFIX}{SESSION_KIND}_"):
            return
        try:
            principal = await self.authenticate(secret)
            await self.revoke(principal.tenant, number=principal.token_id, actor=principal.name)
        except (NotAuthenticated, NotFound):
            return  # it has ended already

    async def listing(self, tenant: str) -> list[Token]:
        return [_listed(row) for row in await self._database.query(tenant, "list_tokens")]

    async def revoke(
        self, tenant: str, *, number: int | None = None, name: str | None = None, actor: str
    ) -> list[Token]:
        """Ends the token of this number or of this name. Raises NotFound when no living token has it."""
        rows: list[Row] = []
        if name is None or _is_storable(name):
            async with self._database.transaction(tenant) as connection:
                rows = await fetch_all(connection, "revoke_token", {"id": number, "name": name, "actor": actor})
        if not rows:
            raise NotFound(f"There is no living token {number if name is None else name!r}.")
        self._known.clear()
        return [_listed(row) for row in rows]


def _is_storable(text: str) -> bool:
    """Whether the database takes it: an argument of a command may hold bytes that are no text."""
    return len(text) <= NAME_CHARS_MAX and "\0" not in text and text.isprintable()


def _listed(row: dict[str, Any]) -> Token:
    return msgspec.convert(row, Token)


def _require_scopes(scopes: list[str]) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        wrong = f"{unknown[0]!r} is not a scope" if unknown else "No scope was given"
        raise ConfigInvalid(f"{wrong}; choose from {', '.join(SCOPES)}.", field="--scope")
