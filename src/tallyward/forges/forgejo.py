"""Forgejo and Gitea, which have one API. What it does not offer is said, and not passed over."""

from tallyward.domain.forge_config import ForgeConfig
from tallyward.forges._base import Forge
from tallyward.forges._credential import Credential
from tallyward.forges._forgejo_reader import ForgejoReader
from tallyward.forges._forgejo_writer import ForgejoWriter
from tallyward.forges._wanted import AgentsNamedIn

PAGE = ("limit", 50)  # the most that one gives unless it is set up otherwise


class Forgejo(Forge):
    """One account on a Forgejo or a Gitea."""

    needs = "read:repository and read:issue; write:repository and write:issue where Tallyward may act"

    def __init__(self, config: ForgeConfig, credential: Credential, agents: AgentsNamedIn) -> None:
        super().__init__(config, credential, agents)
        self.client.page = PAGE
        self._reader = ForgejoReader(self.client, agents)
        self._writer = ForgejoWriter(self.client, self._reader)

    @property
    def reader(self) -> ForgejoReader:
        return self._reader

    @property
    def writer(self) -> ForgejoWriter:
        return self._writer
