"""Fault points: nothing happens where no test armed them, and the armed place is struck at the time that was said."""

import os
import signal
import subprocess
import sys

import pytest

PASS_FIVE = "from tallyward.fault_points import reached\nfor n in range(5): print(n, flush=True); reached('here')"


def passing(points: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PASS_FIVE],
        env={**os.environ, "TALLY_FAULT_POINTS": points},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize("points", ["", "elsewhere=kill", "here=kill@6"])
def test_a_place_that_is_not_armed_is_passed(points: str) -> None:
    done = passing(points)
    assert (done.returncode, done.stdout.split()) == (0, ["0", "1", "2", "3", "4"])


@pytest.mark.parametrize(("points", "said"), [("here=kill", ["0"]), ("elsewhere=hang,here=kill@3", ["0", "1", "2"])])
def test_an_armed_place_kills_at_the_time_that_was_said(points: str, said: list[str]) -> None:
    done = passing(points)
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, said)


def test_a_place_armed_to_hang_stops_the_process_there() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PASS_FIVE], env={**os.environ, "TALLY_FAULT_POINTS": "here=hang@2"}
    ) as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        process.kill()
    assert os.WIFSTOPPED(status)


def test_a_misspelt_action_is_not_passed_over_in_silence() -> None:
    assert "KeyError" in passing("here=kil").stderr
