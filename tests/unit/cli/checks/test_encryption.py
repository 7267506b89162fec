"""tallyward.cli.checks.encryption."""

import ssl
from types import SimpleNamespace

from tallyward.cli.checks.encryption import Encryption
from tallyward.errors import ServerUnreachable


def test_an_address_without_tls_behind_a_port_that_speaks_none(healthy, connect, doctor):
    connect(healthy.url.replace("http://", "https://"))
    check = doctor()["encryption"]
    assert check["status"] == "fail"
    assert f"connect with {healthy.url}" in check["remedy"]


def test_a_certificate_that_nobody_vouches_for():
    refusal = ServerUnreachable("no")
    refusal.__cause__ = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    facts = SimpleNamespace(health=refusal, config=SimpleNamespace(server="https://tally.example"), in_clear=False)
    (check,) = Encryption().judge(facts)  # type: ignore[arg-type]
    assert (check.status, "SSL_CERT_FILE" in check.remedy) == ("fail", True)


def test_an_address_of_another_machine_in_clear_is_warned_of():
    facts = SimpleNamespace(health={}, config=SimpleNamespace(server="http://tally.example"), in_clear=True)
    (check,) = Encryption().judge(facts)  # type: ignore[arg-type]
    assert check.status == "warn"
