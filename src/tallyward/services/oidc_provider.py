"""One identity provider as it answers over HTTP: what it says of itself, its keys, and the exchange of a code.

What it says of itself and its keys are kept for an hour. A token that no known key fits makes the keys be asked for
once more, so a provider may change them at any time. The library is loaded when somebody first signs in.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, cast
from urllib.parse import urlsplit

from tallyward import clock
from tallyward.domain.oidc import OidcConfig, is_safe_address
from tallyward.errors import ProviderMisconfigured, ProviderUnavailable, SignInStale
from tallyward.redact import Secret

if TYPE_CHECKING:
    import ssl
    from contextlib import AbstractAsyncContextManager

    import httpx2

KEPT_SECONDS = 3600.0
ANSWER_SECONDS_MAX = 10.0  # of one request; whoever signs in waits for three or four of them
ANSWER_BYTES_MAX = 1_000_000  # keys and claims are a few kilobytes
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# What a token endpoint answers when the fault is in how the two are set up, not in this one sign-in.
_SETUP_ERRORS = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"})


class _Client(Protocol):
    """The part of authlib's client that is used here; the library says nothing about its types."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
    async def fetch_token(self, url: str, **named: str) -> Mapping[str, Any]: ...
    def stream(
        self, method: str, url: str, *, withhold_token: bool = False
    ) -> "AbstractAsyncContextManager[httpx2.Response]": ...


class Provider:
    """The provider of one tenant."""

    def __init__(self, config: OidcConfig, secret: Secret | None) -> None:
        self.config = config
        self._secret = secret
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._trusted: ssl.SSLContext | None = None

    async def authorization_url(self, redirect_uri: str, *, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent to sign in."""
        from authlib.oauth2.client import OAuth2Client  # pyright: ignore[reportMissingTypeStubs]

        found = await self.discovery()
        client: Any = OAuth2Client(
            None,
            self.config.client_id,
            scope=" ".join(self.config.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        address, _ = client.create_authorization_url(
            found["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
        return str(address)

    async def exchange(self, code: str, *, redirect_uri: str, verifier: str) -> Mapping[str, Any]:
        """The tokens for a code. Raises SignInStale when the code is not taken."""
        from authlib.integrations.base_client import OAuthError  # pyright: ignore[reportMissingTypeStubs]
        from httpx2 import HTTPError

        found = await self.discovery()
        try:
            async with self._client(redirect_uri, found) as client:
                return await client.fetch_token(
                    found["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except OAuthError as error:
            raise _refusal(str(cast("Any", error).error), redirect_uri) from None
        except (HTTPError, ValueError) as error:
            raise self._unavailable(found["token_endpoint"], error) from None

    async def userinfo(self, access_token: str) -> dict[str, Any]:
        """What the provider says of whoever holds this access token; nothing where it has no such endpoint."""
        found = await self.discovery()
        address = found.get("userinfo_endpoint")
        if not isinstance(address, str) or not is_safe_address(address, with_query=True):
            return {}
        token = {"access_token": access_token, "token_type": "Bearer"}
        return await self._get(address, self._client("", found, token=token), withhold_token=False)

    async def discovery(self) -> dict[str, Any]:
        """What the provider says of itself. Raises ProviderMisconfigured when it is not whom we were told of."""
        issuer = self.config.issuer
        found = await self._kept_or_got(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderMisconfigured(f"The provider at {issuer} calls itself by another name than oidc.issuer says.")
        for name in _ENDPOINTS:
            if not is_safe_address(str(found.get(name) or ""), with_query=True):
                raise ProviderMisconfigured(f"The provider at {issuer} gives no usable {name}.")
        return found

    async def keys(self, *, again: bool = False) -> dict[str, Any]:
        """Its public keys; `again`: not those that were kept."""
        address = (await self.discovery())["jwks_uri"]
        if again:
            self._kept.pop(address, None)
        return await self._kept_or_got(address)

    async def _kept_or_got(self, address: str) -> dict[str, Any]:
        kept = self._kept.get(address)
        now = clock.elapsed_seconds()
        if kept is not None and now < kept[0]:
            return kept[1]
        got = await self._get(address, self._client("", {}), withhold_token=True)
        self._kept[address] = (now + KEPT_SECONDS, got)
        return got

    async def _get(self, address: str, with_client: _Client, *, withhold_token: bool) -> dict[str, Any]:
        from httpx2 import HTTPError, InvalidURL

        try:
            async with with_client as client, client.stream("GET", address, withhold_token=withhold_token) as answer:
                answer.raise_for_status()
                said = json.loads(await _body(answer))
        except (HTTPError, InvalidURL, ValueError) as error:
            raise self._unavailable(address, error) from None
        if not isinstance(said, dict):
            raise self._unavailable(address, None)
        return cast("dict[str, Any]", said)

    def _client(self, redirect_uri: str, found: dict[str, Any], *, token: dict[str, str] | None = None) -> _Client:
        from authlib.integrations.httpx_client import (  # pyright: ignore[reportMissingTypeStubs]
            AsyncOAuth2Client,  # pyright: ignore[reportUnknownVariableType]
        )

        ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
        made = AsyncOAuth2Client(
            client_id=self.config.client_id,
            client_secret=self._secret.reveal() if self._secret else None,
            token_endpoint_auth_method=way if self._secret else "none",
            redirect_uri=redirect_uri,
            token=token,
            timeout=ANSWER_SECONDS_MAX,
            verify=self._certificates(),
        )
        return cast("_Client", made)

    def _certificates(self) -> "ssl.SSLContext":
        """Whom this machine trusts, read once: it takes longer than all else that is reckoned here."""
        if self._trusted is None:
            from httpx2 import create_ssl_context

            self._trusted = create_ssl_context()
        return self._trusted

    def _unavailable(self, address: str, error: Exception | None) -> ProviderUnavailable:
        """The host and the kind of the error: what an answer holds is nobody's to read."""
        kind = "an answer that is no JSON object" if error is None else type(error).__name__
        return ProviderUnavailable(
            f"The identity provider at {urlsplit(address).netloc} does not answer well ({kind})."
        )


async def _body(answer: "httpx2.Response") -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise ValueError("The answer is too long.")
    return bytes(body)


def _refusal(code: str, redirect_uri: str) -> ProviderMisconfigured | SignInStale:
    if code in _SETUP_ERRORS:
        return ProviderMisconfigured(
            f"The provider does not accept this server ({code}): client id, secret or scopes are not as it has them."
        )
    return SignInStale(
        "The provider did not take the code: it was used before, is too old, or was made for another redirect URI "
        f"than {redirect_uri}."
    )
