"""tallyward.cli.checks.losses."""

from tallyward.client import spool


def test_what_could_not_be_kept_is_told(terminal, healthy, connect, doctor):
    connect(healthy.url)
    assert doctor()["losses"]["status"] == "pass"
    spool.count_loss(str(terminal.laptop.root), "d")
    check = doctor()["losses"]
    assert (check["status"], "1 disk" in check["message"]) == ("warn", True)
