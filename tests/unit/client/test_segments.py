"""Segments: what is taken for delivery, what is left of it, what is set aside."""

from tallyward.client import segments, spool

GOOD = b'{"to":"trace","row":{"skill_name":"Bash"}}\n'


def taken(tmp_path, content: bytes):
    spool.append(str(tmp_path), content)
    segment = segments.take(str(tmp_path))
    assert segment is not None
    return segment


def test_taking_moves_the_whole_spool_away(tmp_path):
    segment = taken(tmp_path, GOOD * 2)
    assert segments.pending(str(tmp_path)) == [segment]
    assert segments.take(str(tmp_path)) is None
    assert segment.read_bytes() == GOOD * 2


def test_nothing_is_taken_where_nothing_waits(tmp_path):
    assert segments.take(str(tmp_path)) is None
    assert not segments.anything_waits(str(tmp_path))


def test_broken_lines_are_told_from_good_ones(tmp_path):
    broken = [
        b"\x00\x00\n",
        b"{\n",
        b"[]\n",
        b'{"to":"elsewhere","row":{}}\n',
        b'{"to":"trace","row":[]}\n',
        b'{"to":"trace"',
    ]
    segment = taken(tmp_path, GOOD + b"\n".join([b"", *broken]))
    found = list(segments.lines(segment))
    assert [line.row is not None for line in found] == [True] + [False] * len(broken)


def test_what_waits_is_counted_in_both_places(tmp_path):
    taken(tmp_path, GOOD)
    spool.append(str(tmp_path), GOOD * 2)
    assert segments.waiting(str(tmp_path)) == segments.Waiting(rows=3, bytes=3 * len(GOOD))


def test_keeping_the_rest_leaves_only_that(tmp_path):
    segment = taken(tmp_path, GOOD * 3)
    segments.keep_rest(segment, list(segments.lines(segment))[2:])
    assert segment.read_bytes() == GOOD
    segments.keep_rest(segment, [])
    assert not segment.exists()


def test_what_is_set_aside_is_bounded(tmp_path):
    (tmp_path / "spool").mkdir()
    for _ in range(3):
        segments.set_aside(str(tmp_path), "corrupt.ndjson", b"x" * (segments.SET_ASIDE_BYTES_MAX // 2))
    assert (tmp_path / "spool" / "corrupt.ndjson").stat().st_size <= segments.SET_ASIDE_BYTES_MAX


def test_losses_are_counted_by_reason(tmp_path):
    for letter in "oodlu":
        spool.count_loss(str(tmp_path), letter)
    assert segments.losses(str(tmp_path)) == {"overflow": 2, "disk": 1, "locked": 1, "unreadable": 1}
