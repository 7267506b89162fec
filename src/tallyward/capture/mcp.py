"""Calls of MCP tools, as somebody between client and server sees them: requests and answers in, fires out.

An answer belongs to the request with its id *in the other direction*: both sides number their requests, and both begin
with the same numbers. Only `tools/call` of a client is a fire. Newer protocols let a server ask back before it
answers, and the client then repeats the call with what was asked for: that is one fire, from the first request to the
last answer. `WANTED` is all that is ever looked at; arguments and results are not in it.

Pure: messages and moments come in, the caller keeps the result.
"""

from tallyward.capture._base import (
    HANDLE_CHARS_MAX,
    NAME_CHARS_MAX,
    CaptureSource,
    Event,
    Record,
    Seen,
    count,
    fire,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CODEX_TURN = "x-codex-turn-metadata"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
# The only members of a message that are read; a name and what to read of it, None for its scalar.
WANTED = {
    "id": None,
    "method": None,
    "error": None,
    "result": {"isError": None, "resultType": None, "requestState": None},
    "params": {
        "name": None,
        "requestId": None,
        "requestState": None,
        "inputResponses": None,
        "clientInfo": {"name": None},
        "_meta": {
            "claudecode/toolUseId": None,
            "callId": None,
            "sessionId": None,
            CODEX_TURN: {"turn_id": None, "model": None},
            CLIENT_INFO: {"name": None},
        },
    },
}
# Where the id of the tool use stands that the client's own hooks tell of too: Claude Code's, Codex's.
TOOL_USE_IDS = ("params._meta.claudecode/toolUseId", "params._meta.callId")
CLIENT_NAMES = ("params.clientInfo.name", f"params._meta.{CLIENT_INFO}.name")
CODEX = "codex"  # what the client's name begins with
OPEN_MAX = 10_000  # calls without an answer; a client that has more has lost count itself
_BASIC_PLANE_MAX = 0xFFFF

Place = tuple[str, str]  # scope and id


class Call:
    """A tool call on its way. `told` once somebody has been told that it runs."""

    __slots__ = ("client_name", "key", "model", "prompt_id", "session_id", "since", "sizes", "told", "tool")

    def __init__(self, message: Event, tool: str, key: str, *, since: float, client_name: str) -> None:
        self.tool = tool
        self.key = key
        self.since = since
        self.client_name = client_name
        self.session_id = text(message.get("params._meta.sessionId"), HANDLE_CHARS_MAX)
        self.prompt_id = text(message.get(f"params._meta.{CODEX_TURN}.turn_id"), HANDLE_CHARS_MAX)
        self.model = text(message.get(f"params._meta.{CODEX_TURN}.model"))
        self.told = False
        self.sizes: dict[str, int] = {}

    def weigh(self, field: str, size_bytes: int) -> None:
        """One more message of this call; of several rounds all count."""
        if size_bytes:
            self.sizes[field] = self.sizes.get(field, 0) + size_bytes


class Ended:
    """How a call ended: success, error, or abandoned, which is also what it is while it runs."""

    __slots__ = ("call", "latency_ms", "status")

    def __init__(self, call: Call, status: str, latency_ms: "int | None" = None) -> None:
        self.call = call
        self.status = status
        self.latency_ms = latency_ms


class Mcp(CaptureSource):
    """One MCP server's conversations. A scope is what ids are counted in: a pipe has one, HTTP one per exchange."""

    program = "mcp"

    def __init__(self, server: str, new_key: "Callable[[], str]") -> None:
        self.server = server
        self.client_name = ""
        self._new_key = new_key
        self._open: dict[Place, Call] = {}
        self._asked_back: dict[str, Call] = {}  # calls whose next round is to come, by what it will be known by

    def client_said(self, message: Event, at: float, scope: str = "", size_bytes: int = 0) -> "list[Ended]":
        """A request, notification or answer of the client, and its size; the calls that it ends."""
        self.client_name = next(
            (said for name in CLIENT_NAMES if (said := text(message.get(name), HANDLE_CHARS_MAX))), self.client_name
        )
        method, number = message.get("method"), message.get("id")
        if method == "notifications/cancelled":
            return self._cancelled(scope, message.get("params.requestId"), at)
        if method != "tools/call" or not isinstance(number, str):
            return []
        tool = text(message.get("params.name"), NAME_CHARS_MAX)
        if tool is None:
            return []
        ended = self._close((scope, number), "abandoned", at)  # an id that is used again gets no answer any more
        call = self._next_round(message, tool) or Call(
            message, tool, self._key(message), since=at, client_name=self.client_name
        )
        call.weigh("request_bytes", size_bytes)
        self._open[scope, number] = call
        if len(self._open) > OPEN_MAX:
            ended += self._close(next(iter(self._open)), "abandoned", at)
        return ended

    def server_said(self, message: Event, at: float, scope: str = "", size_bytes: int = 0) -> "list[Ended]":
        """A request, notification or answer of the server, and its size; the calls that it ends."""
        number = message.get("id")
        if "method" in message or not isinstance(number, str):
            return []
        place = self._place(scope, number)
        if place is None:
            return []
        asks_back = message.get("result.resultType") == "input_required"
        failed = "error" in message or message.get("result.isError") is True
        if not (asks_back or failed or "result" in message):
            return []
        self._open[place].weigh("response_bytes", size_bytes)
        if asks_back:
            self._ask_back(self._open.pop(place), message)
            return []
        return self._close(place, "error" if failed else "success", at)

    def running(self, at: float, seconds_min: float) -> "list[Ended]":
        """The calls that have been running for this long and that nobody has been told of yet."""
        found = [call for call in self._calls() if not call.told and at - call.since >= seconds_min]
        for call in found:
            call.told = True
        return [Ended(call, "abandoned") for call in found]

    def waits(self) -> bool:
        """Whether a call is on its way that nobody has been told of yet."""
        return any(not call.told for call in self._calls())

    def scope_fails(self, scope: str, at: float) -> "list[Ended]":
        """What was said in a scope was refused as a whole."""
        places = [place for place in self._open if place[0] == scope]
        return [ended for place in places for ended in self._close(place, "error", at)]

    def all_end(self, at: float) -> "list[Ended]":
        """Nothing more will be said at all."""
        ended = [ended for place in list(self._open) for ended in self._close(place, "abandoned", at)]
        ended += [Ended(call, "abandoned", count((at - call.since) * 1000)) for call in self._asked_back.values()]
        self._asked_back = {}
        return ended

    def record(self, ended: Ended, seen: Seen, session_id: "str | None") -> Record:
        """The row of a call. `session_id` stands in where the client does not say its own."""
        call = ended.call
        return fire(
            seen,
            kind="mcp",
            name=tool_name(self.server, call.tool),
            status=ended.status,
            fire_key=call.key,
            session_id=call.session_id or text(session_id, HANDLE_CHARS_MAX),
            prompt_id=call.prompt_id,
            model=call.model,
            latency_ms=ended.latency_ms,
            source="relay",
            sizes=call.sizes,
        )

    def _calls(self) -> "Iterator[Call]":
        yield from self._open.values()
        yield from self._asked_back.values()

    def _place(self, scope: str, number: str) -> "Place | None":
        """The open call that an id means. Over HTTP the rest of a call may come in another exchange."""
        if (scope, number) in self._open:
            return scope, number
        elsewhere = [place for place in self._open if place[1] == number]
        return elsewhere[0] if len(elsewhere) == 1 else None

    def _key(self, message: Event) -> str:
        return next((key for name in TOOL_USE_IDS if (key := text(message.get(name)))), None) or self._new_key()

    def _close(self, place: Place, status: str, at: float) -> "list[Ended]":
        call = self._open.pop(place, None)
        return [] if call is None else [Ended(call, status, count((at - call.since) * 1000))]

    def _cancelled(self, scope: str, number: object, at: float) -> "list[Ended]":
        """The client wants no answer any more."""
        place = self._place(scope, number) if isinstance(number, str) else None
        return self._close(place, "abandoned", at) if place else []

    def _ask_back(self, call: Call, message: Event) -> None:
        state = message.get("result.requestState")
        self._asked_back[_state(state) if isinstance(state, str) else _tool(call.tool)] = call

    def _next_round(self, message: Event, tool: str) -> "Call | None":
        state = message.get("params.requestState")
        if isinstance(state, str):
            return self._asked_back.pop(_state(state), None)
        return self._asked_back.pop(_tool(tool), None) if "params.inputResponses" in message else None


def _state(state: str) -> str:
    return f"state {state}"


def _tool(tool: str) -> str:
    return f"tool {tool}"


def tool_name(server: str, tool: str) -> str:
    """The name that agents give an MCP tool: `mcp__<server>__<tool>`, other signs than letters and digits as `_`."""
    return f"mcp__{_plain(server)}__{_plain(tool)}"[:NAME_CHARS_MAX]


def _plain(name: str) -> str:
    # Agents count in UTF-16, where a rare letter is two signs.
    kept = [letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in name]
    return "".join("__" if ord(letter) > _BASIC_PLANE_MAX else shown for letter, shown in zip(name, kept, strict=True))
