"""`tally connect --relay` and its undoing: what goes to the relay, what stays, and every file as it was."""

import json
import os
import socket

import pytest

from tallyward.cli import managed, programs, relay_wiring
from tallyward.client import relay_start
from tallyward.errors import NotForAll
from tests.relaying import end_any
from tests.waiting import eventually

CLAUDES = b'{\n    "env": {"FOO": "bar"},\n    "model": "opus"}\n'
CODEXES = b'model = "gpt-5.5"   # and odd'
FREQUENT = {"PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionDenied"}
EXPORTS = {"CLAUDE_CODE_ENABLE_TELEMETRY", "OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL"}


@pytest.fixture(autouse=True)
def ended(terminal, monkeypatch):
    """No proxy of whoever runs the tests, and no relay left behind."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    yield
    end_any(str(terminal.laptop.root))


@pytest.fixture
def files(terminal):
    """Settings of both programs, written by people."""
    found = {terminal.laptop.home / ".claude" / "settings.json": CLAUDES}
    found[terminal.laptop.home / ".codex" / "config.toml"] = CODEXES
    for path, content in found.items():
        path.parent.mkdir()
        path.write_bytes(content)
    return found


def settings(terminal):
    return json.loads((terminal.laptop.home / ".claude" / "settings.json").read_text())


def kinds(terminal):
    """The kind of the hook of each event."""
    return {event: groups[0]["hooks"][0]["type"] for event, groups in settings(terminal)["hooks"].items()}


def test_frequent_hooks_and_telemetry_go_to_the_relay_and_nothing_else(terminal, listener, connect, files):
    done = connect(listener.url, "--relay")
    assert "takes its hooks at each call and its telemetry." in done.output
    root = str(terminal.laptop.root)
    known = relay_start.read(root)
    assert known is not None
    assert {event for event, kind in kinds(terminal).items() if kind == "http"} == FREQUENT
    env = settings(terminal)["env"]
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == known.url
    assert env["FOO"] == "bar"
    assert listener.url not in json.dumps(settings(terminal))
    assert "tw_x" not in json.dumps(settings(terminal))
    assert relay_wiring.running(root)
    assert f"Relay      {known.url}, process" in terminal.run("status").output
    assert programs.CLAUDE.user_settings().state(programs.CLAUDE.command()) == "connected"


def test_connecting_again_keeps_the_relay_and_changes_nothing(terminal, listener, connect, files):
    connect(listener.url, "--relay")
    before = [path.read_bytes() for path in files]
    assert "Hooks were already in" in connect(listener.url).output
    assert "Hooks were already in" in connect(listener.url, "--relay").output
    assert [path.read_bytes() for path in files] == before


def test_without_a_word_of_it_there_is_no_relay(terminal, listener, connect):
    connect(listener.url)
    assert set(kinds(terminal).values()) == {"command"}
    assert "env" not in settings(terminal)
    assert not (terminal.laptop.root / "relay").exists()


def test_every_file_comes_back_byte_for_byte_and_the_relay_ends(terminal, listener, files):
    token = ("--server", listener.url, "--token", "tw_x")
    assert terminal.run("connect", "--all", "--relay", *token).exit_code == 0
    assert b"[otel] # tallyward" in (terminal.laptop.home / ".codex" / "config.toml").read_bytes()
    root = str(terminal.laptop.root)
    assert relay_wiring.running(root)
    assert "relay ends" not in terminal.run("disconnect", "claude").output
    assert "The relay ends" in terminal.run("disconnect", "codex").output
    assert {path: path.read_bytes() for path in files} == files
    eventually(lambda: relay_wiring.running(root) is None, 10)
    assert relay_start.read(root) is None


def test_no_relay_takes_only_that_back(terminal, listener, connect, files):
    connect(listener.url, "--relay")
    connect(listener.url, "--no-relay")
    assert set(kinds(terminal).values()) == {"command"}
    assert settings(terminal)["env"] == {"FOO": "bar"}
    assert relay_start.read(str(terminal.laptop.root)) is None


def test_after_somebody_has_edited_the_file_only_what_is_ours_goes(terminal, listener, connect, files):
    connect(listener.url, "--relay")
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(json.dumps({**settings(terminal), "model": "sonnet"}))
    terminal.run("disconnect", "claude")
    assert settings(terminal) == {"env": {"FOO": "bar"}, "model": "sonnet"}


@pytest.mark.parametrize("where", ["environment", "settings"])
def test_telemetry_that_goes_elsewhere_is_left_alone(terminal, listener, connect, monkeypatch, where):
    if where == "environment":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example")
    else:
        path = terminal.laptop.home / ".claude" / "settings.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"env": {"OTEL_LOGS_EXPORTER": "console"}}))
    done = connect(listener.url, "--relay")
    assert "that was left alone." in done.output
    assert EXPORTS.difference({"OTEL_LOGS_EXPORTER"}).isdisjoint(settings(terminal).get("env", {}))
    assert kinds(terminal)["PostToolUse"] == "http"


def test_codex_that_exports_elsewhere_is_left_alone(terminal, listener, files):
    config = terminal.laptop.home / ".codex" / "config.toml"
    config.write_bytes(b'[otel]\nenvironment = "dev"\n')
    done = terminal.run("connect", "codex", "--relay", "--server", listener.url, "--token", "tw_x")
    assert "that was left alone." in done.output
    assert config.read_bytes() == b'[otel]\nenvironment = "dev"\n'


def test_where_a_proxy_would_get_them_hooks_stay_processes(terminal, listener, connect, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    done = connect(listener.url, "--relay")
    assert "so its hooks stay processes" in done.output
    assert set(kinds(terminal).values()) == {"command"}
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in settings(terminal)["env"]
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    connect(listener.url)
    assert kinds(terminal)["PostToolUse"] == "http"


def test_where_the_addresses_of_hooks_are_limited_they_stay_processes(terminal, listener, connect):
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"allowedHttpHookUrls": ["https://hooks.example/*"]}))
    assert "limits the addresses of hooks" in connect(listener.url, "--relay").output
    assert set(kinds(terminal).values()) == {"command"}


def test_a_port_that_was_taken_meanwhile_is_changed_for_another(terminal, listener, connect):
    with socket.create_server(("127.0.0.1", 0)) as other:
        relay_start.write(str(terminal.laptop.root), relay_start.Settings(other.getsockname()[1]))
        connect(listener.url, "--relay")
        known = relay_start.read(str(terminal.laptop.root))
        assert known is not None
        assert known.port != other.getsockname()[1]
        assert settings(terminal)["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == known.url


def test_a_repositorys_settings_name_no_ones_relay(terminal, listener, connect):
    with pytest.raises(NotForAll):
        connect(listener.url, "--project", "--relay")
    connect(listener.url, "--relay")
    connect(listener.url, "--project")
    shared = (terminal.laptop.home / "widget" / ".claude" / "settings.json").read_text()
    assert "127.0.0.1" not in shared
    assert "127.0.0.1" not in managed.claude() + managed.plugin_hooks()


def test_what_telemetry_may_hold_does_not_say_where_it_goes(terminal, listener, connect, monkeypatch):
    monkeypatch.setenv("OTEL_LOG_TOOL_DETAILS", "1")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    connect(listener.url, "--relay")
    assert settings(terminal)["env"].keys() >= EXPORTS
