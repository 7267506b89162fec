"""GitHub, GitHub Enterprise Server included, as a token or as a GitHub App."""

from tallyward.domain.forge_config import ForgeConfig
from tallyward.forges._base import Forge
from tallyward.forges._credential import Credential
from tallyward.forges._github_reader import GithubReader
from tallyward.forges._github_writer import GithubWriter
from tallyward.forges._wanted import AgentsNamedIn

_ENTERPRISE = "/api/v3"  # what the REST API of an Enterprise Server ends in; its GraphQL is beside it


class Github(Forge):
    """One account on GitHub."""

    address = "https://api.github.com"
    needs = (
        "pull requests, issues, checks, commit statuses and contents: read and write; actions, administration and "
        "webhooks: read"
    )

    def __init__(self, config: ForgeConfig, credential: Credential, agents: AgentsNamedIn) -> None:
        super().__init__(config, credential, agents)
        base = self.client.base
        graphql = base.removesuffix("/v3") if base.endswith(_ENTERPRISE) else base
        self._reader = GithubReader(self.client, f"{graphql}/graphql", agents)
        self._writer = GithubWriter(self.client, self._reader)

    @property
    def reader(self) -> GithubReader:
        return self._reader

    @property
    def writer(self) -> GithubWriter:
        return self._writer
