"""A small real HTTP server in place of ours: it keeps what it is sent, dedupes as ours does, and errs as it is told."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ARG_KEY = "5e" * 32


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def rows(self) -> list[dict[str, Any]]:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int
    body: object = None
    headers: tuple[tuple[str, str], ...] = ()


def refusal(status: int, code: str, message: str = "no") -> Reply:
    return Reply(status, {"error": {"code": code, "message": message, "retryable": False, "docs": ""}})


Answers = Callable[[Request], Reply | None]


class ListeningServer:
    """`answers` may take a request over by returning a Reply; None leaves it to the usual answer."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []
        self.answers: Answers = lambda _request: None
        self.refuses_report: Callable[[dict[str, Any]], Reply | None] = lambda _report: None
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def reply(self, request: Request) -> Reply:
        if request.path == "/v1/capture-report":
            self.reports.append(json.loads(request.body))
            kept = Reply(202, {"kept": len(self.reports[-1]["days"])})
            return self.refuses_report(self.reports[-1]) or kept
        self.requests.append(request)
        given = self.answers(request)
        if given is not None:
            return given
        if request.path == "/v1/capture-config":
            return Reply(200, {"tenant": "default", "arg_key": ARG_KEY, "engineer_id": "ann"})
        if request.path.startswith("/v1/canary?session="):
            session = request.path.partition("=")[2]
            return Reply(200, {"fires": [row for row in self.rows.values() if row.get("session_id") == session]})
        if request.method == "POST":
            return Reply(202, {"ids": [self.keep(row) for row in request.rows], "errors": []})
        return refusal(404, "not_found")

    def keep(self, row: dict[str, Any]) -> int:
        key = row.get("fire_key") or row.get("request_key") or row.get("fetch_key") or json.dumps(row)
        known = self.rows.setdefault(f"{'fetch' if 'file_path' in row else 'fire'} {key}", {})
        known.update(row)
        return list(self.rows.values()).index(known) + 1


class _Handler(BaseHTTPRequestHandler):
    owner: ListeningServer

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        reply = self.owner.reply(Request(self.command, self.path, dict(self.headers), body))
        raw = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in (*reply.headers, ("Content-Length", str(len(raw)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = _handle  # noqa: N815  # the names are the base class's
