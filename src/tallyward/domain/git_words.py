"""What the message of a commit on a main branch says of the pull request it merged, of which only that is kept.

GitHub, GitLab, Gitea and Forgejo, Bitbucket and git itself each have their own words for a merge; a squashed pull
request has its number at the end of the first line. A commit in other words is nobody's pull request.
"""

import re

from msgspec import Struct

from tallyward.domain.attribution import AgentRules, agents_named_in
from tallyward.domain.reverts import Reverted, reverted, reverted_commits

BRANCH_CHARS_MAX = 400
MESSAGE_BYTES_MAX = 65_536
_NAME = r"(?P<branch>[^\s']+)"
_MERGES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"Merge pull request #(?P<number>\d{{1,9}}) from (?:[^\s/]+/)?{_NAME}",  # GitHub
        rf"Merge pull request '.*' \(#(?P<number>\d{{1,9}})\) from (?:[^\s:]+:)?{_NAME}",  # Gitea, Forgejo
        rf"Merged in {_NAME} \(pull request #(?P<number>\d{{1,9}})\)",  # Bitbucket
        r"Merged PR (?P<number>\d{1,9}): ",  # Azure
        rf"Merge (?:remote-tracking )?branch '{_NAME}'",
        rf"Merge branches '{_NAME}'",
    )
)
_SQUASHED = re.compile(r"\(#(?P<number>\d{1,9})\)\s*$")
_GITLAB = re.compile(r"^See merge request (?:[\w./-]*)!(?P<number>\d{1,9})\s*$", re.MULTILINE)


class Said(Struct, frozen=True, kw_only=True):
    """What a message tells: number and branch of what was merged, what it takes back, and the agents in it.

    reverted: every commit that it takes back, of which `reverts` has the first.
    """

    number: int | None = None
    branch: str | None = None
    reverts: Reverted | None = None
    reverted: tuple[str, ...] = ()
    co_agents: tuple[str, ...] = ()


def said(message: bytes, author: bytes, *, merge: bool, repo: str | None, rules: AgentRules) -> Said:
    """What these bytes, of whatever encoding, tell of a merge or of a single commit. `author` is `name <address>`."""
    text = message[:MESSAGE_BYTES_MAX].decode(errors="replace")
    subject, _, body = text.partition("\n")
    number, branch = _merged(subject, body) if merge else (_number(_SQUASHED.search(subject)), None)
    # Of a merge, what it merged is told by the first line of the body.
    title = body.strip().partition("\n")[0] if merge else subject
    trailer = f"\nCo-Authored-By: {author.decode(errors='replace')}"
    return Said(
        number=number,
        branch=branch,
        reverts=reverted(title=title, head_branch=branch, message=text, repo=repo),
        reverted=reverted_commits(text),
        co_agents=tuple(agents_named_in(text + trailer, rules)),
    )


def _merged(subject: str, body: str) -> tuple[int | None, str | None]:
    for pattern in _MERGES:
        found = pattern.match(subject)
        if found is not None:
            words = found.groupdict()
            number = int(words["number"]) if words.get("number") else _number(_GITLAB.search(body))
            return number or None, _branch(words.get("branch"))
    return _number(_SQUASHED.search(subject)), None


def _branch(name: str | None) -> str | None:
    if name is None or len(name) > BRANCH_CHARS_MAX or not name.isprintable():
        return None
    return name.removeprefix("refs/heads/").removeprefix("origin/")


def _number(found: re.Match[str] | None) -> int | None:
    return int(found.group("number")) or None if found else None
