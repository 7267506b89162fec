"""What a forge's file holds: one class that gives a reader and a writer for one account on it.

A holder of the reader can get at nothing that people wrote and can change nothing; that is why they are two.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from tallyward.domain.forge import ForgeWriter, SignalsReader
from tallyward.domain.forge_config import ForgeConfig
from tallyward.forges._client import Client
from tallyward.forges._credential import Credential
from tallyward.forges._wanted import AgentsNamedIn


class Forge(ABC):
    """One account on a forge. `address` is where its API is when nothing else is said; empty: it must be said.

    agents: the agents that a commit's message tells of. It is given every message, and what it gives back is all that
    is kept of one.
    """

    address: ClassVar[str] = ""
    needs: ClassVar[str]  # which rights a token needs, for whoever makes one

    def __init__(self, config: ForgeConfig, credential: Credential, agents: AgentsNamedIn) -> None:
        self.config = config
        self.agents = agents
        self.client = Client(config.name, config.api_url or self.address, credential)

    @property
    @abstractmethod
    def reader(self) -> SignalsReader:
        """What may be read."""

    @property
    @abstractmethod
    def writer(self) -> ForgeWriter:
        """What may be done."""

    async def close(self) -> None:
        await self.client.close()
