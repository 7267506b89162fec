"""Delivers a backfill's rows straight to the server, in batches, until it has confirmed each or will never take it.

Unlike a hook's fires these rows need no spool: the transcripts are still there. A server that does not answer is asked
again a few times; then the run ends, and the next one goes on from there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tallyward.client.link import Answer, Link
from tallyward.errors import DeliveryPostponed, NotAuthenticated, ScopeMissing, ServerUnreachable

BATCH_ROWS_MAX = 1_000  # half a megabyte: one commit there, one short request here
ATTEMPTS_MAX = 5
FIRST_WAIT_SECONDS, WAIT_SECONDS_MAX = 0.5, 30.0
REFUSALS_SHOWN_MAX = 5
_UNREADABLE = (400, 413, 415, 422)  # it is the body's fault, not the moment's, if our server says so
_NEVER = {401: NotAuthenticated, 403: ScopeMissing}

Row = dict[str, Any]


@dataclass
class Delivered:
    """What became of the rows of one kind. `duplicate` is what the server had, as far as it says."""

    sent: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0


@dataclass
class Delivery:
    """Rows on their way to one server."""

    link: Link
    done: dict[str, Delivered] = field(default_factory=dict[str, Delivered])
    refusals: list[str] = field(default_factory=list[str])

    def deliver(self, to: str, rows: Sequence[Row]) -> None:
        """Deliver these rows. Raises DeliveryPostponed, with the server's reason, if it does not take them now."""
        for start in range(0, len(rows), BATCH_ROWS_MAX):
            self._batch(to, rows[start : start + BATCH_ROWS_MAX])

    def _batch(self, to: str, rows: Sequence[Row]) -> None:
        answer = self._asked(f"/v1/{to}?partial=true", rows)
        done = self.done.setdefault(to, Delivered())
        if answer.status == 202:  # noqa: PLR2004  # the only word that means: kept
            self._confirmed(done, answer, len(rows))
        elif len(rows) == 1:
            done.sent += 1
            self._refused(done, answer.error)
        else:
            middle = len(rows) // 2
            self._batch(to, rows[:middle])
            self._batch(to, rows[middle:])

    def _asked(self, path: str, rows: Sequence[Row]) -> Answer:
        """The server's answer to these rows: that it has them, or that it cannot read them."""
        wait, reason = FIRST_WAIT_SECONDS, ""
        for attempt in range(ATTEMPTS_MAX):
            if attempt:
                time.sleep(wait)
                wait = min(WAIT_SECONDS_MAX, wait * 2)
            try:
                answer = self.link.call("POST", path, list(rows))
            except ServerUnreachable as error:
                reason = error.message
                continue
            if answer.status in _NEVER:
                raise _NEVER[answer.status](answer.error)
            if answer.status == 202 or (answer.status in _UNREADABLE and answer.code is not None):  # noqa: PLR2004
                return answer
            reason = answer.error
            if answer.status == 404:  # noqa: PLR2004  # no waiting will help
                break
            wait = min(WAIT_SECONDS_MAX, max(wait, answer.retry_after or 0.0))
        raise DeliveryPostponed(reason)

    def _confirmed(self, done: Delivered, answer: Answer, rows: int) -> None:
        """Read a 202: usage is answered with how much was stored, fires with their ids, both with what was refused."""
        errors = cast("list[Row]", answer.body.get("errors") or [])
        duplicate, ids = answer.body.get("duplicate"), answer.body.get("ids")
        if not isinstance(duplicate, int) and (not isinstance(ids, list) or len(cast("list[Any]", ids)) != rows):
            raise DeliveryPostponed("the server's answer does not tell which rows it has kept")
        done.sent += rows
        done.duplicate += duplicate if isinstance(duplicate, int) else 0
        done.stored += rows - len(errors) - (duplicate if isinstance(duplicate, int) else 0)
        for error in errors:
            self._refused(done, f"{error.get('field') or 'row'}: {error.get('message')}")

    def _refused(self, done: Delivered, why: str) -> None:
        done.refused += 1
        if len(self.refusals) < REFUSALS_SHOWN_MAX:
            self.refusals.append(why)
