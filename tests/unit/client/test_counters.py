"""The sender's counters."""

from tallyward.client import counters


def test_they_outlive_the_process(tmp_path):
    counted = counters.load(str(tmp_path))
    counted.delivered(stored=3, rejected=1)
    counted.failed("no answer")
    counters.save(str(tmp_path), counted)
    again = counters.load(str(tmp_path))
    assert again == counted
    assert (again.sent, again.stored, again.rejected, again.failed_attempts) == (4, 3, 1, 1)


def test_a_delivery_ends_the_trouble(tmp_path):
    counted = counters.Counters()
    counted.failed("no answer")
    counted.delivered(stored=1, rejected=0)
    assert (counted.last_error, counted.last_error_at) == (None, None)
    assert counted.last_delivery is not None


def test_a_broken_file_starts_them_anew(tmp_path):
    for content in ("{", "[]", '{"stored": "many", "rejected": true, "unknown": 1, "last_error": 5}'):
        (tmp_path / "state.json").write_text(content)
        assert counters.load(str(tmp_path)) == counters.Counters()
