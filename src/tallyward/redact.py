"""Secrets that cannot be printed by accident, and the last net over text that is logged.

Records are built by allow-list (see `domain` and `capture`), so this module is never what keeps content out of the
ledger. It keeps a token or key out of a log line, an error message or a traceback.
"""

import hashlib
import hmac
import re

_KNOWN_SECRETS = re.compile(
    r"tw_[a-z]+_[0-9A-Za-z]{49}"  # our own tokens
    r"|(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}"  # Anthropic and OpenAI keys, not the end of task-... or risk-...
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|xox[abposr]-[A-Za-z0-9-]{10,}"
    r"|AKIA[0-9A-Z]{16}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user:password in a URL
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)


class Secret:
    """A string that prints as `Secret(***)`. `reveal()` is the only way to its value, easy to find in a review."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def digest(self) -> bytes:
        """SHA-256 of the value: what is stored. The value has 256 random bits, so no slow hash is needed."""
        return hashlib.sha256(self._value.encode()).digest()

    def __eq__(self, other: object) -> bool:
        """Compared as bytes in constant time; `compare_digest` on text raises for a non-ASCII header."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.digest())

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def redact(text: str) -> str:
    """`text` with everything that looks like a known kind of secret replaced by `[redacted]`."""
    return _KNOWN_SECRETS.sub("[redacted]", text)


def keyed_hash(key: Secret, content: bytes) -> str:
    """`hmac-sha256:<64 hex>`: a fingerprint of `content` that nobody without the tenant's key can guess back."""
    return "hmac-sha256:" + hmac.new(key.reveal().encode(), content, hashlib.sha256).hexdigest()
