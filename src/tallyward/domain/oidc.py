"""Signing in through the organisation's own identity provider: what a tenant decided about it, and who comes out.

Pure: claims that somebody else has already checked go in, a person of this tenant comes out, or the reason why not.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, cast

from msgspec import Struct, field

from tallyward.domain.access import Role, Scope

# Signatures by a key that only the provider has: neither `none` nor one whose secret we hold ourselves.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
EVERYBODY = "*"  # in the place of a group: whoever the provider lets in
# From the most to the least that a role may: the first whose groups somebody is in is theirs.
ROLES: tuple[Role, ...] = ("admin", "lead", "engineer")
SCOPES_OF_ROLE: dict[Role, list[Scope]] = {"admin": ["admin"], "lead": ["read"], "engineer": ["read"]}
SESSION_HOURS_MAX = 30 * 24  # as long as the cookie of a token
SKEW_SECONDS_MAX = 300  # clocks that differ by more are broken, and a token that much too old may be stolen
VALUE_CHARS_MAX = 200  # of a claim that names a person or a group; a handle in a fire has no more
GROUPS_MAX = 1_000  # providers cut their own lists at a few hundred
# https, or this very machine; no user, no fragment.
_ADDRESS = re.compile(
    r"(?:https://[A-Za-z0-9.:\[\]-]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?)"
    r"(?:/[^\s?#\\]*)?(?P<query>\?[^\s#\\]*)?",
    re.ASCII,
)
_SCOPE = re.compile(r"[!#-\[\]-~]{1,200}", re.ASCII)  # what RFC 6749 allows in one


class RoleGroups(Struct, frozen=True, forbid_unknown_fields=True):
    """Which groups of the provider have which role. `*` stands for everybody who can sign in there."""

    admin: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    engineer: tuple[str, ...] = ()


class OidcConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The `[oidc]` of a tenant: where its people sign in, and what becomes of them here."""

    issuer: str
    client_id: str
    client_secret_file: str = ""
    client_secret_env: str = ""
    label: str = "your organisation's account"
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "Ed25519")
    clock_skew_seconds: int = 60
    session_hours: int = 12
    engineer_claim: str = "preferred_username"
    groups_claim: str = "groups"
    engineers: dict[str, str] = field(default_factory=dict[str, str])
    roles: RoleGroups = field(default_factory=RoleGroups)

    def problems(self) -> list[str]:
        """What is wrong with these settings, one sentence each."""
        found = [
            f"oidc.{name} must begin with https:// (http:// only on this machine, for a trial)"
            for name, address in (("issuer", self.issuer), ("redirect_uri", self.redirect_uri or "https://-"))
            if not is_safe_address(address)
        ]
        if not self.client_id:
            found.append("oidc.client_id is empty; the provider gives it when you register Tallyward there")
        if self.client_secret_file and self.client_secret_env:
            found.append("oidc takes client_secret_file or client_secret_env, not both")
        if "openid" not in self.scopes or not all(map(_SCOPE.fullmatch, self.scopes)):
            found.append("oidc.scopes must hold openid, and each must be one word")
        if not self.algorithms:
            found.append("oidc.algorithms is empty; name at least one, such as RS256")
        if not any((self.roles.admin, self.roles.lead, self.roles.engineer)):
            found.append('oidc.roles is empty, so nobody could come in; for everybody: engineer = ["*"]')
        if not 1 <= self.session_hours <= SESSION_HOURS_MAX:
            found.append(f"oidc.session_hours must be from 1 to {SESSION_HOURS_MAX}")
        if not 0 <= self.clock_skew_seconds <= SKEW_SECONDS_MAX:
            found.append(f"oidc.clock_skew_seconds must be from 0 to {SKEW_SECONDS_MAX}")
        return found


class Person(Struct, frozen=True):
    """Somebody who signed in: what they may do here, and whose rows are theirs."""

    name: str
    role: Role
    engineer_id: str | None

    @property
    def scopes(self) -> list[str]:
        return list(SCOPES_OF_ROLE[self.role])


def is_safe_address(address: str, *, with_query: bool = False) -> bool:
    """Whether an address may be trusted with codes and keys: https, or this very machine."""
    found = _ADDRESS.fullmatch(address)
    return found is not None and (with_query or found["query"] is None)


def missing_claims(config: OidcConfig, claims: Mapping[str, Any]) -> list[str]:
    """The claims that decide about a person and are not there: some providers give them only when asked again."""
    needed = [config.engineer_claim]
    if any(group != EVERYBODY for groups in _groups_of_roles(config).values() for group in groups):
        needed.append(config.groups_claim)
    return [name for name in needed if _claim(claims, name) is None]


def person(config: OidcConfig, claims: Mapping[str, Any]) -> Person | str:
    """Who this is here, or a sentence why they may not come in."""
    value = _claim(claims, config.engineer_claim)
    known = value.strip() if isinstance(value, str) else ""
    if not known or len(known) > VALUE_CHARS_MAX or not known.isprintable():
        return f"Your account has no usable claim {config.engineer_claim}, from which your handle is taken."
    if config.engineer_claim == "email" and claims.get("email_verified") is False:
        return f"{known} is not a verified address at the provider, so it could be anybody's."
    groups = _groups(_claim(claims, config.groups_claim))
    role = _role(config, groups)
    if role is None:
        return f"{known} is in none of the groups that may use Tallyward."
    handle = config.engineers.get(known, known)
    # A token that is bound to an engineer sees that engineer alone, so a lead's is bound to nobody.
    return Person(name=known, role=role, engineer_id=None if role == "lead" else handle)


def _role(config: OidcConfig, groups: frozenset[str]) -> Role | None:
    allowed = _groups_of_roles(config)
    return next((role for role in ROLES if groups.intersection(allowed[role]) or EVERYBODY in allowed[role]), None)


def _groups_of_roles(config: OidcConfig) -> dict[Role, tuple[str, ...]]:
    return {"admin": config.roles.admin, "lead": config.roles.lead, "engineer": config.roles.engineer}


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that name, else the one that its dots lead to: `realm_access.roles` is one in Keycloak."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, Any]", found).get(part)
    return found


def _groups(value: Any) -> frozenset[str]:
    """One group or a list of them. A `*` from outside is nobody's group here."""
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    return frozenset(group for group in listed[:GROUPS_MAX] if isinstance(group, str) and group != EVERYBODY)
