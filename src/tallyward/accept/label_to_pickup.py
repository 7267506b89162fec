"""An issue that gets a label is worked on at once, and not when a poller comes round."""

from tallyward.accept._base import PICKUP_SECONDS_MAX, Check, Facts, Verdict, cannot_tell, green, middle, red


class LabelToPickup(Check):
    """From the label `5xx-error` to the start of the agent's run."""

    place = 40
    title = "Label to pickup"
    proves = "From the label 5xx-error to the start of a run: p50 under 60 s."
    command = "gh issue edit <number> --add-label 5xx-error"

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """The median of the pickups that were seen."""
        if not facts.pickup_seconds:
            return cannot_tell("labels that arrive by webhook and start runs, and Tallyward dispatches nothing yet.")
        p50 = middle(facts.pickup_seconds)
        value = f"p50 {p50:.0f} s of {len(facts.pickup_seconds)}"
        if p50 < PICKUP_SECONDS_MAX:
            return green(value, "Under 60 s.")
        return red(value, "60 s or more.")
