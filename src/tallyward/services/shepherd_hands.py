"""The shepherd as a server or a command has it: on the forges that the tenants name."""

from tallyward.domain.forge import ForgeWriter, SignalsReader
from tallyward.ledger.database import Database
from tallyward.services.forges import Forges
from tallyward.services.series import Series
from tallyward.services.shadow import ShadowPolicy
from tallyward.services.shepherd import Shepherd
from tallyward.services.shepherd_means import Place
from tallyward.services.shepherd_standing import ByLedger
from tallyward.services.tenants import Tenants
from tallyward.services.trust import TrustBook


class ForgeHands:
    """The forges of all tenants, as the shepherd asks for them."""

    def __init__(self, forges: Forges) -> None:
        self._forges = forges

    def places(self, tenant: str) -> list[Place]:
        return [
            Place(forge=config.name, repo=repo, acts=repo in config.shepherd, low_priority=repo in config.low_priority)
            for config in self._forges.configs(tenant)
            for repo in config.repos
        ]

    def of(self, tenant: str, repo: str) -> tuple[SignalsReader, ForgeWriter]:
        return self._forges.of(tenant, repo)


def shepherd_of(database: Database, tenants: Tenants, forges: Forges) -> Shepherd:
    """The shepherd on these forges and this ledger, with the learned policy in its shadow where there is one."""
    standing = ByLedger(TrustBook(database, tenants))
    series, shadow = Series(database, tenants), ShadowPolicy(database)
    return Shepherd(database, tenants, ForgeHands(forges), standing, series, shadow)
