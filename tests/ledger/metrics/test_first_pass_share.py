"""The first-pass share is of those whose attempts somebody can tell."""

from tallyward.metrics.first_pass_share import FirstPassShare
from tests.ledger.metrics.facts import Facts


def test_those_of_which_nobody_can_tell_are_left_out(facts: Facts):
    told = (
        "seen_by = '{webhook}'",
        "seen_by = '{git}', told = '{\"attempts\": 2}', attempts = 2",
        "seen_by = '{sync}'",
    )
    for number, columns in enumerate((*told, "seen_by = '{git}'", "seen_by = '{}'")):
        facts.merged("feature", number)
        facts._connection.execute(f"UPDATE pull_requests SET {columns} WHERE number = %s", (number,))  # noqa: S608

    (entire, people) = facts.measured(FirstPassShare)

    assert (entire["known"], entire["at_first"]) == (people["known"], people["at_first"]) == (3, 2)
