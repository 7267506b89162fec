"""Appending to the spool: whole lines or nothing, and every loss counted."""

import fcntl
import os
import resource
import threading

import pytest

from tallyward.client import segments, spool


def content(root) -> bytes:
    return (root / "spool" / "fires.ndjson").read_bytes()


def test_lines_are_appended_in_order(tmp_path):
    assert spool.append(str(tmp_path), b"one\n") is None
    assert spool.append(str(tmp_path), b"two\nthree\n") is None
    assert content(tmp_path) == b"one\ntwo\nthree\n"


def test_a_line_that_lost_its_end_does_not_take_the_next_one_along(tmp_path):
    spool.append(str(tmp_path), b"one\n")
    with (tmp_path / "spool" / "fires.ndjson").open("ab") as file:
        file.write(b'{"torn": ')
    spool.append(str(tmp_path), b"two\n")
    assert content(tmp_path) == b'one\n{"torn": \ntwo\n'


def test_a_full_spool_counts_what_it_refuses(tmp_path):
    spool.append(str(tmp_path), b"one\n")
    os.truncate(tmp_path / "spool" / "fires.ndjson", spool.SPOOL_BYTES_MAX - 2)
    assert spool.append(str(tmp_path), b"two\n") == "o"
    assert segments.losses(str(tmp_path))["overflow"] == 1


def test_a_full_disk_leaves_no_half_line(tmp_path):
    spool.append(str(tmp_path), b"one\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7, before[1]))
    try:
        assert spool.append(str(tmp_path), b"second line\n") == "d"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert content(tmp_path) == b"one\n"
    assert segments.losses(str(tmp_path))["disk"] == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
def test_a_disk_with_no_room_at_all_is_a_counted_loss(tmp_path):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "fires.ndjson").symlink_to("/dev/full")
    assert spool.append(str(tmp_path), b"one\n") == "d"
    assert segments.losses(str(tmp_path))["disk"] == 1


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert spool.append(str(tmp_path / "file" / "tally"), b"one\n") == "d"


def test_a_lock_that_is_never_let_go_is_a_counted_loss(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "LOCK_SECONDS_MAX", 0.01)
    spool.append(str(tmp_path), b"one\n")
    with (tmp_path / "spool" / "fires.ndjson").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert spool.append(str(tmp_path), b"two\n") == "l"
    assert segments.losses(str(tmp_path))["locked"] == 1


def test_nobody_writes_into_a_file_that_was_taken(tmp_path):
    """Writers and a taker at the same time: every line is in a segment that was complete when it was taken."""
    root = str(tmp_path)
    writers, lines_each = 4, 60
    taken: list[bytes] = []
    done = threading.Event()

    def write(number: int) -> None:
        for line in range(lines_each):
            assert spool.append(root, b"%d-%d\n" % (number, line)) is None

    def take() -> None:
        while not done.is_set():
            segment = segments.take(root)
            if segment is not None:
                taken.extend(segment.read_bytes().splitlines())
                segment.unlink()

    taker = threading.Thread(target=take)
    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in (taker, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    taker.join()
    segment = segments.take(root)
    taken += segment.read_bytes().splitlines() if segment else []
    assert sorted(taken) == sorted(b"%d-%d" % (number, line) for number in range(writers) for line in range(lines_each))
