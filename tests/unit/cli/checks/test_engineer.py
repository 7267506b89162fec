"""tallyward.cli.checks.engineer."""


def test_nobody_says_who_works_here(terminal, doctor, monkeypatch):
    monkeypatch.delenv("GITHUB_USER")
    check = doctor()["engineer"]
    assert (check["status"], "GITHUB_USER" in check["remedy"]) == ("fail", True)
    (terminal.laptop.home / ".gitconfig").write_text("[user]\nname = Ann B\n")
    check = doctor()["engineer"]
    assert (check["status"], "'Ann B', which is git's word" in check["message"]) == ("warn", True)


def test_whose_rows_the_token_shows_is_held_against_whose_are_written(healthy, connect, doctor, monkeypatch):
    connect(healthy.url)
    monkeypatch.setenv("GITHUB_USER", "somebody-else")
    check = doctor()["engineer"]
    assert check["status"] == "warn"
    assert "somebody-else" in check["message"]
    assert "--engineer somebody-else" in check["remedy"]
