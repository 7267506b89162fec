"""tallyward.cli.checks.trust. What Codex says is looked at in tests/unit/cli/test_doctor_codex.py."""


def test_of_a_codex_that_is_not_on_the_path_nothing_is_known(terminal, healthy, doctor):
    terminal.run("connect", "codex", "--server", healthy.url, "--token", "tw_x")
    check = doctor()["codex trust"]
    assert (check["status"], "not on the PATH" in check["message"]) == ("warn", True)


def test_claude_code_asks_nobody_whom_it_trusts(healthy, connect, doctor):
    connect(healthy.url)
    assert "trust" not in doctor()
