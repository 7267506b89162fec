"""Whether a change takes another one back, read from its words, of which nothing but that fact is kept.

Four ways of saying it are known: `This reverts commit <sha>`, which git writes, `Reverts owner/name#12`, which GitHub
writes into the description, the branch `revert-12-...` of its button, and the title `Revert "..."`. A number in the
quoted title is believed only where it is that of the quoted change: in `Revert "Revert "Add x (#n)""` it is of an
older one. Whoever says in other words that something is undone is not understood.
"""

import re

from msgspec import Struct

TEXT_CHARS_MAX = 65_536  # further into a text nobody says it
SHA_CHARS, SHA_CHARS_MIN = 40, 7
_SHA = re.compile(r"\bThis reverts commit ([0-9a-f]{7,40})\b", re.IGNORECASE)
_REFERENCE = re.compile(r"(?:^|\n)[ \t]*Reverts? (?:PR )?([\w.-]+(?:/[\w.-]+)+)?[#!](\d{1,9})\b", re.IGNORECASE)
_MERGE_REQUEST = re.compile(r"\bThis reverts merge request ([\w./-]*)!(\d{1,9})\b", re.IGNORECASE)
_BRANCH = re.compile(r"(?:^|[/:])revert-(\d{1,9})-")
_TITLE = re.compile(r'\s*(Revert|Reapply) "(.*)"', re.IGNORECASE)
_NUMBER = re.compile(r"\(#(\d{1,9})\)\s*$")


class Reverted(Struct, frozen=True, kw_only=True):
    """What a pull request takes back: the number or a commit of another, as far as it was told.

    Without either it takes something back, and does not say what.
    """

    number: int | None = None
    sha: str | None = None


def reverted(
    *, title: str | None = None, head_branch: str | None = None, message: str | None = None, repo: str | None = None
) -> Reverted | None:
    """What these words take back; None where they take nothing back. `message` is a description or a commit's.

    A reference to another repository than `repo` is of no concern here.
    """
    body = (message or "")[:TEXT_CHARS_MAX]
    if title is None:
        title = body.partition("\n")[0]
    says_so = "revert" in body.lower()  # most texts do not, and a search without regard to case takes its time
    sha = _SHA.search(body) if says_so else None
    number = (_referred(body, repo) if says_so else None) or _of_branch(head_branch or "")
    heading = _TITLE.match(title[:TEXT_CHARS_MAX])
    if heading is not None and number is None and sha is None:
        number = _quoted_number(heading)
    if sha is None and number is None and heading is None:
        return None
    return Reverted(number=number, sha=sha.group(1).lower() if sha else None)


def reverted_commits(message: str) -> tuple[str, ...]:
    """Every commit that a message takes back, or the beginnings of their names: one commit may revert several."""
    return tuple(dict.fromkeys(sha.lower() for sha in _SHA.findall(message[:TEXT_CHARS_MAX])))


def same_commit(told: str | None, sha: str | None) -> bool:
    """Whether `told`, whole or the beginning of it, names the commit `sha`."""
    return bool(told and sha and len(told) >= SHA_CHARS_MIN and sha.startswith(told))


def _referred(body: str, repo: str | None) -> int | None:
    for pattern in (_REFERENCE, _MERGE_REQUEST):
        for found in pattern.finditer(body):
            other = found.group(1)
            if not other or repo is None or other.casefold() == repo.casefold():
                return int(found.group(2)) or None
    return None


def _of_branch(branch: str) -> int | None:
    found = _BRANCH.search(branch)
    return int(found.group(1)) or None if found else None


def _quoted_number(heading: re.Match[str]) -> int | None:
    if heading.group(1).lower() == "reapply":
        return None  # it quotes the change that is back, not the revert that is taken back
    quoted = heading.group(2)
    inner = _TITLE.match(quoted)
    found = _NUMBER.search(quoted[inner.end() :] if inner else quoted)
    return int(found.group(1)) or None if found else None
