"""Everyone is on the board: whoever is not, has no capture on their laptop or does not use it.

A row does not keep when it arrived. A `/start` that is at most five minutes old and in the ledger did arrive within
five minutes; an older one proves nothing about that.
"""

from tallyward.accept._base import NO_TEAM, Check, Facts, Verdict, cannot_tell, green, red

LANDED_SECONDS_MAX = 300.0


class EngineersVisible(Check):
    """Each of the team has a grade, and fires of laptops land in time."""

    place = 30
    title = "Engineers visible"
    proves = (
        "Each engineer_id appears on the board with a grade, and local /start fires land in the ledger within 5 min."
    )
    command = "SELECT DISTINCT engineer_id FROM skill_invocations WHERE ts > now() - interval '30 days'"
    about_people = True

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """A missing person is red; a /start to look at may be missing at night."""
        if not facts.team:
            return cannot_tell(NO_TEAM)
        missing = tuple(name for name in facts.team if name not in facts.graded)
        value = f"{len(facts.team) - len(missing)} of {len(facts.team)} have a grade"
        if missing:
            return red(value, "Some of the team are not on the board of 30 days.", missing)
        if facts.start_seconds is None or facts.start_seconds > LANDED_SECONDS_MAX:
            return cannot_tell(
                "a /start of the last 5 minutes from a laptop, to see it land: fire one and look again.", value
            )
        return green(value, f"Everyone has a grade; a /start landed within {facts.start_seconds:.0f} seconds.")
