"""What a duty is: something to be done for one tenant, at least once, by whichever server gets to it.

A duty is found by being there: a file of this folder with one subclass of `Duty`, known by the name of the file. It may
be begun twice, by two servers even, when the first of them was taken for dead; so whatever it does needs a key.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tallyward.ledger.database import Database
from tallyward.services.forges import Forges
from tallyward.services.tenants import Tenants

HOUR_MINUTES = 60
DAY_MINUTES = 24 * HOUR_MINUTES


@dataclass(frozen=True)
class Means:
    """What duties work with."""

    database: Database
    tenants: Tenants

    @cached_property
    def forges(self) -> Forges:
        """The forges of every tenant. Whoever made the means closes them."""
        return Forges(self.tenants)


class Duty(ABC):
    """Periodic where `every_minutes` says so: then `run(tenant, {})` is called for each tenant, one call at a time of
    each, and what fails is done again when its time comes. Otherwise it is done when deferred, with the numbers it was
    deferred with, and tried again after 1, 2, 4 ... seconds until it was tried `tries` times.
    """

    every_minutes: ClassVar[int] = 0
    tries: ClassVar[int] = 8

    def __init__(self, means: Means) -> None:
        self.means = means

    @abstractmethod
    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:
        """Does it. Whatever it raises means: not done."""

    async def gave_up(self, tenant: str, reason: str, ids: Mapping[str, int]) -> None:  # noqa: B027  # may be empty
        """Called when the last try of a deferred duty failed, with the kind of its failure."""

    @classmethod
    def schedule(cls) -> str | None:
        """Its times as cron writes them; None for one that is only deferred. Raises ValueError for odd ones."""
        minutes = cls.every_minutes
        if minutes == 0:
            return None
        if minutes < HOUR_MINUTES and HOUR_MINUTES % minutes == 0:
            return f"*/{minutes} * * * *"
        if minutes % HOUR_MINUTES == 0 and DAY_MINUTES % minutes == 0:
            return f"0 */{minutes // HOUR_MINUTES} * * *" if minutes < DAY_MINUTES else "0 0 * * *"
        raise ValueError(f"every {minutes} minutes does not divide an hour or a day")
