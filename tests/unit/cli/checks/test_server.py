"""tallyward.cli.checks.server."""


def test_a_server_that_does_not_answer(connect, doctor):
    connect("http://127.0.0.1:1")
    found = doctor()
    assert (found["server"]["status"], "does not answer" in found["server"]["message"]) == ("fail", True)
    assert found["canary"]["status"] == "skip", "it could not arrive"
    assert "token" not in found


def test_a_laptop_that_knows_no_server(doctor):
    assert doctor()["server"]["status"] == "fail"
