"""A made-up month of pull requests: of agents and of people, some reviewed twice, some taken back, some in the way."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tallyward.domain.overlap import HotFile, Overlap, kind_of
from tallyward.domain.pull_request import PullRequestFacts
from tallyward.domain.reverts import Reverted
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.ledger.database import Connection, Database, fetch_all
from tallyward.ops.sample_work import REPOS, moment
from tallyward.services.git_import import OVERLAP
from tallyward.services.pull_requests import PullRequests
from tallyward.services.tenants import Tenants

FILES = ("src/app.py", "src/api/routes.py", "src/api/auth.py", "src/ui/board.ts", "tests/test_api.py", "docs/start.md")
HELD_BY_PEOPLE = 30  # pull requests of a month
SENT_BACK = 0.25  # of them a reviewer asked for changes once
Span = tuple[datetime, datetime | None]  # when it was opened, and when merged
_SHA_BITS = 160


def _sha(rng: random.Random) -> str:
    return f"{rng.getrandbits(_SHA_BITS):040x}"


def _told(rng: random.Random, number: int, span: Span, **who: Any) -> PullRequestFacts:
    head, reviewed, (opened, merged) = _sha(rng), _sha(rng), span
    return PullRequestFacts(
        repo=REPOS[0], repo_id=1, number=number, state="merged" if merged else "open",
        base_branch="main", head_sha=head, merge_sha=_sha(rng) if merged else None, labels=[],
        opened_at=opened, closed_at=merged, merged_at=merged, updated_at=merged or opened,
        changed_paths=rng.sample(FILES, rng.randint(1, 3)),
        changes_requested_on=[reviewed] if rng.random() < SENT_BACK else [], **who,
    )  # fmt: skip


def pull_requests(now: datetime, agents: Mapping[str, int], people: list[str], seed: int) -> Iterator[PullRequestFacts]:
    """So many merged ones of each agent and two that are open, and some of people; one in twelve is taken back."""
    rng = random.Random(seed)  # noqa: S311  # a made-up month wants repeatable numbers, not secret ones
    number = 100
    for agent, merged in agents.items():
        for place in range(merged + 2):
            number += 1
            opened = moment(rng, now)
            ended = opened + timedelta(minutes=rng.randint(20, 90)) if place < merged else None
            yield _told(rng, number, (opened, ended), head_branch=f"axon/{agent}/{number}", author="sample-fleet")
    for place in range(HELD_BY_PEOPLE):
        number += 1
        opened = moment(rng, now)
        ended = min(opened + timedelta(hours=rng.lognormvariate(2, 1)), now)
        branch = ("feature/board", "claude/tidy", "codex/speed", "fix/login")[place % 4]
        told = _told(rng, number, (opened, ended), head_branch=f"{branch}-{number}", author=rng.choice(people))
        yield told
        if place % 12 == 5:  # noqa: PLR2004  # now and then
            number += 1
            after = min(ended + timedelta(hours=3), now)
            branch = f"revert-{told.number}-{branch}"
            undo = _told(rng, number, (ended, after), head_branch=branch, author=rng.choice(people))
            yield msgspec.structs.replace(undo, reverts=Reverted(number=told.number))


async def keep(database: Database, connection: Connection, told: list[PullRequestFacts]) -> None:
    """Keeps them, and the figures that a clone would have told of them."""
    await PullRequests(Tenants(database, None)).take_all(connection, SAMPLE_TENANT, told)
    kinds = [kind_of("path", 84, 60, 9), kind_of("directory", 120, 60, 2), kind_of("none", 310, 60, 1)]
    hot = [HotFile(path=path, pairs=40 - 6 * place, conflicted=5 - place) for place, path in enumerate(FILES[:4])]
    figures = Overlap(pieces=len(told), whole=True, kinds=kinds, hot=hot)
    payload = msgspec.json.encode({"repo": REPOS[0], "overlap": figures}).decode()
    await fetch_all(connection, "append_event", {"kind": OVERLAP, "payload": payload})
