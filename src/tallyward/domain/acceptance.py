"""What a tenant decided about the acceptance grid: who its team is, where its repositories lie, what should be gone."""

import re

from msgspec import Struct, field

_SKILL = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
_REPO = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)


class AcceptConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The `[accept]` of a tenant. `team`: none named means whoever has a living token that is bound to them."""

    team: tuple[str, ...] = ()
    checkouts: dict[str, str] = field(default_factory=dict[str, str])
    branches: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    fires_a_day_min: int | None = None
    retired_skills: tuple[str, ...] = ("commit", "assign-prds", "capacity-check")
    ratchet_workflow: str = ".github/workflows/code-quality.yml"
    ratchet_job: str = "bandit"

    def problems(self) -> list[str]:
        """What is wrong with these settings, one sentence each."""
        found: list[str] = []
        if not all(map(_SKILL.fullmatch, self.retired_skills)) or not self.retired_skills:
            found.append("accept.retired_skills must be names of skills without the slash, at least one")
        if not all(map(_REPO.fullmatch, self.checkouts)):
            found.append("accept.checkouts names a folder for each repository, called owner/name")
        if not all(_REPO.fullmatch(repo) and all(named) for repo, named in self.branches.items()):
            found.append("accept.branches names branches for each repository, called owner/name")
        if self.fires_a_day_min is not None and self.fires_a_day_min < 1:
            found.append("accept.fires_a_day_min must be 1 or more")
        if len(set(self.team)) != len(self.team) or not all(self.team):
            found.append("accept.team must name each engineer once")
        if not self.ratchet_job or not self.ratchet_workflow.startswith(".github/workflows/"):
            found.append("accept.ratchet_workflow must lie in .github/workflows/, and ratchet_job name a job of it")
        return found
