"""Takes single facts out of a payload that may hold anything. What is not what it should be was not told.

A fact is a number, a moment, a commit, a switch, or a name that a machine goes by. No function here gives back a text
that may hold more than one line.
"""

import re
from datetime import UTC, datetime
from typing import Any, cast

NAME_CHARS_MAX = 255
LABELS_MAX, LABEL_CHARS_MAX = 100, 100
NUMBER_MAX = 2**63 - 1  # what the ledger can hold, of repositories
PULL_NUMBER_MAX = 2**31 - 1  # and of pull requests within one
TEXT_CHARS_MAX = 65_536
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPO = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_NOBODY = re.compile("0+")


def inside(payload: Any, *path: str) -> Any:
    """What is at the end of this path of keys; None where there is no such thing."""
    for key in path:
        payload = cast("dict[str, Any]", payload).get(key) if isinstance(payload, dict) else None
    return payload


def items(payload: Any, *path: str, at_most: int) -> list[Any]:
    """The first elements of the array there."""
    found = inside(payload, *path)
    return cast("list[Any]", found)[:at_most] if isinstance(found, list) else []


def number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= NUMBER_MAX else None


def pull_number(value: Any) -> int | None:
    """The number of a pull request or an issue within its repository."""
    found = number(value)
    return found if found is not None and found <= PULL_NUMBER_MAX else None


def switch(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def name(value: Any, chars_max: int = NAME_CHARS_MAX) -> str | None:
    """A name on one line that can be printed and stored: of a branch, a person, a label."""
    return value if isinstance(value, str) and 0 < len(value) <= chars_max and value.isprintable() else None


def word(value: Any) -> str | None:
    """One of a forge's own words, such as an event or an action."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def repo(value: Any) -> str | None:
    return value if isinstance(value, str) and _REPO.fullmatch(value) else None


def commit(value: Any) -> str | None:
    """The whole name of a commit. Forges write one of zeros where there is none."""
    return value if isinstance(value, str) and _SHA.fullmatch(value) and not _NOBODY.fullmatch(value) else None


def moment(value: Any) -> datetime | None:
    """A moment as text, or as whole seconds since 1970. Forgejo writes the year 0001 or 1970 where there is none."""
    try:
        if isinstance(value, str) and len(value) <= len("2026-11-21T13:00:00.000000000+00:00"):
            found = datetime.fromisoformat(value)
        elif (seconds := number(value)) is not None:
            found = datetime.fromtimestamp(seconds, UTC)
        else:
            return None
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year > 1970 else None  # noqa: PLR2004  # the year in which that clock begins


def labels(payload: Any, *path: str) -> list[str] | None:
    """The names of labels; None where there is no array of them."""
    if not isinstance(inside(payload, *path), list):
        return None
    found = (name(inside(one, "name"), LABEL_CHARS_MAX) for one in items(payload, *path, at_most=LABELS_MAX))
    return [one for one in found if one is not None]


def words_to_drop(value: Any) -> str:
    """A text that somebody wrote, for whoever makes a fact of it at once and lets it go. Never to be kept."""
    return value[:TEXT_CHARS_MAX] if isinstance(value, str) else ""
