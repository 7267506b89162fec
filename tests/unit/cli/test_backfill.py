"""`tally backfill`: what is on the disk is delivered once, whatever happens in between."""

import os
from typing import Any

import pytest

from tallyward.cli import backfill_reading
from tallyward.cli.backfill import moment_of_day
from tallyward.client import transcript_lines
from tests.backfill_machine import Machine, session
from tests.listening_server import ListeningServer, Request, refusal
from tests.opencode_database import Database
from tests.transcripts import CANARY, USAGE, Rollout, Transcript, at, sums

Json = dict[str, Any]


def test_what_is_on_the_disk_is_delivered_and_a_second_run_sends_nothing(machine: Machine):
    machine.claude("s1.jsonl", *session().lines)
    agent = Transcript("s1", sidechain=True).prompt("s1-p0").answer("msg_agent")
    machine.claude("s1/subagents/agent-a1.jsonl", *agent.lines)
    first = machine.backfill("claude")
    assert (first["requests"]["stored"], first["fires"]["stored"], first["complete"]) == (7, 6, True)
    assert (first["files"]["read"], first["lines"], first["duplicates"]) == (2, 17, 3)
    row = machine.rows["msg_s1_0"]
    assert (row["engineer_id"], row["runtime"], row["source"]) == ("ann", "claude-code-cli", "transcript")
    sent = len(machine.listener.posts)
    again = machine.backfill("claude")
    assert (again["files"]["unchanged"], again["requests"]["sent"], again["fires"]["sent"]) == (2, 0, 0)
    assert len(machine.listener.posts) == sent


def test_a_file_that_has_grown_is_read_from_where_it_stopped(machine: Machine):
    lines = session().lines
    path = machine.claude("s1.jsonl", *lines[:6], lines[6][:20])
    first = machine.backfill("claude")
    assert (first["lines"], first["passed_over"]["held_back"]) == (6, 1)
    machine.claude("s1.jsonl", lines[6][20:], *lines[7:], mode="ab")
    second = machine.backfill("claude")
    assert (second["lines"], second["bytes"]) == (9, path.stat().st_size - len(b"".join(lines[:6])))
    assert sum(row.get("input_tokens", 0) for row in machine.rows.values()) == 6 * USAGE["input_tokens"]
    assert [row["status"] for row in machine.rows.values() if "status" in row] == ["success"] * 6


@pytest.mark.parametrize("answered", [0, 1, 3])
def test_a_run_that_was_cut_off_goes_on_and_comes_to_the_same(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answered: int
):
    monkeypatch.setattr(backfill_reading, "SLICE_BYTES", 2_000)
    for name in ("s1", "s2"):
        machine.claude(f"{name}.jsonl", *session(name).lines)

    def answers(request: Request) -> Any:
        kept = len(machine.listener.posts) > answered and request.method == "POST"
        return refusal(503, "busy", "the disk is full") if kept else None

    machine.listener.answers = answers
    cut = machine.backfill("claude", code=1)
    assert (cut["complete"], cut["reason"]) == (False, "the disk is full")
    assert cut["undelivered"] > 0
    machine.listener.answers = lambda _request: None
    assert machine.backfill("claude")["complete"]
    whole = machine.told()
    assert len(whole) == 2 * (6 + 6)
    machine.listener.rows.clear()
    (machine.laptop.root / "backfill").rename(machine.laptop.root / "elsewhere")
    machine.backfill("claude")
    assert machine.told() == whole


def test_a_forks_copies_are_the_first_sessions_own(machine: Machine):
    lines = session("s1", 2).lines
    machine.claude("b.jsonl", *lines)
    copied = [line.replace(b'"sessionId":"s1"', b'"sessionId":"s2"') for line in lines]
    own = Transcript("s2", start=60).prompt("s2-p").answer("msg_own", stop="end_turn")
    mode = b'{"type":"queue-operation","timestamp":"2026-05-01T10:00:59.000Z"}\n'
    machine.claude("a.jsonl", mode, *copied, *own.lines)
    machine.backfill("claude")
    told = {key: row["session_id"] for key, row in machine.rows.items()}
    assert {session_id for key, session_id in told.items() if "own" not in key and "s2-p" not in key} == {"s1"}
    assert told["msg_own"] == told["s2:s2-p:session"] == "s2"


def test_what_was_before_a_day_is_left_out_and_can_be_had_later(machine: Machine):
    machine.claude("s1.jsonl", *session().lines, *Transcript("s2", start=86_400 * 3).prompt("p9").answer("m9").lines)
    old = machine.claude("old.jsonl", *session("old").lines)
    os.utime(old, (1_700_000_000, 1_700_000_000))
    recent = machine.backfill("claude", "--since", "2026-05-03")
    assert set(machine.rows) == {"m9", "s2:p9:session"}
    assert (recent["files"]["older"], recent["passed_over"]["older"]) == (1, 12)
    machine.backfill("claude")
    assert len(machine.rows) == 2 + 12 + 12


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2026-05-01T25:00"])
def test_a_day_that_is_none_is_refused(machine: Machine, day: str):
    done = machine.terminal.run("backfill", "claude", "--since", day)
    assert done.exit_code == 2
    assert "is no date" in done.output
    assert moment_of_day("2026-05-01T10:00:00+02:00") == "2026-05-01T08:00:00.000000Z"


def test_other_processes_read_the_same(machine: Machine, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        machine.claude(f"s{number}.jsonl", *session(f"s{number}").lines)
    machine.backfill("claude")
    alone = machine.told()
    machine.listener.rows.clear()
    (machine.laptop.root / "backfill").rename(machine.laptop.root / "elsewhere")
    monkeypatch.setattr(backfill_reading, "PARALLEL_BYTES_MIN", 0)
    monkeypatch.setattr(backfill_reading, "PROCESSES_MAX", 2)
    machine.backfill("claude")
    assert machine.told() == alone


def test_another_ledger_gets_everything(machine: Machine):
    machine.claude("s1.jsonl", *session().lines)
    machine.backfill("claude")
    with ListeningServer() as other:
        machine.laptop.connect(other.url)
        machine.backfill("claude")
        assert len(other.rows) == len(machine.rows) == 12


def test_a_fork_of_codex_is_told_from_its_parent_by_the_parents_rollout(machine: Machine):
    machine.codex("00-t1", Rollout("t1").turn("a").count(100, last=sums(100)).count(300, last=sums(200)))
    fork = Rollout("t2", start=100, forked_from_id="t1").count(100, last=sums(100)).count(300, last=sums(200))
    machine.codex("10-t2", fork.turn("b").count(350, last=sums(50)))
    machine.codex("20-t3", Rollout("t3", start=200, forked_from_id="t2").count(300).count(350).count(360))
    machine.backfill("codex")
    usage = {key: row["input_tokens"] for key, row in machine.rows.items() if "input_tokens" in row}
    assert usage == {"t1:100": 100, "t1:300": 200, "t2:350": 50, "t3:360": 10}
    row = machine.rows["t1:100"]
    assert (row["runtime"], row["repo"], row["branch"]) == ("codex-cli", "acme/widget", "feature")


def test_a_rollout_may_be_compressed_and_is_told_of_when_nothing_can_read_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    path = machine.codex("00-t1", Rollout("t1").turn().count(100))
    compressed = path.with_suffix(".jsonl.zst")
    compressed.write_bytes(transcript_lines._zstd().compress(path.read_bytes()))
    path.unlink()
    with monkeypatch.context() as without:
        without.setattr(transcript_lines, "can_decompress", lambda: False)
        assert machine.backfill("codex")["files"]["compressed"] == 1
        assert "tallyward[backfill]" in machine.terminal.run("backfill", "codex").output
    machine.backfill("codex", "--root", str(machine.home / ".codex"))
    assert "t1:100" in machine.rows


def test_a_folder_that_is_not_there_is_an_error(machine: Machine):
    done = machine.terminal.run("backfill", "claude", "--root", str(machine.home / "nowhere"))

    assert done.exit_code == 2
    assert "nowhere" in done.output.replace("\n", "")


def test_opencodes_store_is_read_on_from_what_was_written_last(machine: Machine):
    folder = machine.home / ".local" / "share" / "opencode"
    folder.mkdir(parents=True)
    database = Database(folder / "opencode.db").answered(1)
    assert machine.backfill("opencode")["requests"]["stored"] == 1
    assert machine.rows["prt_1b"]["reported_cost_micros"] == 500_000
    again = machine.backfill("opencode")
    assert (again["requests"]["sent"], again["fires"]["sent"]) == (0, 0)
    database.answered(2).close()
    assert machine.backfill("opencode")["requests"]["stored"] == 1
    assert set(machine.rows) == {
        "prt_1b", "c1", "ses_1:msg_1a:session", "prt_2b", "c2", "ses_1:msg_2a:session",
    }  # fmt: skip


def test_a_file_that_cannot_be_read_costs_itself_alone(machine: Machine):
    (machine.home / ".local" / "share" / "opencode").mkdir(parents=True)
    (machine.home / ".local" / "share" / "opencode" / "opencode.db").write_text("no database")
    broken = machine.backfill("opencode")
    assert (broken["files"]["unreadable"], broken["complete"]) == (1, True)
    assert "not a database" in machine.terminal.run("backfill", "opencode").output


def test_nothing_that_was_said_leaves_the_files(machine: Machine):
    machine.claude("s1.jsonl", *session(slug=CANARY).lines)
    machine.codex("00-t1", Rollout("t1").turn().call("c1").count(5))
    for program in ("claude", "codex"):
        machine.backfill(program)
    sent = b"".join(request.body for request in machine.listener.requests)
    assert b"msg_s1_0" in sent
    assert CANARY.encode() not in sent
    assert CANARY.encode() not in machine.laptop.everything()


def test_a_moment_that_nobody_knows_is_when_the_file_was_written(machine: Machine):
    path = machine.claude("s1.jsonl", *Transcript().answer("m1", timestamp=None).lines)
    os.utime(path, (1_777_629_600, 1_777_629_600))
    machine.backfill("claude")
    assert machine.rows["m1"]["ts"] == at(0).replace("000Z", "000000Z")
