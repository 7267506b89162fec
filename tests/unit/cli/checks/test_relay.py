"""tallyward.cli.checks.relay."""

import socket

import pytest

from tallyward.client import relay_start
from tests.relaying import end_any


@pytest.fixture
def relayed(healthy, connect, terminal):
    """The folder of a laptop whose Claude Code uses a relay."""
    connect(healthy.url, "--relay")
    yield str(terminal.laptop.root)
    end_any(str(terminal.laptop.root))


def test_where_nothing_uses_a_relay_none_is_missed(doctor, healthy, connect):
    connect(healthy.url)
    assert doctor()["relay"]["status"] == "skip"


def test_a_relay_that_runs_and_one_that_will(doctor, relayed):
    assert "It runs on http://127.0.0.1:" in doctor()["relay"]["message"]
    end_any(relayed)
    assert "with the next session" in doctor()["relay"]["message"]


def test_a_proxy_between_hooks_and_relay_fails(doctor, relayed, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert doctor()["relay"]["status"] == "fail"
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert doctor()["relay"]["status"] == "pass"


def test_a_port_that_somebody_else_has_fails(doctor, relayed):
    end_any(relayed)
    settings = relay_start.read(relayed)
    assert settings is not None
    with socket.create_server(("127.0.0.1", settings.port)):
        assert "another program has taken the port" in doctor()["relay"]["message"]
