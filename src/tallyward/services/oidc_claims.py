"""Whether an ID token is true: signed by the provider, for us, for this one sign-in, and of this hour.

No network here: keys and token go in, claims come out. What is checked: the form and the algorithm, which must be one
that is allowed; the signature; issuer, audience and authorised party; the nonce of this sign-in; the times.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    InvalidKeyIdError,
    JoseError,
)
from joserfc.jwk import KeySet

from tallyward import clock
from tallyward.domain.oidc import OidcConfig
from tallyward.errors import ClocksDiffer, SignInUnproven

TOKEN_CHARS_MAX = 100_000  # some providers list hundreds of groups in one
_TIMES = frozenset({"exp", "iat", "nbf"})


class KeyUnknown(Exception):
    """No known key of the provider made this signature. Others may be known by now."""


class _IdToken(Protocol):
    def validate(self, now: int | None = None, leeway: int = 0) -> None: ...


def checked(
    id_token: object, keys: Mapping[str, Any], config: OidcConfig, *, nonce: str, access_token: str
) -> dict[str, Any]:
    """The claims of a true token. Raises SignInUnproven with what is wrong, or KeyUnknown."""
    if not isinstance(id_token, str) or len(id_token) > TOKEN_CHARS_MAX:
        raise SignInUnproven("The provider gave no ID token; oidc.scopes must hold openid.")
    try:
        key_set = KeySet.import_key_set(cast("Any", keys))
        token = jwt.decode(id_token, key_set, algorithms=list(config.algorithms))
    except (BadSignatureError, InvalidKeyIdError) as error:
        raise KeyUnknown from error
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignInUnproven(f"The ID token cannot be read or is not signed as it must be ({_kind(error)}).") from None
    _require_claims(token, config, nonce=nonce, access_token=access_token)
    return token.claims


def _require_claims(token: jwt.Token, config: OidcConfig, *, nonce: str, access_token: str) -> None:
    from authlib.oidc.core import (  # pyright: ignore[reportMissingTypeStubs]
        CodeIDToken,  # pyright: ignore[reportUnknownVariableType]
    )

    options = {
        "iss": {"essential": True, "value": config.issuer},
        "aud": {"essential": True, "value": config.client_id},
        "sub": {"essential": True},
    }
    params = {"nonce": nonce, "client_id": config.client_id, "access_token": access_token}
    now = int(clock.epoch_seconds())
    try:
        found = cast("_IdToken", CodeIDToken(token.claims, token.header, options, params))
        found.validate(now=now, leeway=config.clock_skew_seconds)
    except ExpiredTokenError:
        raise _clocks("expired", token.claims.get("exp"), now) from None
    except ClaimError as error:
        value = token.claims.get(error.claim)
        if error.claim in _TIMES and isinstance(value, int | float) and value > now:
            raise _clocks("is of the future", value, now) from None
        raise SignInUnproven(f"The ID token's claim {error.claim} is missing or not what it must be.") from None


def _clocks(what: str, value: object, now: int) -> ClocksDiffer:
    seconds = abs(int(value) - now) if isinstance(value, int | float) else 0
    how = f"{what} {seconds} seconds ago" if what == "expired" else f"{what} by {seconds} seconds"
    return ClocksDiffer(f"The ID token {how}, by this server's clock.")


def _kind(error: Exception) -> str:
    return error.error if isinstance(error, JoseError) and error.error else type(error).__name__
