"""What one organisation decided for itself: which kinds of fire count, and where the grades begin.

Read from `tenants/<id>/tenant.toml` where there is one; the defaults are the organisation's own words and numbers.
"""

import re

from msgspec import Struct, field

from tallyward.domain import sink
from tallyward.domain.acceptance import AcceptConfig
from tallyward.domain.attribution import AgentRules
from tallyward.domain.fire import KINDS, Kind
from tallyward.domain.forge_config import ForgeConfig, forge_problems
from tallyward.domain.money import Currency
from tallyward.domain.oidc import OidcConfig
from tallyward.domain.rates import RateBands
from tallyward.domain.series import SeriesConfig
from tallyward.domain.shepherd_config import ShepherdConfig

DEFAULT_TENANT = "default"
SAMPLE_TENANT = "sample"
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


def is_tenant_id(text: str) -> bool:
    """Whether `text` may name a tenant: 1 to 63 lower-case letters, digits and hyphens."""
    return _TENANT_ID.fullmatch(text) is not None


class GradeThresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """A grade needs more fires in 30 days than its number."""

    excellent: int = 300
    strong: int = 150
    developing: int = 50
    untapped: int = 20


class MergedPrDollars(Struct, frozen=True, forbid_unknown_fields=True):
    """What a merged pull request of an agent may cost, in US dollars: more than `red` is red, than `yellow` yellow."""

    red: float = 30.0
    yellow: float = 15.0


RAW_DAYS_MIN = 31  # the ends of a window of 30 days are read as rows


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How many days single rows are kept; 0 for ever. Their sums are kept for ever in any case."""

    raw_days: int = 0


class WebhookConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """After how many hours without a delivery somebody is told that they have ceased."""

    silent_hours: int = 24


BELOW_ALL = "spinning?"
GRADES = ("excellent", "strong", "developing", "untapped", BELOW_ALL)


class TenantConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of one tenant.

    `counted_kinds`: kinds of fire that count as utilisation. Tool calls are shown beside it and not counted by default:
    an agent makes hundreds of them without a person doing anything.
    """

    label: str = ""
    counted_kinds: tuple[Kind, ...] = ("skill", "agent", "mcp")
    grades: GradeThresholds = field(default_factory=GradeThresholds)
    merged_pr_usd: MergedPrDollars = field(default_factory=MergedPrDollars)
    retention: Retention = field(default_factory=Retention)
    rates: RateBands = field(default_factory=RateBands)
    agents: AgentRules = field(default_factory=AgentRules)
    shepherd: ShepherdConfig = field(default_factory=ShepherdConfig)
    forges: tuple[ForgeConfig, ...] = ()
    oidc: OidcConfig | None = None
    accept: AcceptConfig = field(default_factory=AcceptConfig)
    currency: Currency = field(default_factory=Currency)
    webhooks: WebhookConfig = field(default_factory=WebhookConfig)
    series: SeriesConfig = field(default_factory=SeriesConfig)
    sinks: tuple[sink.SinkConfig, ...] = ()

    def problems(self) -> list[str]:
        """What is wrong with these settings, one sentence each."""
        found: list[str] = []
        if not self.counted_kinds:
            found.append(f"counted_kinds is empty; name at least one of {', '.join(KINDS)}")
        steps = (self.grades.excellent, self.grades.strong, self.grades.developing, self.grades.untapped)
        if list(steps) != sorted(steps, reverse=True) or min(steps) < 0:
            found.append("grades must fall from excellent over strong and developing to untapped, and none below 0")
        if not 0 <= self.merged_pr_usd.yellow <= self.merged_pr_usd.red:
            found.append("merged_pr_usd.yellow must be from 0 to merged_pr_usd.red")
        if self.retention.raw_days and self.retention.raw_days < RAW_DAYS_MIN:
            found.append(f"retention.raw_days must be 0, to keep rows for ever, or {RAW_DAYS_MIN} at least")
        if self.webhooks.silent_hours < 1:
            found.append("webhooks.silent_hours must be 1 at least")
        return [
            *found,
            *self.currency.problems(),
            *self.rates.problems(),
            *self.shepherd.problems(),
            *self.accept.problems(),
            *self.agents.problems(),
            *self.series.problems(),
            *forge_problems(self.forges),
            *sink.problems(self.sinks),
            *(self.oidc.problems() if self.oidc else []),
        ]


def light(cost_usd_per_merged_pr: float | None, limits: MergedPrDollars) -> str:
    """`green`, `yellow` or `red`; `undefined` where nothing was merged or nothing was metered."""
    if cost_usd_per_merged_pr is None:
        return "undefined"
    if cost_usd_per_merged_pr > limits.red:
        return "red"
    return "yellow" if cost_usd_per_merged_pr > limits.yellow else "green"


def grade(fires_30d: int, thresholds: GradeThresholds) -> str:
    """The grade for a number of fires in 30 days."""
    for name in GRADES[:-1]:
        if fires_30d > getattr(thresholds, name):
            return name
    return BELOW_ALL
