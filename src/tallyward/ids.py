"""Identifiers: what makes a fire the same fire, and tokens that a leak scanner can recognise.

Standard library only, and nothing heavy at import: the hook uses it.
"""

import os
import zlib

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TOKEN_PREFIX = "tw_"  # noqa: S105  # the public mark of a token, not a secret
TOKEN_BODY_CHARS = 43  # 43 base62 characters hold 256 bits
TOKEN_CHECK_CHARS = 6  # a CRC-32 in base62
CANARY_SESSION = "tally-doctor-"  # begins the id of each session that a doctor makes up


def random_hex(byte_count: int = 16) -> str:
    """`byte_count` bytes from the operating system's generator, in hexadecimal."""
    return os.urandom(byte_count).hex()


def _base62(number: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits.append(_BASE62[rest])
    return "".join(reversed(digits))


def new_token(kind: str) -> str:
    """`tw_<kind>_<43 base62><6 checksum>`: 256 random bits, and a checksum so that a scanner needs no database."""
    body = _base62(int.from_bytes(os.urandom(32), "big"), TOKEN_BODY_CHARS)
    head = f"{TOKEN_PREFIX}{kind}_{body}"
    return head + _base62(zlib.crc32(head.encode()), TOKEN_CHECK_CHARS)


def is_token(text: str) -> bool:
    """Whether `text` has the form and checksum of one of our tokens. It says nothing about validity."""
    head, check = text[:-TOKEN_CHECK_CHARS], text[-TOKEN_CHECK_CHARS:]
    if not head.startswith(TOKEN_PREFIX) or not text.isascii():
        return False
    return check == _base62(zlib.crc32(head.encode()), TOKEN_CHECK_CHARS)


def prompt_fire_key(session_id: str, prompt_id: str, name: str) -> str:
    """The key of a fire that no tool use id names: the same name in the same prompt is the same fire."""
    return f"{session_id}:{prompt_id}:{name}"


def is_canary(session_id: object) -> bool:
    """Whether a fire of this session was made up by `tally doctor` (see `domain/canary.py`)."""
    return isinstance(session_id, str) and session_id.startswith(CANARY_SESSION)
