"""From when on a sync reads: days, weeks or a date that has been, and nothing else."""

from datetime import UTC, datetime

import pytest

from tallyward.errors import ConfigInvalid
from tallyward.ops.sync_commands import begin_of

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        (None, None),
        ("90d", datetime(2026, 2, 16, 12, tzinfo=UTC)),
        ("1w", datetime(2026, 5, 10, 12, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T02:00:00+02:00", datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_a_beginning_is_days_weeks_or_a_date(text: str | None, begin: datetime | None):
    assert begin_of(text, NOW) == begin


@pytest.mark.parametrize("text", ["", "90", "d", "-3d", "999999999d", "2026-13-01", "2027-01-01", "²d", "yesterday"])
def test_what_is_no_time_that_has_been_is_refused(text: str):
    with pytest.raises(ConfigInvalid):
        begin_of(text, NOW)
