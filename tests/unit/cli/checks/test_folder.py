"""tallyward.cli.checks.folder."""


def test_a_folder_that_cannot_be_written(doctor, monkeypatch):
    monkeypatch.setenv("TALLY_HOME", "/proc/tally")
    assert doctor()["folder"]["status"] == "fail"
