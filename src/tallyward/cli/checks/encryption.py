"""Whether what travels to the server is encrypted, and by whom we think it is."""

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts
from tallyward.errors import TallyError

_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")


class Encryption(DoctorCheck):
    """The token crosses no network in clear, and the server's certificate is one that this machine believes."""

    order = 31

    def judge(self, facts: Facts) -> Iterator[Check]:
        refusal = facts.health.__cause__ if isinstance(facts.health, TallyError) else None
        if isinstance(refusal, ssl.SSLError):
            yield self.failed(f"TLS fails: {_reason(refusal) or refusal}.", _remedy(refusal, facts.config.server or ""))
        elif facts.in_clear:
            yield self.warned("The token crosses the network unencrypted.", "Use an https address.")
        elif facts.in_clear is not None and not isinstance(facts.health, TallyError):
            yield self.passed("No token crosses a network in clear.")


def _remedy(refusal: ssl.SSLError, server: str) -> str:
    if _reason(refusal) in _PLAIN:
        return f"That port speaks no TLS: connect with http://{urlsplit(server).netloc}, or put TLS in front of it."
    return "Set SSL_CERT_FILE to the authority that signed the server's certificate, or renew the certificate."


def _reason(refusal: ssl.SSLError) -> str:
    """OpenSSL's word for what went wrong; nothing if the error is not OpenSSL's own."""
    return getattr(refusal, "reason", None) or ""
