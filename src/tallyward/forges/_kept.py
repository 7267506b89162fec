"""Answers that were given before, so that a forge need only say that nothing has changed, which costs nothing.

What is kept is what was read out of an answer, never the answer: there are words of people in that.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

KEPT_MAX = 2_000  # of one account; about seven for each open pull request


class Kept(NamedTuple):
    """etag: by which the forge knows it again. more: the address of the next page."""

    etag: str
    value: Any
    more: str | None


class Memory:
    """The answers of one forge by account, address and what was read out of them; the longest unused go first."""

    def __init__(self, most: int = KEPT_MAX) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, ...], Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: tuple[str, ...]) -> Kept | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: tuple[str, ...], kept: Kept) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
