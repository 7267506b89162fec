"""What the shepherd works with, and what a look at pull requests comes to."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from tallyward.domain.forge import ForgeWriter, PullRequestSignals, SignalsReader
from tallyward.domain.shepherd import Decision, Verdict
from tallyward.domain.shepherd_facts import Action
from tallyward.domain.trust import Level
from tallyward.ledger.database import Connection
from tallyward.services.shepherd_memory import Done


class Place(Struct, frozen=True, kw_only=True):
    """A repository that is taken care of. acts: whether anything may be done in it."""

    forge: str
    repo: str
    acts: bool = False
    low_priority: bool = False


class Hands(Protocol):
    """The forges of all tenants."""

    def places(self, tenant: str) -> list[Place]:
        """The repositories of a tenant."""
        ...

    def of(self, tenant: str, repo: str) -> tuple[SignalsReader, ForgeWriter]:
        """What may be read of it, and what may be done there."""
        ...


class Standing(Protocol):
    """What holds of an agent and of its work at a moment, and is no part of the pull request."""

    async def of(
        self, connection: Connection, tenant: str, told: PullRequestSignals, agent: str | None
    ) -> tuple[Level, str | None]:
        """How far the agent is trusted, and why its work is held, if it is."""
        ...


class Shadow(Protocol):
    """Another policy, which is asked and does nothing."""

    async def consider(
        self, tenant: str, state: Mapping[str, Any], candidates: Iterable[Action], decision: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """What it would do, as {policy, action, probability}."""
        ...


class Looked(Struct, frozen=True, kw_only=True):
    """One look at a pull request. acted: how acting went; None where nothing was done."""

    repo: str
    number: int
    action: Action
    reason: str
    says: str
    dry_run: bool
    decision: str
    acted: Done | None = None


class Missed(Struct, frozen=True):
    """What could not be looked at, and the code of the error."""

    repo: str
    number: int | None
    code: str


class Pass(Struct, kw_only=True):
    """One look at everything."""

    looked: list[Looked] = []
    missed: list[Missed] = []


class Explained(Struct, frozen=True, kw_only=True):
    """What would be decided now, and what every guard says, in order."""

    repo: str
    number: int
    acts: bool
    episode: int
    attempts: dict[str, int]
    trust: Level
    held: str | None
    agent: str | None
    decision: Decision
    guards: list[Verdict]
    state: dict[str, Any]
