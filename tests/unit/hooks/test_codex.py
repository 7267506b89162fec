"""The hook as Codex starts it: a process that says nothing, ends with 0, and looks into the session's rollout."""

import subprocess
import sys

import pytest

from tests.codex_events import AGENT, CALL, EVENTS, MARKER, SESSION, completed, event, lines, meta, tool
from tests.laptop import CODEX_HOOK, PACKAGE


@pytest.fixture
def fired(laptop):
    """Runs the hook on an event of a session with this rollout; the rows that wait then."""
    rollout = laptop.home / "rollout.jsonl"

    def run(one, *records):
        rollout.write_text(lines(meta("codex-tui"), *records))
        done = laptop.hook({**one, "transcript_path": str(rollout)}, script=CODEX_HOOK)
        assert (done.code, done.out, done.err) == (0, b"", b"")
        return [record["row"] for record in laptop.spooled()]

    return run


@pytest.mark.parametrize("one", EVENTS, ids=lambda one: f"{one['hook_event_name']}-{one.get('tool_name', '')}")
def test_every_event_ends_with_0_and_without_a_word(laptop, one):
    done = laptop.hook(one, script=CODEX_HOOK)
    assert (done.code, done.out, done.err) == (0, b"", b"")
    assert MARKER.encode() not in laptop.everything()


def test_the_outcome_and_the_runtime_come_from_the_rollout_and_nothing_else_does(laptop, fired):
    (row,) = fired(tool("PostToolUse"), completed("CommandExecution", status="failed", exit_code=3, took_ms=12))
    assert (row["fire_key"], row["status"], row["latency_ms"], row["runtime"]) == (CALL, "error", 12, "codex-cli")
    assert MARKER.encode() not in laptop.everything()


def test_a_session_without_a_rollout_has_the_time_between_two_hooks(laptop):
    for name in ("PreToolUse", "PostToolUse"):
        laptop.hook(tool(name, transcript_path=None), script=CODEX_HOOK)
    begun, ended = (record["row"] for record in laptop.spooled())
    assert (begun["status"], ended["status"], ended["runtime"]) == ("abandoned", "success", "codex-local")
    assert 0 < ended["latency_ms"] < 10_000


def test_what_is_remembered_goes_with_its_call_its_agent_or_its_session(laptop, fired):
    fired(event("UserPromptSubmit"))
    fired(tool("PreToolUse"))
    fired(tool("PreToolUse", tool_use_id="call_killed"))
    fired(event("SubagentStart", agent_id=AGENT))
    names = {path.name for path in (laptop.root / "sessions").iterdir()}
    assert names == {f"{SESSION}{part}.json" for part in ("", f".{CALL}", ".call_killed", f".{AGENT}")}
    fired(tool("PostToolUse"))
    assert not (laptop.root / "sessions" / f"{SESSION}.{CALL}.json").exists()
    fired(event("SessionEnd"))
    assert list((laptop.root / "sessions").iterdir()) == []


def test_it_imports_nothing_that_is_slow():
    """Each of these takes longer to import than the hook has to live."""
    slow = ("json", "re", "typing", "hashlib", "pathlib", "subprocess", "logging", "enum", "dataclasses", "datetime")
    program = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r})\n"
        "from tallyward.hooks import codex_rollout, fire, start\n"
        "from tallyward.capture import codex\n"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
