"""Skills that were folded into others are gone from the repositories, so nobody learns them anew."""

from tallyward.accept._base import Check, Facts, Verdict, cannot_tell, green, named, red, unreadable


class SkillsConsolidated(Check):
    """`/commit`, `/assign-prds` and `/capacity-check` are gone."""

    place = 50
    title = "Skills consolidated"
    proves = "/commit + /assign-prds + /capacity-check are gone from .claude of each repository."
    command = "ls .claude/commands .claude/skills"

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """One that still fires is not gone, whatever the checkouts say."""
        retired = facts.settings.retired_skills
        fired = tuple(f"/{name} ({count:,} in 7 days)" for name, count in facts.retired_fires.items() if count)
        if fired:
            return red(f"{len(fired)} of {len(retired)} still fire", f"Still used: {named(fired)}.")
        kept = tuple(
            f"/{name} in {repo}"
            for repo, found in facts.checkouts.items()
            for name in retired
            if name in found.commands
        )
        if kept:
            return red(f"{len(kept)} left", f"Still there: {named(kept)}.")
        missing = unreadable(facts.checkouts)
        if missing:
            return cannot_tell(missing, "none fired in 7 days")
        return green(f"{len(retired)} gone", f"In none of {named(tuple(facts.checkouts))}, and none fired in 7 days.")
