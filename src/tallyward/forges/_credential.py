"""By what a forge knows us: a token, or a GitHub App's key, which is good for tokens of an hour."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from tallyward import clock
from tallyward.errors import ConfigInvalid, ForgeTokenRefused, ForgeUnavailable
from tallyward.forges._moment import Moment
from tallyward.redact import Secret

RENEWED_BEFORE = timedelta(minutes=5)  # a token is not used in its last minutes: a long read may begin with it
Exchange = Callable[[str, str], Awaitable[Any]]  # a path and a JWT; what the forge answers


class Credential(Protocol):
    """identity: tells accounts apart without telling their secret; what was kept for one is not given to another."""

    @property
    def identity(self) -> str: ...

    async def token(self, exchange: Exchange) -> Secret: ...

    def proof(self) -> Secret | None:
        """What a GitHub App shows when it asks about itself; None for a token."""
        ...

    def forget(self) -> None:
        """The forge did not take the token."""
        ...


class Token:
    """A person's or a machine's token. `again` reads it anew when the forge takes it no more: it may be a new one."""

    def __init__(self, secret: Secret, again: Callable[[], Secret] | None = None) -> None:
        self._secret, self._again = secret, again

    @property
    def identity(self) -> str:
        return self._secret.digest().hex()[:16]

    async def token(self, exchange: Exchange) -> Secret:
        del exchange
        return self._secret

    def proof(self) -> None:
        return None

    def forget(self) -> None:
        if self._again is not None:
            with suppress(ConfigInvalid):  # the old one stays, and is refused again with what to do
                self._secret = self._again()


class _Granted(msgspec.Struct):
    token: str
    expires_at: Moment


class App:
    """One installation of a GitHub App."""

    def __init__(self, app_id: int, installation_id: int, key: Secret) -> None:
        self._app_id, self._installation_id, self._key = app_id, installation_id, key
        self.identity = hashlib.sha256(f"{app_id}:{installation_id}".encode()).hexdigest()[:16]
        self._granted: _Granted | None = None
        self._asking = asyncio.Lock()

    async def token(self, exchange: Exchange) -> Secret:
        """The token of this hour, asked for once however many wait for it."""
        async with self._asking:
            if self._granted is None or self._granted.expires_at - RENEWED_BEFORE <= clock.now():
                path = f"/app/installations/{self._installation_id}/access_tokens"
                self._granted = _read_granted(await exchange(path, self.proof().reveal()))
            return Secret(self._granted.token)

    def proof(self) -> Secret:
        """A JWT of a few minutes. Raises ForgeTokenRefused when the key is none."""
        from gidgethub.apps import get_jwt
        from jwt.exceptions import PyJWTError

        try:
            return Secret(get_jwt(app_id=str(self._app_id), private_key=self._key.reveal(), expiration=9 * 60))
        except (PyJWTError, ValueError, TypeError):
            raise ForgeTokenRefused("The file in private_key_file holds no RSA private key.") from None

    def forget(self) -> None:
        self._granted = None


def _read_granted(said: object) -> _Granted:
    try:
        return msgspec.convert(said, _Granted)
    except msgspec.ValidationError:
        raise ForgeUnavailable("The forge grants a token in a shape that we do not know.") from None
