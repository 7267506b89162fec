"""Work is captured: a ledger that is nearly empty makes every other number a guess.

The spec gives the query and no number. It does say that everyone has more than ten fires a day, so a team of so many
has more than ten times as many; `fires_a_day_min` of `[accept]` sets another number.
"""

from tallyward.accept._base import FIRES_A_DAY, NO_TEAM, Check, Facts, Verdict, cannot_tell, green, red


class TraceVolume(Check):
    """Rows of the last day, every kind."""

    place = 20
    title = "Trace volume"
    proves = "Fires of the last day are in the ledger: more than ten for each of the team."
    command = "SELECT count(*) FROM skill_invocations WHERE ts > now() - interval '1 day'"

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """Nothing at all is red, whoever the team is."""
        count = sum(facts.fires_1d.values())
        value = f"{count:,} in 24 hours"
        if count == 0:
            return red(value, "Nothing was captured in 24 hours.")
        least = facts.settings.fires_a_day_min
        if least is None:
            if not facts.team:
                return cannot_tell(NO_TEAM, value)
            least = FIRES_A_DAY * len(facts.team) + 1
        if count < least:
            return red(value, f"Fewer than {least:,}.")
        return green(value, f"At least {least:,}.")
