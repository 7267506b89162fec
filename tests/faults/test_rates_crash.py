"""A server that dies between a merge and what follows from it: the merge was never told, and the repeat brings both."""

import signal
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.servers import serving

KINDS = """
    SELECT count(*) FILTER (WHERE kind = 'phase.transition'), count(*) FILTER (WHERE kind = 'metric.rates')
    FROM events_outbox
"""


def test_a_kill_between_merge_and_crossing_loses_neither(tmp_path: Path) -> None:
    with serving(tmp_path / "data", extra={"TALLY_FAULT_POINTS": "rates.before_crossing=kill@50"}) as server:
        token = server.token("dispatch", "read")

        def merge(number: int) -> int:
            body, key = {"phase": "merged", "attempts": 1}, {"Idempotency-Key": f"merge-{number}"}
            path = f"/v1/work-items/web/S-{number}/transitions"
            return server.call("POST", path, body, token=token, headers=key).status

        assert {merge(number) for number in range(49)} == {202}
        with pytest.raises((OSError, HTTPException)):
            merge(49)
        assert server.process.wait(30) == -signal.SIGKILL
        server.start(extra={})
        assert server.rows(KINDS) == [(49, 49)], "neither the merge nor the rates after it"

        assert {merge(number) for number in range(40, 50)} == {202}
        assert server.rows(KINDS) == [(50, 50)], "the one that was lost, and nothing twice"
        assert server.rows("SELECT count(*) FROM events_outbox WHERE kind = 'metric.window_filled'") == [(2,)]
        assert server.call("GET", "/v1/rates", token=token).json["first_pass_merge_rate"]["value"] == 1.0
