"""tallyward.cli.checks.token."""

from tests.listening_server import refusal


def test_a_token_that_was_revoked(healthy, connect, doctor):
    connect(healthy.url)
    usual = healthy.answers
    healthy.answers = lambda request: usual(request) or refusal(401, "not_authenticated", "It was revoked.")
    found = doctor()
    assert (found["token"]["status"], found["token"]["message"]) == ("fail", "It was revoked.")
    assert found["canary"]["status"] == "skip"
