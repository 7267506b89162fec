"""A forge that is played for a suite: what it shall hold, how it shall fail, and what was done to it.

`StagedPull` says a pull request in nobody's way in particular; a stage tells of it as its forge does, over HTTP.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from tallyward.domain.forge import Check, ForgeWriter, SignalsReader

CANARY = "canary-7f3a: nobody may ever read this"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HEAD, BASE, MERGED = "a" * 40, "b" * 40, "c" * 40
REPO = "acme/shop"


class StagedThread(Struct, frozen=True):
    """A conversation about a line."""

    began: datetime = NOON
    resolved: bool = False


class StagedPull(Struct, frozen=True, kw_only=True):
    """A pull request as the forge shall hold it. Words are in it, and must stay there."""

    number: int = 7
    state: str = "open"
    draft: bool = False
    author: str = "ann"
    labels: tuple[str, ...] = ()
    head_branch: str = "feature"
    head_sha: str = HEAD
    head_at: datetime = NOON
    fork_gone: bool = False
    checks: tuple[Check, ...] = ()
    reviews: tuple[tuple[str, str], ...] = ()  # who, and: approved, changes_requested, commented
    threads: tuple[StagedThread, ...] = ()
    paths: tuple[str, ...] = ("src/a.py",)
    behind_by: int = 0
    conflicting: bool = False
    title: str = f"Title {CANARY}"
    body: str = f"Body {CANARY}"
    message: str = f"Message {CANARY}"
    updated_at: datetime = NOON


class Trouble(Struct, frozen=True, kw_only=True):
    """How the forge answers instead. `body` None: its usual words, the canary among them."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None
    seconds: float = 0.0


class Stage(ABC):
    """A forge that is played."""

    reader: SignalsReader
    writer: ForgeWriter

    @abstractmethod
    def hold(self, *pulls: StagedPull) -> None:
        """From now on the forge holds these pull requests of `REPO`, and no others."""

    @abstractmethod
    def trouble(self, trouble: Trouble, times: int) -> None:
        """The next answers, whatever is asked."""

    @abstractmethod
    def asked(self) -> int:
        """How many requests came."""

    @abstractmethod
    def written(self) -> list[tuple[Any, ...]]:
        """What was done, in order: `("comment", 7, body)`, `("labels", 7, [..])`, `("unlabel", 7, name)`,
        `("issue", title)`, `("pull", head, base)`, `("status", sha, context, state)`, `("merge", 7, sha, method)`,
        `("update", 7)`, `("publish", 7)`.
        """

    @abstractmethod
    def react(self, comment_id: int, *reactions: str) -> None:
        """A comment has these reactions."""

    @abstractmethod
    def elsewhere(self, path: str, to: str) -> None:
        """Whatever is asked about the repository `path` is redirected to the repository, or the host, `to`."""

    @abstractmethod
    def remembered(self) -> str:
        """Everything that the client keeps in memory, as text."""
