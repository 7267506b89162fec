"""One account on a forge: asked politely, and read by allow-list.

Whoever asks says what to read out of the answer (`read`), and that alone comes back and is kept. A limit that is
reached stops every further question until the forge's own time is up. A question is asked again after an error of the
forge; what changes something never is, since it may have been done.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tallyward import clock
from tallyward.domain.forge import Rate
from tallyward.errors import ForgeTokenRefused, ForgeUnavailable, RateLimited
from tallyward.forges._credential import Credential
from tallyward.forges._kept import Kept, Memory
from tallyward.forges._refusals import graphql_refusal, pause_until, refusal, reset_of
from tallyward.forges._wire import Answer, Wire, asked

if TYPE_CHECKING:
    from datetime import datetime

Read = TypeVar("Read")
Query = Mapping[str, object]
PAUSES = (0.3, 1.5)  # seconds before a question is asked a second and a third time
_NONE: Query = {}


class _Said(msgspec.Struct):
    data: Any = None
    errors: list[Any] = msgspec.field(default_factory=list[Any])


class Client:
    """Asks one forge as one account. `pauses`: how long to wait before asking again."""

    pauses = PAUSES
    page: tuple[str, int] = (
        "per_page",
        100,
    )  # how a forge is told how much a page shall hold, and the most that it gives

    def __init__(self, forge: str, base: str, credential: Credential) -> None:
        self.forge, self.base, self.credential = forge, base.rstrip("/"), credential
        self.memory = Memory()
        self.wire = Wire(self.base)
        self.scopes: str | None = None
        self._rates: dict[str, Rate] = {}
        self._closed_until: dict[str, datetime] = {}

    async def get(self, path: str, read: Callable[[Any], Read], query: Query = _NONE, *, as_app: bool = False) -> Read:
        """What `read` makes of one answer."""
        return (await self._page(self._address(path, query), read, as_app=as_app))[0]

    async def pages(
        self,
        path: str,
        read: Callable[[Any], list[Read]],
        *,
        most: int,
        query: Query = _NONE,
        as_app: bool = False,
    ) -> AsyncIterator[Read]:
        """Every item of every page, up to `most`."""
        address: str | None = self._address(path, {self.page[0]: self.page[1], **query})
        left = most
        while address is not None and left > 0:
            items, address = await self._page(address, read, as_app=as_app)
            for item in items[:left]:
                yield item
            left -= len(items)

    async def listed(
        self, path: str, read: Callable[[Any], list[Read]], *, most: int, query: Query = _NONE
    ) -> list[Read]:
        return [item async for item in self.pages(path, read, most=most, query=query)]

    async def send(  # noqa: PLR0913  # what a change is made of
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        read: Callable[[Any], Read],
        *,
        query: Query = _NONE,
        as_app: bool = False,
    ) -> Read:
        """Asks for a change, once."""
        answer = await self._answered(method, self._address(path, query), body, {}, as_app=as_app)
        return _read(read, answer.json(), f"{method} {path}")

    async def graphql(
        self, address: str, query: str, variables: Mapping[str, Any], read: Callable[[Any], Read]
    ) -> Read:
        """What `read` makes of the data. A query may be asked again, a mutation may not."""
        kind, name = query.split("(", 1)[0].split()
        body = {"query": query, "variables": variables}
        answer = await self._asked("POST", address, body, {}, tries=1 if kind == "mutation" else 1 + len(self.pauses))
        said = _read(_read_graphql, answer.json(), f"{kind} {name}")
        if said.errors:
            error = graphql_refusal(said.errors, f"{kind} {name}")
            if isinstance(error, RateLimited) and error.until:
                self._closed_until[_resource(address)] = error.until
            raise error
        return _read(read, said.data, f"{kind} {name}")

    def rate(self, resource: str = "core") -> Rate | None:
        """What the last answer said of this."""
        return self._rates.get(resource)

    async def close(self) -> None:
        await self.wire.close()

    def _address(self, path: str, query: Query) -> str:
        return f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")

    async def _page(self, address: str, read: Callable[[Any], Read], *, as_app: bool) -> tuple[Read, str | None]:
        from gidgethub.sansio import decipher_response

        key = (self.credential.identity, address, f"{read.__module__}.{read.__qualname__}")
        kept = self.memory.find(key)
        headers = {"if-none-match": kept.etag} if kept else {}
        answer = await self._asked("GET", address, None, headers, as_app=as_app, tries=1 + len(self.pauses))
        if answer.status == 304 and kept is not None:  # noqa: PLR2004  # not modified
            return cast("Read", kept.value), kept.more
        value = _read(read, answer.json(), asked("GET", address))
        _, _, more = decipher_response(200, {"link": answer.headers.get("link", "")}, b"")
        more = more if more and self.wire.is_here(more) else None
        if etag := answer.headers.get("etag"):
            self.memory.keep(key, Kept(etag, value, more))
        return value, more

    async def _asked(  # noqa: PLR0913  # a question has as many parts
        self,
        method: str,
        address: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        *,
        as_app: bool = False,
        tries: int = 1,
    ) -> Answer:
        """An answer that is none of an error, though it be asked for again."""
        for pause in self.pauses[: tries - 1]:
            try:
                return await self._answered(method, address, body, headers, as_app=as_app)
            except ForgeUnavailable:
                await asyncio.sleep(pause)
        return await self._answered(method, address, body, headers, as_app=as_app)

    async def _answered(
        self, method: str, address: str, body: Mapping[str, Any] | None, headers: Mapping[str, str], *, as_app: bool
    ) -> Answer:
        self._require_open(_resource(address))
        secret = self.credential.proof() if as_app else None
        secret = secret or await self.credential.token(self._granted)
        answer = await self.wire.send(method, address, body, {**headers, "authorization": f"Bearer {secret.reveal()}"})
        self._note_rate(_resource(address), answer)
        if answer.status < 300 or answer.status == 304:  # noqa: PLR2004  # done, or not modified
            return answer
        error = refusal(answer.status, answer.headers, answer.json(lenient=True), asked(method, address))
        if isinstance(error, RateLimited) and error.until:
            self._closed_until[_resource(address)] = error.until
        if isinstance(error, ForgeTokenRefused):
            self.credential.forget()
        raise error

    async def _granted(self, path: str, jwt: str) -> Any:
        """What the forge grants an App that shows its JWT."""
        answer = await self.wire.send("POST", f"{self.base}{path}", None, {"authorization": f"Bearer {jwt}"})
        if answer.status >= 300:  # noqa: PLR2004  # not granted
            raise refusal(answer.status, answer.headers, answer.json(lenient=True), f"POST {path}")
        return answer.json()

    def _require_open(self, resource: str) -> None:
        until = self._closed_until.get(resource)
        if until is not None and clock.now() < until:
            raise RateLimited(f"The forge is not asked before {clock.iso(until)}, as it wished.", until=until)

    def _note_rate(self, resource: str, answer: Answer) -> None:
        self.scopes = answer.headers.get("x-oauth-scopes", self.scopes)
        remaining, limit = answer.headers.get("x-ratelimit-remaining", ""), answer.headers.get("x-ratelimit-limit", "")
        if not (f"{remaining}{limit}".isascii() and remaining.isdigit() and limit.isdigit()):
            return
        resets_at = reset_of(answer.headers)
        self._rates[resource] = Rate(limit=int(limit), remaining=int(remaining), resets_at=resets_at)
        if int(remaining) == 0:
            self._closed_until[resource] = pause_until(answer.headers)


def within(path: str, **names: object) -> str:
    """A path with its names put in: a branch may hold a slash, a label anything."""
    return path.format(**{name: quote(str(value), safe="/" if name == "repo" else "") for name, value in names.items()})


def _read(read: Callable[[Any], Read], said: Any, question: str) -> Read:
    try:
        return read(said)
    except msgspec.ValidationError as error:
        # The library's own words name the place and the type, and a value where there is a choice: the place will do.
        where = str(error).rpartition(" - at ")[2] if " - at " in str(error) else "`$`"
        raise ForgeUnavailable(f"The forge answers in a shape that we do not know, at {where}: {question}.") from None


def _read_graphql(raw: Any) -> _Said:
    return msgspec.convert(raw, _Said)


def _resource(address: str) -> str:
    """GitHub counts its two APIs apart."""
    return "graphql" if urlsplit(address).path.endswith("/graphql") else "core"
