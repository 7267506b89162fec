"""Codex at work as people and models really use it: each fire is one right row, each token counts once."""

import pytest

from tallyward.testing.scripted_model import SHELL, Say, Script, Step, Together, Usage, Use
from tests.clients.accounts import assert_counted, assert_nothing_changed
from tests.clients.codex import IN_NAMESPACES, PLAIN, PROGRAMMING, RealCodex
from tests.clients.rows import arrived, by_kind, fires, told
from tests.clients.test_backfill import backfilled
from tests.clients.workplace import SKILL
from tests.servers import Server

pytestmark = pytest.mark.clients

USAGE = Usage(fresh=100, cache_write=10, cache_read=1_000, output=20, reasoning=3)
TRUE, FAILING = Use(SHELL, {"command": "true"}), Use(SHELL, {"command": "exit 3"})


def assert_backfill_changes_nothing(codex: RealCodex, serve: Server) -> None:
    live = fires(serve)
    backfilled(codex, "codex")
    assert_nothing_changed(live, serve)
    again = backfilled(codex, "codex")
    assert (again["requests"]["sent"], again["fires"]["sent"]) == (0, 0)


def reasoning(codex: RealCodex, serve: Server) -> tuple[int, int]:
    """What the models have reported, and what is counted."""
    ((counted,),) = serve.rows("SELECT sum(reasoning_tokens)::int FROM metered_requests")
    return sum(usage.reasoning for _, usage in codex.answered), counted


def everything(codex: RealCodex) -> list[Step]:
    """Calls beside each other, skills that are read, what the sandbox does not allow, and what is large."""
    outer = codex.skill.parent.with_name("outer") / "SKILL.md"
    outer.parent.mkdir()
    outer.write_text(SKILL.replace("probe-echo", "outer"))
    return [
        Together([TRUE, TRUE, FAILING], usage=Usage(fresh=10, cache_write=20, cache_read=40, output=50, reasoning=5)),
        Use(SHELL, {"command": f"cat {outer}"}, usage=Usage(fresh=1, cache_write=0, cache_read=0, output=3)),
        Use(SHELL, {"command": f"cat {codex.skill}"}),
        Use(SHELL, {"command": "touch /etc/forbidden"}),
        Use(SHELL, {"command": "yes 'ünï' | head -c 200000"}),
        Say("done ✓"),
    ]


@pytest.mark.parametrize("model", [PLAIN, IN_NAMESPACES])
def test_whatever_a_model_asks_for_at_once_is_one_row_for_each_that_was_made(
    codex_exporting: RealCodex, serve: Server, model: str
):
    codex = codex_exporting
    done = codex.ask("los 👋", Script(everything(codex)), model=model, usage=USAGE)
    assert done.out.decode().strip() == "done ✓"
    rows = arrived(codex, serve)
    assert told(rows) == [
        ("session", "session", "success"),
        ("skill", "outer", "success"),
        ("skill", "probe-echo", "success"),
        *[("tool", "Bash", "error")] * 2,
        *[("tool", "Bash", "success")] * 5,
    ]
    assert {row["runtime"] for row in rows} == {"codex-cli"}
    assert {tuple(row["seen_by"]) for row in by_kind(rows)["tool"]} == {("hook", "otlp")}
    assert_counted(codex, serve)
    assert_backfill_changes_nothing(codex, serve)
    assert_counted(codex, serve)
    told_of, counted = reasoning(codex, serve)
    assert told_of == counted


def test_a_program_of_the_model_is_no_row_beside_the_calls_that_it_makes(codex_exporting: RealCodex, serve: Server):
    codex = codex_exporting
    both = "await Promise.all([tools.exec_command({cmd: 'true'}), tools.exec_command({cmd: 'exit 3'})])"
    steps = [Use("exec", {"program": both}), Use("mcp__probe__ping", {"x": "ü€😀"}), Say("done")]
    assert codex.ask("go", Script(steps), model=PROGRAMMING, usage=USAGE).out.strip() == b"done"
    assert told(arrived(codex, serve)) == [
        ("mcp", "mcp__probe__ping", "success"),
        ("session", "session", "success"),
        ("tool", "Bash", "error"),
        ("tool", "Bash", "success"),
    ]
    assert_backfill_changes_nothing(codex, serve)


def test_a_session_that_is_resumed_with_another_model_and_has_a_subagent_is_counted_once(
    codex_exporting: RealCodex, serve: Server
):
    codex = codex_exporting
    begin = [Use("multi_agent_v1__spawn_agent", {"message": "SUBTASK"}), Use(SHELL, {"command": "sleep 2"})]
    subtask = Script([TRUE, Say("seen")], when="SUBTASK")
    codex.ask("one", subtask, Script([*begin, Say("done")]), model=IN_NAMESPACES, usage=USAGE)
    more = Script([*begin, Together([TRUE, FAILING]), Say("again")], when="two")
    codex.ask("two $probe-echo", more, model=PLAIN, options=("resume", "--last"), usage=USAGE)
    rows = arrived(codex, serve)
    assert told(rows) == [
        ("agent", "default", "success"),
        *[("session", "session", "success")] * 2,
        ("skill", "probe-echo", "success"),
        ("tool", "Bash", "error"),
        *[("tool", "Bash", "success")] * 3,
    ]
    assert len({row["session_id"] for row in rows}) == 1
    assert_counted(codex, serve)
    assert_backfill_changes_nothing(codex, serve)
    assert_counted(codex, serve)
