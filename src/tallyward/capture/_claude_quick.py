"""The two kinds of line that are most of a Claude Code transcript, read without reading what was said in them.

A quote in what people and tools said is written with a backslash, so a bare `"usage":{` or `}]},"uuid":"` can only be
the record's own. Both kinds are recognised by the exact order in which the program writes its fields since version 2.1.
Whatever looks different in any way is left to the reader that takes a line apart; a test holds the two to each other.
"""

import json
import re
from typing import NamedTuple

from tallyward.capture._claude_records import NOT_MADE
from tallyward.capture._transcript import Row

STOP_BYTES_MAX = 100  # why an answer stopped stands right before its usage
# A result that went well, up to what the tool said, and from there on.
_RESULT_HEAD = re.compile(
    rb'\{"parentUuid":(?:null|"[^"\\]{1,64}"),"isSidechain":(?:true|false),"promptId":"([\w-]{1,64})",'
    rb'(?:"agentId":"\w{1,64}",)?"type":"user","message":\{"role":"user","content":\[\{'
    rb'"tool_use_id":"([\w-]{1,200})","type":"tool_result","content":"'
)
_RESULT_TURN = b'}]},"uuid":"'
_RESULT_TAIL = re.compile(rb'\}\]\},"uuid":"[\w-]{1,64}","timestamp":"([\w:.+-]{1,40})","toolUseResult":')
_SAYS_MORE = (b'"interrupted":true', b'"success":false', b'urationMs":', b'"usage":')
_WENT_WELL = (b'"', b'"is_error":false')
# A line of an answer that holds a text or a thought, and no call.
_ANSWER_HEAD = re.compile(
    rb'\{"parentUuid":(?:null|"[^"\\]{1,64}"),"isSidechain":(true|false),(?:"agentId":"\w{1,64}",)?"message":\{'
    rb'(?:"model":"([\w.:@/\[\]-]{1,200})",)?"id":"([\w.:-]{1,200})","type":"message","role":"assistant",'
    rb'(?:"model":"([\w.:@/\[\]-]{1,200})",)?"content":\[\{"type":"(text|thinking)"'
)
_STOP = re.compile(rb'"stop_reason":(?:null|"(\w{1,40})"),"stop_sequence":null,"usage":\{')
_ANSWER_TAIL = re.compile(
    r'(?:,"stop_details":null)?\},(?:"requestId":"[^"\\]{1,200}",)?"type":"assistant","uuid":"[\w-]{1,64}",'
    r'"timestamp":"([\w:.+-]{1,40})",'
)
_ANSWER_END = "}\n"
_USAGE = b'"usage":{'
# A list goes on with another object: a line that holds two of anything is not one of the usual ones.
_MORE = b'},{"'
# What may stand around an answer without meaning anything but where and who.
SURROUNDINGS = frozenset({
    "userType", "entrypoint", "cwd", "sessionId", "version", "gitBranch", "slug", "teamName", "agentId", "agentName",
})  # fmt: skip
_DECODER = json.JSONDecoder()


class PlainAnswer(NamedTuple):
    """What such a line says. `around` is the text of what stands around it, the same on every line of a session."""

    key: str
    model: str
    is_sidechain: bool
    is_text: bool
    stop_reason: str | None
    usage: Row
    timestamp: str
    around: str


def plain_answer(raw: bytes) -> PlainAnswer | None:
    """A line of an answer with nothing in it but words; None where more has to be read."""
    head = _ANSWER_HEAD.match(raw)
    if head is None:
        return None
    at = raw.rfind(_USAGE)
    stop = _STOP.search(raw, max(head.end(), at - STOP_BYTES_MAX))
    model = head[2] or head[4]
    if stop is None or stop.end() != at + len(_USAGE) or model is None or raw.find(_MORE, head.end(), at) > 0:
        return None
    try:
        tail = raw[at + len(_USAGE) - 1 :].decode()
        usage, end = _DECODER.raw_decode(tail)
    except (ValueError, RecursionError):
        return None
    after = _ANSWER_TAIL.match(tail, end)
    if after is None or not tail.endswith(_ANSWER_END):
        return None
    return PlainAnswer(
        head[3].decode(), model.decode(), head[1] == b"true", head[5] == b"text", stop[1].decode() if stop[1] else None,
        usage, after[1], tail[after.end() : -1],
    )  # fmt: skip


def plain_result(raw: bytes) -> tuple[str, str, str] | None:
    """Call, prompt and moment of a result that went well and says nothing else; None where more has to be read."""
    head = _RESULT_HEAD.match(raw)
    if head is None:
        return None
    turn = raw.find(_RESULT_TURN, head.end())
    tail = _RESULT_TAIL.match(raw, turn) if turn > 0 else None
    if tail is None or not raw.endswith(_WENT_WELL, head.end(), turn) or raw.find(_MORE, head.end(), turn) > 0:
        return None
    if raw.startswith(NOT_MADE.encode(), head.end()) or any(raw.find(mark, tail.end()) > 0 for mark in _SAYS_MORE):
        return None
    if b"}" not in raw[-3:]:
        return None  # cut off
    return head[2].decode(), head[1].decode(), tail[1].decode()
