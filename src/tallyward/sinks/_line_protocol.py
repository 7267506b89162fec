"""What the sinks that take line protocol over HTTP have in common: one request, and what its answer means."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tallyward.domain.line_writing import write
from tallyward.errors import SinkMisconfigured, SinkRefused, SinkUnavailable
from tallyward.redact import Secret, redact
from tallyward.sinks._base import Placed, Sink

if TYPE_CHECKING:
    import httpx2

ANSWER_SECONDS_MAX = 10.0
REASON_CHARS_MAX = 300
_NEVER = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)
_NOT_AS_IT_IS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class LineProtocolSink(Sink):
    """A sink that is told points by one POST of lines. It follows no redirect: a token goes where it was meant to."""

    _client: "httpx2.AsyncClient | None" = None

    def secret(self) -> Secret | None:
        """The token, read each time, so that it may be changed while we run."""
        if not self.config.token_file:
            return None
        path = self.folder / self.config.token_file
        try:
            return Secret(path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise SinkMisconfigured(f"The token file {path} cannot be read ({type(error).__name__}).") from error

    async def post(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], points: Sequence[Placed]
    ) -> None:
        """One request. Raises what `send` raises."""
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=ANSWER_SECONDS_MAX, follow_redirects=False, trust_env=False)
        address = self.config.url.rstrip("/") + path
        body = "\n".join(lines(points)).encode()
        try:
            answer = await self._client.post(address, params=dict(query), headers=dict(headers), content=body)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            host = urlsplit(address).netloc
            raise SinkUnavailable(f"{host} does not answer ({type(error).__name__}).") from error
        _require_taken(answer)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def lines(points: Sequence[Placed]) -> list[str]:
    """Each point as its line. Raises SinkRefused for what line protocol cannot say."""
    try:
        return [write(placed.point) for placed in points]
    except ValueError as error:
        raise SinkRefused(f"It cannot be written: {error}.") from error


def _require_taken(answer: "httpx2.Response") -> None:
    if answer.is_success:
        return
    said = f"{answer.status_code}: {reason(answer.text)}"
    if answer.status_code in _NEVER:
        raise SinkRefused(said)
    if answer.status_code in _NOT_AS_IT_IS or answer.is_redirect:
        raise SinkMisconfigured(said)
    wait = answer.headers.get("retry-after", "")
    raise SinkUnavailable(said, after=timedelta(seconds=int(wait)) if wait.isascii() and wait.isdigit() else None)


def reason(text: str) -> str:
    """What a sink said, on one line, short and without secrets."""
    plain = "".join(letter if letter.isprintable() else " " for letter in redact(text[: 4 * REASON_CHARS_MAX]))
    return " ".join(plain.split())[:REASON_CHARS_MAX]
