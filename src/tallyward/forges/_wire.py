"""One exchange with a forge over HTTP, within bounds of time and size.

Redirects of a renamed or transferred repository are followed on the same host alone: the token goes nowhere else. What
changes something is sent again only where the forge says that it must be sent as it is.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import msgspec

from tallyward.errors import ForgeUnavailable

if TYPE_CHECKING:
    import httpx2

REQUESTER = "tallyward"
API_VERSION = "2022-11-28"  # of GitHub's REST; other forges pass over the header
ANSWER_SECONDS_MAX = 20.0
ANSWER_BYTES_MAX = 20_000_000  # a page of a hundred large pull requests has two or three million
AT_ONCE_MAX = 8  # GitHub allows a hundred for everybody who shares the account
REDIRECTS_MAX = 3
_MOVED = frozenset({301, 302, 307, 308})
_MOVED_AS_IT_IS = frozenset({307, 308})


class Answer(NamedTuple):
    """One answer of the forge, before anything is read out of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, *, lenient: bool = False) -> Any:
        """What it says; None for nothing, or with `lenient` for what is no JSON."""
        if not self.body.strip():
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if lenient:
                return None
            raise ForgeUnavailable("The forge's answer is no JSON.") from None


class Wire:
    """The connection to one forge, opened when it is first used. The library for it is loaded then."""

    seconds = ANSWER_SECONDS_MAX

    def __init__(self, base: str) -> None:
        self.base = base
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._http: httpx2.AsyncClient | None = None

    async def send(
        self, method: str, address: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Answer:
        """The answer, whatever it is, at the end of every redirect that may be followed."""
        from gidgethub.sansio import create_headers

        content = None if body is None else json.dumps(body).encode()
        named = {**create_headers(REQUESTER, accept="application/json"), "x-github-api-version": API_VERSION, **headers}
        if content is not None:
            named["content-type"] = "application/json"
        allowed = _MOVED if method == "GET" else _MOVED_AS_IT_IS
        for _ in range(REDIRECTS_MAX):
            answer = await self._exchange(method, address, content, named)
            target = urljoin(address, answer.headers.get("location", ""))
            if answer.status not in allowed or target == address or not self.is_here(target):
                return answer
            address = target
        raise ForgeUnavailable(f"The forge sends us in circles: {asked(method, address)}.")

    def is_here(self, address: str) -> bool:
        """Whether this is the forge itself, and not somebody who would like to have the token."""
        one, other = urlsplit(address), urlsplit(self.base)
        return (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower())

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _exchange(self, method: str, address: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        from httpx2 import HTTPError, InvalidURL

        try:
            async with (
                self._at_once,
                asyncio.timeout(self.seconds),
                self._connection().stream(method, address, content=content, headers=headers) as answer,
            ):
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES_MAX:
                        raise ForgeUnavailable(f"The forge's answer is too long: {asked(method, address)}.")
                return Answer(answer.status_code, answer.headers, bytes(body))
        except TimeoutError:
            late = f"The forge did not answer within {self.seconds:g} seconds"
            raise ForgeUnavailable(f"{late}: {asked(method, address)}.") from None
        except (HTTPError, InvalidURL, OSError) as error:
            kind = type(error).__name__
            raise ForgeUnavailable(f"The forge cannot be reached ({kind}): {asked(method, address)}.") from None

    def _connection(self) -> "httpx2.AsyncClient":
        if self._http is None:
            from httpx2 import AsyncClient

            self._http = AsyncClient(timeout=self.seconds, follow_redirects=False)
        return self._http


def asked(method: str, address: str) -> str:
    """The question as an error names it: the path alone, since a query may hold what somebody searched for."""
    return f"{method} {urlsplit(address).path[:200]}"
