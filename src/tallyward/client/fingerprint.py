"""The keyed hash of a tool's arguments, for a process that cannot afford `hashlib`.

`hashlib` loads OpenSSL and takes 2 to 3 ms, a third of a hook. SHA-256 alone is a small C module of the standard
library, and HMAC (RFC 2104) is two hashes around it. A test holds this against `tallyward.redact.keyed_hash`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        from _sha2 import sha256  # CPython 3.12 and newer
    except ImportError:
        try:
            from _sha256 import sha256  # CPython 3.11
        except ImportError:  # Another Python: slower, the same hash.
            from hashlib import sha256

_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def keyed_hash(key: str, content: bytes) -> str:
    """`hmac-sha256:<64 hex>` of `content` under `key`."""
    secret = key.encode()
    if len(secret) > _BLOCK_BYTES:
        secret = sha256(secret).digest()
    padded = secret.ljust(_BLOCK_BYTES, b"\0")
    inner = sha256(padded.translate(_INNER) + content).digest()
    return "hmac-sha256:" + sha256(padded.translate(_OUTER) + inner).hexdigest()
