"""How fires end: the success, error and abandon rates of a whole, and how many fires there are at all."""

from tallyward.metrics._base import Metric


class Outcomes(Metric):
    """Fires and how they ended, in one row."""

    title = "Outcomes"
    unit = "fires; rates are shares of them"
    caveat = (
        "A fire is abandoned when it began and no end was heard of, which is no proof that somebody gave up. Every "
        "kind is counted that is not filtered out."
    )
    rates = (("success", "successful", "fires"), ("error", "errors", "fires"), ("abandon", "abandoned", "fires"))
    undefined_when = "No fire: the counts are 0 and every rate is NULL, never 0."
    sql = """
        SELECT
            coalesce(sum(fires), 0)::bigint AS fires, coalesce(sum(successful), 0)::bigint AS successful,
            coalesce(sum(errors), 0)::bigint AS errors, coalesce(sum(abandoned), 0)::bigint AS abandoned
        FROM {fires}
    """
