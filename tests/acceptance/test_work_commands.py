"""`tally work`, `tally metrics` and `tally replay`, as an operator runs them."""

import json
from collections.abc import Iterator
from subprocess import CompletedProcess

import psycopg
import pytest

from tests.servers import Server, serving, tally


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own, as on one machine."""
    with serving(tmp_path_factory.mktemp("work") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.token("dispatch", "read")


def run(server: Server, token: str, *arguments: str) -> CompletedProcess[str]:
    extra = {"TALLY_SERVER": server.address, "TALLY_TOKEN": token}
    return tally(*arguments, home=server.data_dir.parent, extra=extra)


def replay(server: Server, *arguments: str) -> CompletedProcess[str]:
    return tally("replay", *arguments, "--data", str(server.data_dir), home=server.data_dir.parent)


def test_a_story_is_moved_shown_and_listed(server: Server, token: str) -> None:
    moved = run(
        server, token, "work", "move", "o/r", "S 1", "build", "--path", "src/a.py", "--verdict", "planned", "--key", "k"
    )
    again = run(
        server, token, "work", "move", "o/r", "S 1", "build", "--path", "src/a.py", "--verdict", "planned", "--key", "k"
    )
    run(server, token, "work", "move", "o/r", "S 2", "abandoned")
    refused = run(server, token, "work", "move", "o/r", "S 2", "review")
    shown = run(server, token, "work", "show", "o/r", "S 1", "--json")
    listed = run(server, token, "work", "list", "--phase", "build")

    assert (moved.stdout, again.stdout) == (
        "o/r S 1: build, attempt 1\n",
        "o/r S 1: build, attempt 1 (known already)\n",
    )
    assert (refused.returncode, refused.stderr.split(".")[0]) == (
        2, "tally: From abandoned it goes on to spec, build, not to review",
    )  # fmt: skip
    assert (json.loads(shown.stdout)["file_scope"], json.loads(shown.stdout)["attempts"]) == (["src/a.py"], 1)
    assert "S 1" in listed.stdout


def test_the_rates_are_told_in_words_and_as_json(server: Server, token: str) -> None:
    for number in range(3):
        run(server, token, "work", "move", "web", f"S-{number}", "merged")
    words = run(server, token, "metrics")
    told = run(server, token, "metrics", "--project", "web", "--json")

    assert words.stdout.splitlines()[0] == "first_pass_merge_rate = undefined (n=3/50)"
    assert "trust: normal (too little was merged to say)" in words.stdout
    assert json.loads(told.stdout)["rebase_conflict_rate"]["scope"] == "global"


def test_a_replay_names_the_rows_that_were_edited_and_puts_them_right(server: Server, token: str) -> None:
    run(server, token, "work", "move", "api", "S-1", "review")
    assert replay(server, "--verify").returncode == 0
    url = tally("db", "url", "--data", str(server.data_dir), home=server.data_dir.parent).stdout.strip()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE work_items SET phase = 'merge', attempts = 7 WHERE project = 'api'")
        connection.execute("INSERT INTO work_items (project, story_id, phase, attempts, opened_at, updated_at)"
                           " VALUES ('api', 'made-up', 'build', 1, now(), now())")  # fmt: skip

    verified = replay(server, "--verify", "--json")
    plain = replay(server, "--verify")
    mended = replay(server)
    with psycopg.connect(server.database_url) as owner:
        owner.execute("SELECT set_config('tally.tenant', 'default', false)")
        owner.execute("DELETE FROM work_items WHERE story_id = 'made-up'")
    after = [replay(server, "--verify").returncode, replay(server).returncode, replay(server, "--verify").returncode]

    assert verified.returncode == plain.returncode == 1
    assert [(one["story_id"], one["differs"]) for one in json.loads(verified.stdout)["differences"]] == [
        ("S-1", ["attempts", "phase"]), ("made-up", ["not in the outbox"]),
    ]  # fmt: skip
    assert "  work_items api S-1: attempts, phase" in plain.stdout.splitlines()
    assert "1 rows were put right, 1 differ." in mended.stdout, "what no event tells of is named and never deleted"
    assert (mended.returncode, after) == (1, [0, 0, 0])


def test_work_may_begin_where_nobody_is_in_its_way(server: Server, token: str) -> None:
    asked = run(server, token, "holds", "check", "api", "S-77", "--path", "src/a.py")
    shown = run(server, token, "holds")

    assert (asked.returncode, asked.stdout.split(":")[0]) == (0, "go")
    assert shown.stdout.startswith("0 waiting now")


def test_a_person_sets_trust_for_a_time_and_an_orchestrator_does_not(server: Server, token: str) -> None:
    person = server.token("approve", "read")
    wish = ("trust", "override", "restricted", "--agent", "axon", "--for", "2d", "--reason", "wrong lock files")
    refused = run(server, token, *wish)
    made = run(server, person, *wish)
    shown = run(server, person, "trust")
    told = run(server, person, "trust", "show", "--json")
    ended = run(server, person, "trust", "end", "--agent", "axon")

    assert (refused.returncode, refused.stderr.startswith("tally: ")) == (2, True)
    assert made.stdout.startswith("axon: restricted until ")
    assert "wrong lock files" in shown.stdout
    assert [one["level"] for one in json.loads(told.stdout)["agents"]] == ["restricted"]
    assert ended.stdout.startswith("axon: what ")
