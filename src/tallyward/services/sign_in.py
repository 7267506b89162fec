"""Signing in with the organisation's own account: OpenID Connect, the code flow with PKCE, one provider per tenant.

What a sign-in must remember until the browser comes back (`Pending`) is kept by that browser, so any server may finish
what another began. Nothing in it has to be kept from its owner or be true: the provider checks the verifier against the
challenge it was given, the ID token must carry the nonce, and where one goes afterwards is looked at again.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import msgspec
from msgspec import Struct

from tallyward import clock, ids
from tallyward.domain.oidc import OidcConfig, Person, missing_claims, person
from tallyward.errors import (
    ConfigInvalid,
    NotFound,
    ProviderMisconfigured,
    ProviderUnavailable,
    SignInRefused,
    SignInStale,
    SignInUnproven,
)
from tallyward.redact import Secret
from tallyward.services.oidc_provider import Provider
from tallyward.services.tenants import Tenants
from tallyward.services.tokens import Tokens

PENDING_SECONDS = 600  # a person finds a password and a second factor in that time
PENDING_CHARS_MAX = 4_000  # what a browser keeps of one cookie
USED_MAX = 10_000  # sign-ins that are remembered as finished
SECRET_CHARS_MAX = 4_096
_UNAVAILABLE = frozenset({"server_error", "temporarily_unavailable"})
_DECLINED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})


class Pending(Struct, frozen=True):
    """A sign-in that was begun: kept by the browser until it comes back."""

    tenant: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    onward: str
    begun: int

    def sealed(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()


class Way(Struct, frozen=True):
    """A way in that the sign-in page offers."""

    tenant: str
    label: str


def unsealed(text: str) -> Pending:
    """What the browser kept. Raises SignInStale when that is nothing, too old or not ours."""
    try:
        pending = msgspec.json.decode(base64.urlsafe_b64decode(text.encode("ascii")), type=Pending)
    except (ValueError, msgspec.MsgspecError):
        raise SignInStale from None
    if not 0 <= clock.epoch_seconds() - pending.begun <= PENDING_SECONDS:
        raise SignInStale(f"This sign-in took longer than {PENDING_SECONDS // 60} minutes.")
    return pending


class SignIn:
    """The ways in of all tenants."""

    def __init__(self, tenants: Tenants, tokens: Tokens, environ: Mapping[str, str] | None = None) -> None:
        self._tokens = tokens
        self._providers = {
            tenant: Provider(config, client_secret(config, folder, os.environ if environ is None else environ))
            for tenant, config, folder in tenants.oidc()
        }
        self._used: dict[bytes, float] = {}

    def load(self) -> None:
        """Loads the libraries before somebody waits for them, where there is a provider at all."""
        if self._providers:
            import_module("authlib.integrations.httpx_client")
            import_module("tallyward.services.oidc_claims")

    def ways(self) -> list[Way]:
        return [Way(tenant, provider.config.label) for tenant, provider in self._providers.items()]

    def provider(self, tenant: str) -> Provider:
        if tenant not in self._providers:
            raise NotFound("There is no such way to sign in.")
        return self._providers[tenant]

    async def begin(self, tenant: str, *, redirect_uri: str, onward: str) -> tuple[str, Pending]:
        """Where to send the browser, and what it is to keep meanwhile."""
        provider = self.provider(tenant)
        pending = Pending(
            tenant=tenant,
            state=ids.random_hex(32),
            nonce=ids.random_hex(32),
            verifier=ids.random_hex(32),
            redirect_uri=provider.config.redirect_uri or redirect_uri,
            onward=onward,
            begun=int(clock.epoch_seconds()),
        )
        address = await provider.authorization_url(
            pending.redirect_uri, state=pending.state, nonce=pending.nonce, verifier=pending.verifier
        )
        return address, pending

    async def finish(self, tenant: str, pending: Pending, answer: Mapping[str, str]) -> tuple[Secret, timedelta]:
        """A token for whoever comes back from the provider, and how long it lives."""
        provider = self.provider(tenant)
        self._take(tenant, pending, answer.get("state", ""))
        await _require_issuer(provider, answer)
        if "error" in answer:
            raise _said(answer["error"])
        found = await _person(provider, pending, answer.get("code", ""))
        hours = timedelta(hours=provider.config.session_hours)
        secret = await self._tokens.open_session(tenant, found, clock.now() + hours)
        return secret, hours

    def _take(self, tenant: str, pending: Pending, state: str) -> None:
        """Takes the state once. On another server of ours, the provider itself refuses a code's second use."""
        if pending.tenant != tenant or not hmac.compare_digest(pending.state.encode(), state.encode()):
            raise SignInStale
        now = clock.elapsed_seconds()
        mark = hashlib.sha256(state.encode()).digest()
        if self._used.get(mark, 0) > now:
            raise SignInStale("This sign-in was finished already.")
        if len(self._used) >= USED_MAX:
            self._used = {known: until for known, until in self._used.items() if until > now}
        self._used[mark] = now + PENDING_SECONDS


async def _require_issuer(provider: Provider, answer: Mapping[str, str]) -> None:
    """RFC 9207: the answer names who gave it, so that no other provider's code is handed to this one."""
    discovery = await provider.discovery()
    named = answer.get("iss")
    if named is None and not discovery.get("authorization_response_iss_parameter_supported"):
        return
    if named != provider.config.issuer:
        raise SignInUnproven("Another provider answered than the one that was asked.")


async def _person(provider: Provider, pending: Pending, code: str) -> Person:
    from tallyward.services.oidc_claims import KeyUnknown, checked  # loads cryptography, which nothing else needs

    if not code:
        raise SignInStale("The provider sent you back without a code.")
    tokens = await provider.exchange(code, redirect_uri=pending.redirect_uri, verifier=pending.verifier)
    access_token = str(tokens.get("access_token") or "")
    named = {"nonce": pending.nonce, "access_token": access_token}
    try:
        claims = checked(tokens.get("id_token"), await provider.keys(), provider.config, **named)
    except KeyUnknown:
        try:
            claims = checked(tokens.get("id_token"), await provider.keys(again=True), provider.config, **named)
        except KeyUnknown:
            raise SignInUnproven("The ID token is not signed by any of the provider's keys.") from None
    if access_token and missing_claims(provider.config, claims):
        more = await provider.userinfo(access_token)
        if more and more.get("sub") != claims["sub"]:
            raise SignInUnproven("The provider told of somebody else than who signed in.")
        claims = {**more, **claims}
    found = person(provider.config, claims)
    if isinstance(found, str):
        raise SignInRefused(found)
    return found


def _said(code: str) -> ProviderUnavailable | SignInRefused | ProviderMisconfigured:
    """What the provider sent instead of a code, as an error of ours. Only words of the standard are repeated."""
    if code in _UNAVAILABLE:
        return ProviderUnavailable("The identity provider says that it cannot do it now.")
    if code in _DECLINED:
        return SignInRefused("The identity provider did not let you in, or you declined.")
    return ProviderMisconfigured("The identity provider does not accept how this server asks it.")


def client_secret(config: OidcConfig, folder: Path, environ: Mapping[str, str]) -> Secret | None:
    """The secret that we show the provider, from its file or variable. Raises ConfigInvalid naming the key."""
    if config.client_secret_file:
        path = folder / config.client_secret_file
        try:
            found = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid(
                f"oidc.client_secret_file: {path}: {error}.", field="oidc.client_secret_file"
            ) from error
    elif config.client_secret_env:
        found = environ.get(config.client_secret_env, "").strip()
    else:
        return None
    if not found or len(found) > SECRET_CHARS_MAX:
        key = "client_secret_file" if config.client_secret_file else "client_secret_env"
        raise ConfigInvalid(f"oidc.{key} leads to no secret.", field=f"oidc.{key}")
    return Secret(found)
