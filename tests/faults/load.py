"""Many senders at once that keep book: what they sent, what was confirmed, and what became of the rest.

Each row has a key that its sender made before sending, as laptops do. A row that was not confirmed is sent again under
the same key, so afterwards every row must be stored exactly once.
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.servers import Reply, Server, call_on
from tests.waiting import eventually

SENDERS = 8
ROWS_A_REQUEST = 3
ROWS_AGAIN = 5_000
AGAIN_SECONDS_MAX = 20.0
BACKOFF_SECONDS = 0.02  # a sender of ours waits longer; here it shall try often
ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}


class Load:
    """Senders of fires against one server."""

    def __init__(self, server: Server, token: str) -> None:
        self._server = server
        self._token = token
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._senders = [threading.Thread(target=self._send, args=[number]) for number in range(SENDERS)]
        self.confirmed: dict[str, int] = {}
        self.unconfirmed: set[str] = set()
        self.outcomes: Counter[str] = Counter()

    def _send(self, sender: int) -> None:
        connection = self._server.connection(15)
        for number in count():
            if self._done.is_set():
                break
            keys = [f"{sender}:{number}:{row}" for row in range(ROWS_A_REQUEST)]
            reply = self._post(connection, keys)
            self._keep_book(keys, reply)
            if reply is None or reply.status != 202:
                self._done.wait(BACKOFF_SECONDS)
        connection.close()

    def _post(self, connection: http.client.HTTPConnection, keys: list[str]) -> Reply | None:
        try:
            return call_on(
                connection, "POST", "/v1/trace", [{**ROW, "fire_key": key} for key in keys], token=self._token
            )
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request connects anew
            return None

    def _keep_book(self, keys: list[str], reply: Reply | None) -> None:
        with self._lock:
            if reply is not None and reply.status == 202:
                self.confirmed.update(zip(keys, reply.json["ids"], strict=True))
                self.outcomes["confirmed"] += 1
                return
            self.unconfirmed.update(keys)
            self.outcomes[reply.error["code"] if reply is not None else "no answer"] += 1

    def until_confirmed(self, number: int) -> None:
        """Waits until that many more rows are confirmed."""
        goal = len(self.confirmed) + number
        eventually(lambda: len(self.confirmed) >= goal, 30)

    @contextmanager
    def running(self) -> Iterator[None]:
        for sender in self._senders:
            sender.start()
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        self._done.set()
        for sender in self._senders:
            sender.join()

    def _taken(self, rows: list[dict[str, Any]]) -> Reply | None:
        """The answer, unless it is to come again: a server that lost its database may say so once a connection."""
        reply = self._server.call("POST", "/v1/trace", rows, token=self._token)
        return None if reply.status == 503 else reply

    def send_again(self) -> dict[str, int]:
        """Sends what was not confirmed again, and some of what was; returns every number by its key."""
        keys = [*self.unconfirmed, *list(self.confirmed)[-100:]]
        numbers = dict(self.confirmed)
        for start in range(0, len(keys), ROWS_AGAIN):
            part = keys[start : start + ROWS_AGAIN]
            rows = [{**ROW, "fire_key": key} for key in part]
            reply = eventually(lambda rows=rows: self._taken(rows), AGAIN_SECONDS_MAX)
            assert reply.status == 202, reply
            numbers |= dict(zip(part, reply.json["ids"], strict=True))
        return numbers


def stored(server: Server) -> dict[str, int]:
    """The number of every stored fire by its key."""
    return json.loads(
        server.rows("SELECT coalesce(json_object_agg(fire_key, id), '{}')::text FROM skill_invocations")[0][0]
    )


def require_conserved(server: Server, load: Load) -> None:
    """What was confirmed is stored under its number; sent again, everything is stored once and nothing else is."""
    found = stored(server)
    lost = {key for key, number in load.confirmed.items() if found.get(key) != number}
    assert not lost, f"{len(lost)} of {len(load.confirmed)} confirmed rows are lost, {sorted(lost)[:3]} among them"
    assert set(found) <= set(load.confirmed) | load.unconfirmed
    expected = load.send_again()
    assert stored(server) == expected
    assert server.rows("SELECT count(*), count(DISTINCT fire_key) FROM skill_invocations") == [(len(expected),) * 2]
