"""From an event to lines in the spool."""

import json

import pytest

from tallyward import clock
from tallyward.capture.claude_code import ClaudeCode
from tallyward.client import home
from tallyward.client.fingerprint import keyed_hash
from tallyward.hooks import fire
from tests.claude_events import MARKER, SESSION, event, every_event, tool

NOBODY = home.LaptopConfig({})


@pytest.fixture
def record(laptop):
    def one(given, config=NOBODY, **environ):
        raw = given if isinstance(given, bytes) else json.dumps(given).encode()
        environ = {"CLAUDE_CODE_ENTRYPOINT": "cli", **environ}
        fire.record(str(laptop.root), raw, config, environ, source=ClaudeCode())
        return laptop.spooled()

    return one


def test_no_content_of_any_event_touches_the_disk(laptop, record):
    for one in every_event():
        record(one, home.LaptopConfig({"arg_key": "k"}))
    assert len(laptop.spooled()) > 10
    assert MARKER.encode() not in laptop.everything()


def test_arguments_are_hashed_under_the_tenants_key(record):
    (found,) = record(tool("PostToolUse", given={"b": 1, "a": "x"}), home.LaptopConfig({"arg_key": "k"}))
    assert found["row"]["arg_hash"] == keyed_hash("k", b'{"a":"x","b":1}')


def test_without_a_key_there_is_no_hash(record):
    (found,) = record(tool("PostToolUse"))
    assert found["row"]["arg_hash"] is None


def test_the_repository_is_read_from_where_the_agent_works(laptop, record):
    top = laptop.home / "widget"
    (top / ".git").mkdir(parents=True)
    (top / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (top / ".git" / "config").write_text('[remote "origin"]\n\turl = https://ann:secret@github.com/acme/widget.git\n')
    read = tool("PostToolUse", "Read", {"file_path": str(top / "src" / "a.py")}, cwd=str(top))
    fired, fetched = record(read)
    assert (fired["row"]["repo"], fired["row"]["branch"]) == ("acme/widget", "main")
    assert (fetched["row"]["file_path"], fetched["row"]["repo"]) == ("src/a.py", "acme/widget")
    assert b"secret" not in laptop.everything()


def test_a_session_remembers_from_event_to_event_and_then_no_more(laptop, record):
    record(event("UserPromptSubmit"))
    assert (laptop.root / "sessions" / f"{SESSION}.json").exists()
    *_, ended = record(event("Stop"))
    assert ended["row"]["latency_ms"] is not None
    record(event("SessionEnd"))
    assert list((laptop.root / "sessions").iterdir()) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_event_is_a_counted_loss(laptop, record, raw):
    assert record(raw) == []
    assert [file.read_bytes() for file in (laptop.root / "spool").glob("losses-*")] == [b"u"]


def test_an_event_we_do_not_know_is_no_loss(laptop, record):
    assert record(event("Notification", message="x")) == []
    assert not (laptop.root / "spool").exists()


@pytest.mark.parametrize(("named", "expected"), [(" \n", "unknown"), ("x" * 900, "x" * 200), ("ann\nb", "ann b")])
def test_an_engineer_always_has_a_name_that_the_server_takes(laptop, record, monkeypatch, named, expected):
    monkeypatch.setenv("HOME", str(laptop.home))
    (found,) = record(tool("PostToolUse"), GITHUB_USER=named)
    assert found["row"]["engineer_id"] == expected


def test_how_long_the_hook_took_stands_beside_the_first_row_and_in_none(laptop):
    given = json.dumps(tool("PostToolUse")).encode()
    began = clock.elapsed_seconds() - 1.5
    fire.record(str(laptop.root), given, NOBODY, {}, source=ClaudeCode(), began=began)
    first, *others = laptop.spooled()
    assert 1_500 <= first["hook_ms"] < 20_000
    assert "hook_ms" not in first["row"]
    assert not any("hook_ms" in record for record in others)


def test_a_real_hook_tells_how_long_it_took(laptop):
    began = clock.elapsed_seconds()
    laptop.hook(tool("PostToolUse"))
    assert 0 < laptop.spooled()[0]["hook_ms"] <= (clock.elapsed_seconds() - began) * 1_000
