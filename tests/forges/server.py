"""A forge that answers over HTTP and refuses what its description does not know.

A test says what it answers where; what it gives is held against the description too, so that nobody tests against
answers that no forge would give. A request that is wrong is answered with 418 and kept in `wrong`.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.forges.described import Description, Operation

Gives = Callable[["Request"], Any]
WRONG = 418  # no forge answers so, and no client of one believes it to be anything else than its own fault


@dataclass(frozen=True)
class Request:
    """One request as the forge saw it."""

    method: str
    path: str
    template: str
    values: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Reply:
    """An answer that a test decides about altogether."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    seconds: float = 0.0


Extra = Callable[[Request], Reply | None]


class ForgeServer:
    """Answers by `answers`; before that by `next_replies`, and before everything by `extra`."""

    def __init__(self, description: Description, base: str = "", page_name: str = "per_page") -> None:
        self.description, self.base, self.page_name = description, base, page_name
        self.requests: list[Request] = []
        self.wrong: list[str] = []
        self.tokens = {"a-token"}
        self.extra: list[Extra] = []
        self.next_replies: list[Reply] = []
        self.headers: dict[str, str] = {}
        self.not_modified = 0
        self.tagged = True
        self.forgiven: tuple[str, ...] = ()  # places where a forge is known to answer otherwise than it says
        self.address = ""
        self.stopped = threading.Event()
        self._answers: dict[tuple[str, str], tuple[Gives, int | None]] = {}

    def answer(self, method: str, template: str, gives: Gives, status: int | None = None) -> None:
        self._answers[method, template] = (gives, status)

    def asked(self, method: str, template: str) -> list[Request]:
        return [each for each in self.requests if (each.method, each.template) == (method, template)]

    def reply(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Reply:
        parts = urlsplit(target)
        path = parts.path.removeprefix(self.base)
        found = self.description.find(method, path)
        template, values = (found[0].template, found[1]) if found else ("", {})
        body = json.loads(raw) if raw else None
        request = Request(method, path, template, values, dict(parse_qsl(parts.query)), headers, body)
        self.requests.append(request)
        for extra in self.extra:
            if (told := extra(request)) is not None:
                return told
        if headers.get("authorization", "").split(" ")[-1] not in self.tokens:
            return Reply(401, {"message": "Bad credentials"})
        if self.next_replies:
            return self.next_replies.pop(0)
        return self._described(request, found[0]) if found else self._refused(request, ["no such address"])

    def _described(self, request: Request, operation: Operation) -> Reply:
        problems = self.description.problems(operation, request.values, request.query, request.body)
        if problems:
            return self._refused(request, problems)
        gives, status = self._answers.get((request.method, request.template), (None, None))
        if gives is None:
            return self._refused(request, ["the test has no answer for it"])
        given = gives(request)
        if isinstance(given, Reply):
            return given
        status = status or self.description.success(operation)
        headers = dict(self.headers)
        if isinstance(given, list) and request.method == "GET":
            given = self._page(request, given, headers)
        found = self.description.answer_problems(operation, status, given)
        wrong = [each for each in found if not each.startswith(self.forgiven)]
        if wrong:
            return self._refused(request, [f"the test's answer is none: {each}" for each in wrong])
        return self._tagged(request, Reply(status, given, headers))

    def _page(self, request: Request, items: list[Any], headers: dict[str, str]) -> list[Any]:
        size, page = int(request.query.get(self.page_name, 30)), int(request.query.get("page", 1))
        if len(items) > page * size:
            query = urlencode({**request.query, "page": page + 1})
            headers["Link"] = f'<{self.address}{request.path}?{query}>; rel="next"'
        return items[(page - 1) * size : page * size]

    def _tagged(self, request: Request, reply: Reply) -> Reply:
        if request.method != "GET" or not self.tagged:
            return reply
        told = json.dumps([reply.body, reply.headers.get("Link")]).encode()
        tag = f'W/"{hashlib.sha256(told).hexdigest()[:20]}"'
        if request.headers.get("if-none-match") == tag:
            self.not_modified += 1
            return Reply(304, None, {"ETag": tag})
        return Reply(reply.status, reply.body, {**reply.headers, "ETag": tag})

    def _refused(self, request: Request, problems: list[str]) -> Reply:
        self.wrong += [f"{request.method} {request.path}: {problem}" for problem in problems]
        return Reply(WRONG, {"message": "wrong"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    forge: ForgeServer

    def answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.forge.reply(self.command, self.path, headers, raw)
        if reply.seconds:
            self.forge.stopped.wait(reply.seconds)
        nothing = reply.body is None and reply.raw is None
        content = reply.raw if reply.raw is not None else b"" if nothing else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  # the names that the library looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in its parent
        del format, args

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # who asked did not wait


@contextmanager
def listening(server: ForgeServer) -> Iterator[ForgeServer]:
    """The forge on a port of its own. A request of ours that was wrong fails the test when it ends."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"forge": server}))
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.address = f"http://127.0.0.1:{http.server_address[1]}{server.base}"
    try:
        yield server
    finally:
        server.stopped.set()
        http.shutdown()
        thread.join()
        http.server_close()
    assert not server.wrong, "\n".join(server.wrong)
