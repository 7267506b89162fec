"""The inner loop is quick enough to be used, and everyone uses it.

Both halves must hold. The second is counted as the organisation's own query counts: every row, of every kind.
"""

from tallyward.accept._base import (
    FIRES_A_DAY,
    NO_FORGE,
    NO_TEAM,
    RUN_SECONDS_MAX,
    Check,
    Facts,
    Verdict,
    cannot_tell,
    green,
    middle,
    red,
    untold,
)


class InnerLoop(Check):
    """The median run of CI is under a minute, and everyone has more than ten fires a day."""

    place = 70
    title = "Inner loop"
    proves = "Median duration of the last 20 runs of CI under 60 seconds, and everyone in the team > 10 fires a day."
    command = (
        "gh run list --limit 20 --json conclusion,createdAt,updatedAt; SELECT engineer_id, count(*) FROM "
        "skill_invocations WHERE ts > now() - interval '1 day' GROUP BY engineer_id"
    )
    about_people = True

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """Either half alone can make it red; green takes both."""
        below = tuple(name for name in facts.team if facts.fires_1d.get(name, 0) <= FIRES_A_DAY)
        people = f"{len(facts.team) - len(below)} of {len(facts.team)} over {FIRES_A_DAY}" if facts.team else ""
        p50 = middle(facts.run_seconds) if facts.run_seconds else None
        runs = f"median run {p50:.0f} s" if p50 is not None else ""
        value = ", ".join(filter(None, (runs, people))) or None
        if p50 is not None and p50 >= RUN_SECONDS_MAX:
            return red(value, "CI takes a minute or more; rebuild the build tooling.", below)
        if below:
            return red(value, "Some have 10 fires or fewer in 24 hours: someone is typing code by hand.", below)
        if not facts.team:
            return cannot_tell(NO_TEAM, value)
        if p50 is None:
            return cannot_tell(untold(facts.unread) if facts.unread else NO_FORGE, value)
        if facts.unread:
            return cannot_tell(untold(facts.unread), value)
        return green(str(value), "CI answers within a minute and everyone is above 10.")
