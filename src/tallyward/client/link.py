"""One HTTP call to the server, with a limit on everything: the laptop never hangs on a server that does.

`http.client` and nothing above it: it imports in half the time of `urllib.request`, follows no redirect (a token must
not travel to where it was not meant for) and asks no proxy.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from tallyward import __version__
from tallyward.errors import (
    Busy,
    Conflict,
    Invalid,
    NotAuthenticated,
    NotConnected,
    NotFound,
    ScopeMissing,
    ServerUnreachable,
    TallyError,
)

TIMEOUT_SECONDS = 5.0  # of each step; a healthy server answers in milliseconds
ANSWER_BYTES_MAX = 8 * 1024 * 1024  # a thousand ids are ten kilobytes, a team's page of figures a few hundred
ERROR_CHARS_MAX = 300
_REFUSALS: dict[int, type[TallyError]] = {
    401: NotAuthenticated,
    403: ScopeMissing,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    503: Busy,
}


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the object in the body if there was one."""

    status: int
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    retry_after: float | None = None
    duplicate: int = 0  # how many of the rows that were sent the server knew already

    @property
    def code(self) -> str | None:
        """The code of the error, in our own servers' shape; None if somebody else answered."""
        code = self._said().get("code")
        return code if isinstance(code, str) else None

    @property
    def error(self) -> str:
        """The server's own sentence about what was wrong, or the bare status."""
        message = self._said().get("message")
        return str(message)[:ERROR_CHARS_MAX] if message else f"The server answered {self.status}."

    def _said(self) -> dict[str, Any]:
        error = self.body.get("error")
        return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


class Link:
    """A server's address and the token to show there."""

    def __init__(self, server: str, token: str | None, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(server if "://" in server else f"http://{server}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotConnected(f"{server!r} is not the address of a server.")
        try:
            port = parts.port
        except ValueError as error:
            raise NotConnected(f"{server!r} has no valid port.") from error
        self.server = server
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._prefix = parts.path.rstrip("/")
        self._token = token
        self._timeout = timeout

    @property
    def in_clear(self) -> bool:
        """Whether the token would cross a network unencrypted."""
        return not self._secure and self._host not in ("localhost", "127.0.0.1", "::1")

    def call(
        self, method: str, path: str, body: object = None, more_headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request. Raises ServerUnreachable if no whole answer came in time."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        headers = {"Accept": "application/json", "User-Agent": f"tallyward/{__version__}"}
        headers |= more_headers or {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        raw = None
        if body is not None:
            raw = json.dumps(body, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._prefix + path, raw, headers)
            response = connection.getresponse()
            raw = response.read(ANSWER_BYTES_MAX)
            if response.length:  # `read` with a limit does not complain about an answer that breaks off
                raise http.client.IncompleteRead(raw)
            return _answer(response, raw)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ServerUnreachable(f"{self.server} does not answer ({_reason(error)}).") from error
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, Any]:
        """The object at `path`. Raises the error that the server's refusal stands for."""
        answer = self.call("GET", path)
        if answer.status == http.client.OK:
            return answer.body
        raise _REFUSALS.get(answer.status, ServerUnreachable)(answer.error)

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The object that the server answers to `body`. Raises the error that its refusal stands for."""
        answer = self.call("POST", path, body, headers)
        if answer.status in (http.client.OK, http.client.ACCEPTED):
            return answer.body
        raise _REFUSALS.get(answer.status, ServerUnreachable)(answer.error)


def _reason(error: Exception) -> str:
    """What went wrong, but no header: http.client quotes a value it dislikes, and that may be the token."""
    return str(error) if isinstance(error, OSError) and str(error) else type(error).__name__


def _answer(response: http.client.HTTPResponse, raw: bytes) -> Answer:
    try:
        body: object = json.loads(raw)
    except (ValueError, RecursionError):
        body = None  # A proxy's page, or nothing at all; the status still speaks.
    wait = response.headers.get("Retry-After", "")
    known = response.headers.get("Tally-Duplicate", "")
    return Answer(
        status=response.status,
        body=cast("dict[str, Any]", body) if isinstance(body, dict) else {},
        retry_after=float(wait) if wait.isascii() and wait.isdigit() else None,
        duplicate=int(known) if known.isascii() and known.isdigit() else 0,
    )
