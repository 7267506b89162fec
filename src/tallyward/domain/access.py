"""Who may do what: scopes of a token, the role that follows from them, and the principal a request acts as."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Scope = Literal["capture", "read", "dispatch", "approve", "admin"]
SCOPES: tuple[Scope, ...] = ("capture", "read", "dispatch", "approve", "admin")
Role = Literal["admin", "lead", "engineer"]


class Principal(Struct, frozen=True):
    """Whoever a valid token stands for."""

    token_id: int
    tenant: str
    name: str
    scopes: frozenset[str]
    engineer_id: str | None = None
    expires_at: datetime | None = None

    @property
    def role(self) -> Role:
        """admin manages; a token of one engineer sees that engineer; a token of nobody in particular is a lead's."""
        if "admin" in self.scopes:
            return "admin"
        return "engineer" if self.engineer_id else "lead"

    def may(self, scope: str) -> bool:
        """admin holds every scope but `approve`: whoever administers does not thereby approve merges.

        `approve or admin` is held by whoever holds either.
        """
        wanted = scope.split(" or ")
        return not self.scopes.isdisjoint(wanted) or ("admin" in self.scopes and scope != "approve")


class Token(Struct, frozen=True):
    """A token as it is listed: everything but the token."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    engineer_id: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
