"""Nobody reaches the protected branches but by a reviewed pull request: without this, every other rule is advice."""

from tallyward.accept._base import NO_FORGE, Check, Facts, Verdict, cannot_tell, green, named, red, untold


class BranchProtection(Check):
    """A push straight to the branch is refused by the forge."""

    place = 10
    title = "Branch protection"
    proves = "A push straight to a protected branch, from any machine, fails with “Protected branch”."
    command = "git push origin main"

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """Red as soon as one branch takes a push."""
        if not facts.branches:
            return cannot_tell(untold(facts.unread) if facts.unread else NO_FORGE)
        open_ones = tuple(name for name, refuses in facts.branches.items() if not refuses)
        value = f"{len(facts.branches) - len(open_ones)} of {len(facts.branches)} branches"
        if open_ones:
            return red(value, f"A push straight to these would be taken: {named(open_ones)}.")
        if facts.unread:
            return cannot_tell(untold(facts.unread), value)
        return green(value, "Each refuses a push that is no reviewed pull request.")
