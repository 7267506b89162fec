"""Whether it is known who works here, and whether the token shows that person's rows."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts


class Engineer(DoctorCheck):
    """Rows go by somebody's handle."""

    order = 20

    def judge(self, facts: Facts) -> Iterator[Check]:
        named, bound = facts.engineer, facts.config.engineer_id
        if named is None:
            fix = "Set GITHUB_USER to your GitHub handle where your agent is started."
            yield self.failed("GITHUB_USER is missing: nobody says who works here, and rows go by `unknown`.", fix)
        elif bound and named != bound:
            fix = (
                f"Connect with a token made with --engineer {named}, or unset GITHUB_USER where your agent is started."
            )
            yield self.warned(f"Rows go by {named!r}, and the token shows those of {bound!r}.", fix)
        elif not bound and not facts.github_user:
            fix = "Set GITHUB_USER if that is not your GitHub handle."
            yield self.warned(f"Rows go by {named!r}, which is git's word.", fix)
        else:
            yield self.passed(f"Rows go by {named!r}.")
