"""What the doctor says on a laptop that is connected to a small server which tells its health."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tallyward import clock
from tests import diagnosis
from tests.listening_server import ListeningServer, Reply

Doctor = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def healthy(listener: ListeningServer) -> ListeningServer:
    def answers(request):
        moment = clock.iso(clock.now())
        return Reply(200, {"ok": True, "version": "0.1.0", "time": moment}) if request.path == "/v1/health" else None

    listener.answers = answers
    return listener


@pytest.fixture
def doctor(terminal) -> Doctor:
    """What every check says. Its exit code and its remedies are looked at each time."""

    def examine(*options: str) -> dict[str, dict[str, Any]]:
        done = terminal.run("doctor", "--json", *options)
        said = json.loads(done.output)
        failed = any(check["status"] == "fail" for check in said["checks"])
        assert (done.exit_code, said["ok"]) == (int(failed), not failed)
        assert [check for check in said["checks"] if check["status"] in ("fail", "warn") and not check["remedy"]] == []
        return diagnosis.read(done.output)

    return examine
