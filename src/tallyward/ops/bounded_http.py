"""Bounds on what comes before a body: the server behind it waits for ever for a head, and keeps all of it in memory.

A body has bounds of its own (`web.bodies`); who never gets as far as a body is let go here, before anybody has asked
for a token.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 64 * 1024  # heads of ours have a few hundred
HEAD_SECONDS_MAX = 10.0  # as for a body


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose heads arrive in time and in size, or not at all."""

    _waits_for_head: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its parent
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if self._waits_for_head is not None:
            if self._head_bytes > HEAD_BYTES_MAX:
                self._forget_head()
                self.send_400_response(f"The head of the request is larger than {HEAD_BYTES_MAX} bytes.")
                return
            self._head_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        if self._waits_for_head is None:  # the next request on the same connection
            self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._forget_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._waits_for_head = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.close)

    def _forget_head(self) -> None:
        if self._waits_for_head is not None:
            self._waits_for_head.cancel()
            self._waits_for_head = None
