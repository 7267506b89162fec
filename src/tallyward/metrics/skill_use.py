"""Which skills an organisation uses, how they end, and how many people use each."""

from tallyward.metrics._base import Metric


class SkillUse(Metric):
    """Fires per skill and kind with their outcome, and in the row that is `entire` those of all together.

    `people` are the engineers who fired it; `people_of_small` of the entire row, those of all groups that fewer than
    `people_min` fired.
    """

    title = "Skill use"
    unit = "fires"
    caveat = (
        "A fire is abandoned when it began and no end was heard of, which is no proof that somebody gave up. Fires of "
        "nobody known are counted, and are no person."
    )
    undefined_when = "No fire of a skill: it is not listed. Rates are of all its fires, so a listed skill has them."
    parameters = ("people_min",)
    rates = (("success", "successful", "fires"), ("error", "errors", "fires"), ("abandon", "abandoned", "fires"))
    people_may_miss = True
    # Small groups are known by counting each row's own group: a join of the groups with their rows is quadratic to a
    # planner that takes them for few.
    sql = """
        WITH cells AS (
            SELECT
                skill_name, kind, nullif(engineer_id, 'unknown') AS person, sum(fires) AS fires,
                sum(successful) AS successful, sum(errors) AS errors, sum(abandoned) AS abandoned,
                sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost_micros) AS cost_micros,
                count(nullif(engineer_id, 'unknown')) OVER (PARTITION BY skill_name, kind) AS people
            FROM {fires}
            GROUP BY skill_name, kind, nullif(engineer_id, 'unknown')
        )
        SELECT
            skill_name, kind, grouping(skill_name) = 1 AS entire, count(DISTINCT person) AS people,
            sum(fires)::bigint AS fires, sum(successful)::bigint AS successful, sum(errors)::bigint AS errors,
            sum(abandoned)::bigint AS abandoned, sum(input_tokens)::bigint AS input_tokens,
            sum(output_tokens)::bigint AS output_tokens, sum(cost_micros)::bigint AS cost_micros,
            count(DISTINCT person) FILTER (WHERE people < %(people_min)s) AS people_of_small
        FROM cells
        GROUP BY GROUPING SETS ((skill_name, kind), ())
        ORDER BY entire DESC, fires DESC, skill_name, kind
    """
