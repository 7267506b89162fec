"""`tally policy`, as an operator runs it: from rows in a file to a policy that watches and is not promoted."""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.decisions import decisions
from tests.servers import Server, serving, tally


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def exported(pulls: int) -> list[dict[str, Any]]:
    """Decisions as an export has them, with what became of each beside it."""
    return [{**one, "outcome": "success", "resolution_hours": 2.5} for one in decisions(pulls)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("policy") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A file of rows, the policy made from it, and what was said of it."""
    folder = tmp_path_factory.mktemp("trained")
    lines = [*exported(140), {"measurement": "pr_observation"}, exported(1)[0]]
    rows, model = written(folder / "rows.jsonl", lines), folder / "policy.json"
    said = tally("policy", "train", "--rows", str(rows), "--model", str(model), "--json", home=folder)
    assert said.returncode == 0, said.stderr
    return rows, model, json.loads(said.stdout)


def test_a_policy_is_made_and_told_with_its_intervals_and_against_both_baselines(
    trained: tuple[Path, Path, dict[str, Any]],
) -> None:
    rows, model, said = trained
    words = tally("policy", "evaluate", "--rows", str(rows), "--model", str(model), home=model.parent)

    assert said["skipped"]["no decision, or not whole"] == 1
    assert said["agreement"]["value"] > said["always_wait"]["high"]
    assert said["agreement"]["low"] <= said["agreement"]["value"] <= said["agreement"]["high"]
    assert (said["rows"], said["pull_requests"]) == (said["agreement"]["n"], said["agreement"]["pull_requests"])
    assert words.returncode == 0, words.stderr
    assert said["policy"] in words.stdout
    assert "nothing here says which is better" in words.stdout
    assert json.loads(model.read_text())["format"] == "tallyward.tree/1"


def test_too_little_is_refused_with_the_numbers_that_it_takes(tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.jsonl", exported(5))
    refused = tally("policy", "train", "--rows", str(rows), "--model", str(tmp_path / "p.json"), home=tmp_path)

    assert refused.returncode == 2
    assert "of 500 decisions, 5 of 60 pull requests" in refused.stderr
    assert "docs/how-to/learned-policy.md" in refused.stderr
    assert not (tmp_path / "p.json").exists()


def test_what_the_server_exports_is_what_a_policy_is_made_from(server: Server, tmp_path: Path) -> None:
    home, told = server.data_dir.parent, decisions(140)
    server.rows(
        "SELECT count(tally_append_event('pull_request.decision', NULL, one))"
        " FROM jsonb_array_elements(%(told)s::jsonb) AS one",
        told=json.dumps(told),
    )
    rows, model = tmp_path / "rows.jsonl", tmp_path / "p.json"
    data = ("--data", str(server.data_dir))
    exported = tally("export", "training", "--output", str(rows), *data, home=home)
    by_file = tally("policy", "train", "--rows", str(rows), "--model", str(model), "--json", home=home)
    by_ledger = tally("policy", "train", "--since", "3000d", "--model", str(model), "--json", *data, home=home)

    assert exported.returncode == 0, exported.stderr
    assert by_file.returncode == 0, by_file.stderr
    assert json.loads(by_file.stdout)["skipped"] == {}
    assert json.loads(by_file.stdout)["policy"] == json.loads(by_ledger.stdout)["policy"], "the same tree either way"


def test_a_policy_watches_is_not_promoted_and_goes_again(
    server: Server, trained: tuple[Path, Path, dict[str, Any]]
) -> None:
    _, model, said = trained

    def run(*arguments: str) -> CompletedProcess[str]:
        return tally("policy", *arguments, "--data", str(server.data_dir), home=server.data_dir.parent)

    on = run("shadow", "on", "--model", str(model))
    status = json.loads(run("status", "--json").stdout)
    refused = run("promote")
    off = run("shadow", "off")

    assert on.stdout.startswith(f"{said['policy']}: shadow since")
    assert (status["standing"]["phase"], status["trained"]["rows"]) == ("shadow", said["learnt_rows"])
    assert refused.returncode == 1
    assert "not to be promoted: It has been in the shadow since" in refused.stdout
    assert "In this release no learned policy acts" in refused.stdout
    assert off.stdout.startswith("No policy is in the shadow.")


@pytest.mark.parametrize("content", ["", "{}", "cos\nsystem\n(S'true'\ntR."])
def test_a_file_that_is_no_policy_is_refused_in_one_line(server: Server, tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    refused = tally(
        "policy", "shadow", "on", "--model", str(tmp_path / "p.json"), "--data", str(server.data_dir), home=tmp_path
    )

    assert (refused.returncode, refused.stderr.startswith("tally: That is no policy")) == (2, True)
