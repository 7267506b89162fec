"""Rows by pages: which one is shown, and how to turn it."""

from dataclasses import dataclass

from tallyward.services.asked import REACH_ROWS_MAX
from tallyward.web.pages._frame import Frame


@dataclass(frozen=True, slots=True)
class Pager:
    """Where the newer and the older rows are, and what is shown now."""

    before: str | None
    after: str | None
    words: str


def pager(frame: Frame, *, page: int, limit: int, shown: int, total: int | None) -> Pager:
    """The pager of a list; without a total it goes on as long as pages are full."""
    first = (page - 1) * limit
    more = (total is None and shown == limit) or (total is not None and first + shown < total)
    reachable = (page + 1) * limit <= REACH_ROWS_MAX
    whole = "" if total is None else f" of {total:,}"
    words = f"{first + 1:,} to {first + shown:,}{whole}" if shown else f"none{whole}"
    before = frame.address(page=None if page == 2 else str(page - 1)) if page > 1 else None  # noqa: PLR2004  # the first needs no number
    return Pager(before, frame.address(page=str(page + 1)) if more and reachable else None, words)
