"""Messages in a stream of server-sent events, as MCP has it over HTTP: one event holds one message in its data.

Like `json_glance`, it reads piece by piece and holds no more than the few members that were asked for.
"""

from collections.abc import Iterator

from tallyward.client.json_glance import Found, Glance, Wanted

_DATA = b"data:"


class Events:
    """`feed` it the stream in pieces."""

    def __init__(self, wanted: Wanted) -> None:
        self._glance = Glance(wanted)
        self._begin_line()

    def _begin_line(self) -> None:
        self._head = b""  # of a line, as long as it is not known what it is
        self._is_data: bool | None = None

    def feed(self, piece: bytes) -> Iterator[Found]:
        """The messages whose events end in this piece."""
        start = 0
        while start < len(piece):
            end = piece.find(b"\n", start)
            yield from self._part(piece[start : end if end >= 0 else len(piece)], whole=end >= 0)
            if end < 0:
                return
            start = end + 1

    def _part(self, part: bytes, *, whole: bool) -> Iterator[Found]:
        """More of a line; `whole` if it ends here."""
        if self._is_data is None:
            part, self._head = self._head + part, b""
            if not whole and len(part) < len(_DATA):
                self._head = part
                return
            self._is_data = part.startswith(_DATA)
            if whole and not part.strip():
                yield from self._glance.end()
            part = part[len(_DATA) :]
        if self._is_data:
            self._glance.feed(part)
        if whole:
            if self._is_data:
                self._glance.feed(b"\n")  # the data of an event may be told in several lines
            self._begin_line()

    def end(self) -> list[Found]:
        """An event that is not closed is none."""
        self._glance.end()
        self._begin_line()
        return []

    def lose(self) -> None:
        """Something is missing here: the event that it was in is given up."""
        self._glance.end()
        self._glance.broken = True
