"""Whether the forges of a tenant are set up so that they can be used: asked for, not guessed."""

from msgspec import Struct, field

from tallyward.domain.forge import Rate, RepositoryFacts
from tallyward.domain.forge_config import ForgeConfig
from tallyward.errors import ConfigInvalid, ForgeError
from tallyward.forges._base import Forge
from tallyward.services.forges import Forges

RATE_LOW = 0.1  # of a limit: less may not last until it is reset


class RepoReport(Struct, kw_only=True):
    """One repository as this account sees it. `acts`: the settings allow Tallyward to change something there."""

    repo: str
    readable: bool
    may_write: bool | None = None
    acts: bool = False
    problem: str | None = None


class ForgeReport(Struct, kw_only=True):
    """One account. `scopes`: what a classic token of GitHub may; other credentials do not say."""

    name: str
    kind: str
    address: str
    credential: str
    ok: bool = True
    scopes: str | None = None
    rate: Rate | None = None
    repos: list[RepoReport] = field(default_factory=list[RepoReport])
    problems: list[str] = field(default_factory=list[str])


async def check(forges: Forges, tenant: str) -> list[ForgeReport]:
    """Every account of the tenant, each by questions to the forge itself."""
    return [await _account(forges, tenant, config) for config in forges.configs(tenant)]


async def _account(forges: Forges, tenant: str, config: ForgeConfig) -> ForgeReport:
    report = ForgeReport(
        name=config.name,
        kind=config.kind,
        address=config.api_url,
        credential="app" if config.app else "token",
    )
    try:
        forge = forges.connected(tenant, config)
        report.address = forge.client.base
        report.rate = await forge.reader.rate()
    except (ForgeError, ConfigInvalid) as error:
        report.problems.append(_sentence(error))
        report.ok = False
        return report
    report.scopes = forge.client.scopes
    report.problems += _rate_problems(report.rate)
    report.repos = [await _repository(forge, config, repo) for repo in config.repos]
    if not config.repos:
        report.problems.append(f"[[forges]] {config.name} names no repos, so nothing is read with it.")
    report.problems += [each.problem for each in report.repos if each.problem]
    report.ok = not report.problems
    return report


async def _repository(forge: Forge, config: ForgeConfig, repo: str) -> RepoReport:
    acts = repo in config.shepherd
    try:
        facts = await forge.reader.repository(repo)
    except ForgeError as error:
        return RepoReport(repo=repo, readable=False, acts=acts, problem=f"{repo}: {_sentence(error)}")
    problem = _repository_problem(repo, facts, acts=acts)
    return RepoReport(repo=repo, readable=True, may_write=facts.may_write, acts=acts, problem=problem)


def _repository_problem(repo: str, facts: RepositoryFacts, *, acts: bool) -> str | None:
    if facts.repo.casefold() != repo.casefold():
        return f"{repo}: is called {facts.repo} now. Write that into [[forges]]."
    if acts and facts.archived:
        return f"{repo}: is archived, so nothing can be done in it. Take it out of shepherd."
    if acts and facts.may_write is False:
        return f"{repo}: is in shepherd, but this account may not write there. Give it the right, or take it out."
    return None


def _rate_problems(rate: Rate) -> list[str]:
    if rate.limit and rate.remaining is not None and rate.remaining < rate.limit * RATE_LOW:
        return [f"Only {rate.remaining} of {rate.limit} questions are left until the limit is reset."]
    return []


def _sentence(error: ForgeError | ConfigInvalid) -> str:
    return f"{error.message} {error.remedy}".strip()
