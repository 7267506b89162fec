"""A model made of a script: it lets tests drive the real `claude` and `codex` with no network, no account, no surprise.

It speaks as much of the Anthropic Messages and the OpenAI Responses protocols as the programs need: an answer that
holds one text, or the use of one or several tools, and a token count. What it will not do: judge the request, remember
conversations, or speak to anyone but loopback. The next step of a conversation follows from the request alone (how many
tool results it holds already), so a retried request gets the same answer.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast

from tallyward.testing import messages_protocol, responses_protocol
from tallyward.testing.scripted_steps import (
    SHELL,
    Answer,
    Asked,
    Fail,
    Json,
    Say,
    Script,
    Step,
    Stream,
    Together,
    Usage,
    Use,
)

__all__ = ["SHELL", "Fail", "Say", "Script", "ScriptedModel", "Step", "Together", "Usage", "Use"]

REQUESTS_KEPT_MAX = 1_000  # a test asks a few dozen; more means that a program is in a loop


class ScriptedModel:
    """`with ScriptedModel(Script([...])) as model:` serves on `model.url` until the block ends."""

    def __init__(self, *scripts: Script, usage: Usage | None = None) -> None:
        self.scripts = scripts
        self.usage = usage or Usage()
        self.requests: list[Json] = []
        self.answered: list[tuple[str, Usage]] = []  # which model was asked, and what it reported
        handler = type("Handler", (_Handler,), {"model": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_step(self, request: Json, asked: Asked) -> Step:
        """Which step comes now. A request that offers no tools is a side question (a title, say) and gets a word."""
        if len(self.requests) < REQUESTS_KEPT_MAX:
            self.requests.append(request)
        script = next((script for script in self.scripts if script.when in asked.said), None)
        if script is None or not asked.tools:
            return Say("ok")
        return script.step(asked.results)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: ScriptedModel

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing: a test's output is for its own words."""

    def do_GET(self) -> None:
        self._answer(200, {"data": [], "models": [], "ok": True})

    def do_HEAD(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        request = cast("Json", json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}"))
        if self.path.partition("?")[0].endswith("/count_tokens"):
            self._answer(200, {"input_tokens": self.model.usage.fresh})
        elif self.path.startswith(messages_protocol.PATH):
            self._messages(request)
        elif self.path.startswith(responses_protocol.PATH):
            self._responses(request)
        else:
            self._answer(404, {"type": "error", "error": {"type": "not_found_error", "message": "not scripted"}})

    def _messages(self, request: Json) -> None:
        step = self.model.next_step(request, messages_protocol.asked(request))
        if isinstance(step, Fail):
            self._refuse(step)
            return
        message = messages_protocol.message(request, step, self._reported(request, step))
        if request.get("stream"):
            self._stream(messages_protocol.stream(message))
        else:
            self._answer(200, message)

    def _responses(self, request: Json) -> None:
        step = self.model.next_step(request, responses_protocol.asked(request))
        if isinstance(step, Fail):
            self._refuse(step)
        else:
            self._stream(responses_protocol.stream(request, step, self._reported(request, step)))

    def _reported(self, request: Json, step: Answer) -> Usage:
        usage = step.usage or self.model.usage
        self.model.answered.append((str(request.get("model")), usage))
        return usage

    def _refuse(self, step: Fail) -> None:
        self._answer(step.status, {"type": "error", "error": {"type": step.kind, "message": "scripted failure"}})

    def _answer(self, status: int, body: Json) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _stream(self, events: Stream) -> None:
        raw = b"".join(
            b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode()) for event in events
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
