"""A model made of a script: it lets tests drive the real `claude` program with no network, no account and no surprise.

It speaks as much of the Anthropic Messages protocol as the program needs: a streamed or plain answer that holds either
one text or one tool use, and a token count. What it will not do: judge the request, remember conversations, or speak
to anyone but loopback. The next step of a conversation follows from the request alone (how many tool results it holds
already), so a retried request gets the same answer.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

from tallyward import ids

REQUESTS_KEPT_MAX = 1_000  # a test asks a few dozen; more means that a program is in a loop

Json = dict[str, Any]


@dataclass(frozen=True)
class Say:
    """The model ends its turn with this text."""

    text: str


@dataclass(frozen=True)
class Use:
    """The model asks for a tool."""

    tool: str
    given: Json = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Fail:
    """The provider refuses with this status: what a program meets on a bad key or a full service."""

    status: int
    kind: str = "invalid_request_error"


Step = Say | Use | Fail


@dataclass(frozen=True)
class Script:
    """What to do in the conversations whose text so far contains `when`; the last step repeats."""

    steps: Sequence[Step]
    when: str = ""


@dataclass(frozen=True)
class Usage:
    """The token counts that every answer reports."""

    fresh: int = 1_000
    cache_write: int = 200
    cache_read: int = 3_000
    output: int = 50

    def wire(self) -> Json:
        return {
            "input_tokens": self.fresh,
            "cache_creation_input_tokens": self.cache_write,
            "cache_read_input_tokens": self.cache_read,
            "output_tokens": self.output,
        }


class ScriptedModel:
    """`with ScriptedModel(Script([...])) as model:` serves on `model.url` until the block ends."""

    def __init__(self, *scripts: Script, usage: Usage | None = None) -> None:
        self.scripts = scripts
        self.usage = usage or Usage()
        self.requests: list[Json] = []
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

    def next_step(self, request: Json) -> Step:
        """Which step comes now. A request that offers no tools is a side question (a title, say) and gets a word."""
        if len(self.requests) < REQUESTS_KEPT_MAX:
            self.requests.append(request)
        said, results = _conversation(request)
        script = next((script for script in self.scripts if script.when in said), None)
        if script is None or not request.get("tools"):
            return Say("ok")
        return script.steps[min(results, len(script.steps) - 1)]


def _conversation(request: Json) -> tuple[str, int]:
    """All user text of the request, and how many tool results it holds."""
    said: list[str] = []
    results = 0
    for message in cast("list[Json]", request.get("messages", [])):
        content = message.get("content")
        blocks = cast("list[Json]", content) if isinstance(content, list) else [{"type": "text", "text": content}]
        results += sum(block.get("type") == "tool_result" for block in blocks)
        if message.get("role") == "user":
            said += [str(block.get("text", "")) for block in blocks]
    return " ".join(said), results


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: ScriptedModel

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing: a test's output is for its own words."""

    def do_GET(self) -> None:
        self._answer(200, {"data": [], "ok": True})

    def do_HEAD(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        request = cast("Json", json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}"))
        if self.path.partition("?")[0].endswith("/count_tokens"):
            self._answer(200, {"input_tokens": self.model.usage.fresh})
        elif self.path.startswith("/v1/messages"):
            self._message(request, self.model.next_step(request))
        else:
            self._answer(404, {"type": "error", "error": {"type": "not_found_error", "message": "not scripted"}})

    def _message(self, request: Json, step: Step) -> None:
        if isinstance(step, Fail):
            self._answer(step.status, {"type": "error", "error": {"type": step.kind, "message": "scripted failure"}})
            return
        block = _block(step)
        reason = "tool_use" if isinstance(step, Use) else "end_turn"
        message = {
            "id": f"msg_{ids.random_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": request.get("model", "scripted"),
            "content": [block],
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": self.model.usage.wire(),
        }
        if request.get("stream"):
            self._stream(_events(message, block, reason))
        else:
            self._answer(200, message)

    def _answer(self, status: int, body: Json) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _stream(self, events: Sequence[Json]) -> None:
        raw = b"".join(
            b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode()) for event in events
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _block(step: Say | Use) -> Json:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    return {"type": "tool_use", "id": f"toolu_{ids.random_hex(12)}", "name": step.tool, "input": step.given}


def _events(message: Json, block: Json, reason: str) -> list[Json]:
    """The six events that carry one block, as the provider streams them."""
    if block["type"] == "text":
        opening: Json = {"type": "text", "text": ""}
        delta: Json = {"type": "text_delta", "text": block["text"]}
    else:
        opening = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    begun: Json = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": opening},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": message["usage"],
        },
        {"type": "message_stop"},
    ]
