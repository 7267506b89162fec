"""Where things stand in an agent's settings, and how they are written there."""

import json
import re

OURS = "tallyward"  # what our own server is called
_SPACE = re.compile(r"[ \t\r\n]*")

Span = tuple[int, int]


def members(text: str, at: int) -> dict[str, Span]:
    """Where the values of the JSON object at `at` stand."""
    found: dict[str, Span] = {}
    decode = json.JSONDecoder().raw_decode
    at = past_space(text, at + 1)
    while text[at] != "}":
        key, at = decode(text, at)
        at = past_space(text, past_space(text, at) + 1)
        _, end = decode(text, at)
        found[key] = at, end
        at = past_space(text, end)
        if text[at] == ",":
            at = past_space(text, at + 1)
    return found


def past_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # pyright: ignore[reportOptionalMemberAccess]  # it matches nothing, too


def listed(words: list[str]) -> str:
    return ", ".join(quoted(word) for word in words)


def quoted(word: str) -> str:
    """A string of JSON, and of TOML too."""
    return json.dumps(word, ensure_ascii=False)
