"""A glance at JSON that flies past: the few members that were asked for, and nothing else is ever held.

A tool's answer may be a hundred megabytes, and the arguments of a call are nobody's business. So the text is read
piece by piece as it comes, only the scalars at the wanted places are kept, and of everything else no more than the
depth of the brackets. Memory stays small whatever comes, and what was not asked for never becomes a value.
"""

import re
from collections.abc import Iterator, Mapping

from tallyward.client import quick_json

SCALAR_BYTES_MAX = 1024  # names and ids are shorter; of anything longer the beginning is kept

# What to look for: the name of a member, and None for its scalar or what to look for inside of it.
Wanted = Mapping[str, "Wanted | None"]

_BRACKET = re.compile(rb'["{}\[\]]')
_SCALAR = re.compile(rb'[^"{}\[\],:\s]+')
_SPACE = re.compile(rb"\s*")
_BACKSLASH = ord("\\")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")
_BEGINNING = re.compile(rb"^[ \t\r]*+[{\[]", re.MULTILINE)  # of a line that may be a message
_WORTH_BYTES = 2048  # from here on, counting brackets by the piece is faster than going from one to the next
_DEPTH_MAX = 64  # what nests deeper is walked bracket by bracket


class Found(dict[str, bytes]):
    """What one message held, by path ("params.name"): a scalar as its JSON text, or `{` or `[` for a wanted member that
    is no scalar. And how large the message was, from its first brace to its last.
    """

    size_bytes = 0


class Glance:
    """Reads one JSON text: `feed` it in pieces, then `end` gives what each message in it held.

    A text is one message or, as older protocols have it, a list of them.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._begin()

    def _begin(self) -> None:
        self._messages: list[Found] = []
        self._found = Found()
        self._before = 0  # bytes of the pieces before this one
        self._began = 0  # where the message begins, counted in bytes of the text
        self._inside: list[tuple[str, Wanted]] = []  # the open objects that hold something wanted
        self._in_list = False
        self._skipped = 0  # how many brackets are open in a value that nobody wants
        self._text: bytearray | None = None  # the string or other scalar that is being read
        self._in_string = self._escaped = False
        self._key: str | None = None  # of the member whose value comes next
        self._awaits = "value"  # or "key", "colon", "comma"
        self.broken = False

    def feed(self, piece: bytes) -> None:
        """Read on. A text that is not JSON is given up at once."""
        at = 0
        while at < len(piece) and not self.broken:
            if self._in_string:
                at = self._string(piece, at)
            elif self._skipped:
                at = self._skip(piece, at)
            elif self._text is not None:
                at = self._scalar(piece, at)
            else:
                at = self._step(piece, at)
        self._before += len(piece)

    def take(self) -> list[Found]:
        """What the messages held that are whole already; each is given once."""
        messages, self._messages = self._messages, []
        return messages

    def end(self) -> list[Found]:
        """What the whole messages of the text held; then begin anew."""
        messages = self._messages
        self._begin()
        return messages

    def _step(self, piece: bytes, at: int) -> int:
        """One token between values, keys and brackets."""
        at = _SPACE.match(piece, at).end()  # pyright: ignore[reportOptionalMemberAccess]  # it matches nothing, too
        if at == len(piece):
            return at
        token = piece[at : at + 1]
        if token == b'"' and self._awaits in ("value", "key"):
            self._in_string, self._text = True, bytearray()
        elif token == b":" and self._awaits == "colon":
            self._awaits = "value"
        elif token == b"," and self._awaits == "comma":
            self._awaits = "key" if self._inside else "value"
        elif token in (b"}", b"]"):
            self._close(token, at)
        elif token in (b"{", b"[") and self._awaits == "value":
            self._open(token, at)
        elif self._awaits == "value" and _SCALAR.match(token):
            self._text = bytearray()
            return at
        else:
            self.broken = True
        return at + 1

    def _open(self, bracket: bytes, at: int) -> None:
        if not self._inside:
            self._open_message(bracket, at)
            return
        within = self._inside[-1][1].get(self._key) if self._key is not None else None
        self._keep(bracket)
        if bracket == b"{" and within:
            self._inside.append((self._path(), within))
            self._awaits = "key"
        else:
            self._skipped = 1

    def _open_message(self, bracket: bytes, at: int) -> None:
        """The outermost brackets: a message, or a list of messages."""
        if bracket == b"{":
            self._found = Found()
            self._began = self._before + at
            self._inside.append(("", self._wanted))
            self._awaits = "key"
        elif self._in_list or self._messages:
            self._skipped = 1
        else:
            self._in_list = True

    def _close(self, bracket: bytes, at: int) -> None:
        if bracket == b"}" and self._inside and self._awaits in ("key", "comma"):
            self._inside.pop()
            if not self._inside:
                self._found.size_bytes = self._before + at + 1 - self._began
                self._messages.append(self._found)
        elif bracket == b"]" and self._in_list and not self._inside:
            self._in_list = False
        else:
            self.broken = True
        self._value_ends()

    def _value_ends(self) -> None:
        self._key = None
        self._awaits = "comma" if self._inside or self._in_list else "nothing"

    def _path(self) -> str:
        return f"{self._inside[-1][0]}.{self._key}" if self._inside[-1][0] else str(self._key)

    def _keep(self, value: bytes) -> None:
        if self._inside and self._key is not None and self._key in self._inside[-1][1]:
            self._found[self._path()] = value

    def _string(self, piece: bytes, at: int) -> int:
        """On to the end of a string, or of the piece."""
        start = at
        if self._escaped:  # the last piece ended between a backslash and what it belongs to
            self._escaped = False
            at += 1
        while (end := piece.find(b'"', at)) >= 0:
            if not _odd_backslashes(piece, at, end):
                self._remember(piece, start, end)
                self._in_string = False
                if not self._skipped:
                    self._string_ends()
                return end + 1
            at = end + 1
        self._escaped = _odd_backslashes(piece, at, len(piece))
        self._remember(piece, start, len(piece))
        return len(piece)

    def _string_ends(self) -> None:
        whole = b'"' + bytes(self._text or b"") + b'"'
        self._text = None
        if self._awaits == "key":
            key = scalar(whole)
            self._key = key if isinstance(key, str) else ""  # an overlong one is none of ours
            self._awaits = "colon"
        else:
            self._keep(whole)
            self._value_ends()

    def _scalar(self, piece: bytes, at: int) -> int:
        """On to the end of a number or a word."""
        match = _SCALAR.match(piece, at)
        end = match.end() if match else at
        self._remember(piece, at, end)
        if end < len(piece):
            self._keep(bytes(self._text or b""))
            self._text = None
            self._value_ends()
        return end

    def _remember(self, piece: bytes, start: int, end: int) -> None:
        if self._text is not None and not self._skipped and len(self._text) < SCALAR_BYTES_MAX:
            self._text += piece[start : min(end, start + SCALAR_BYTES_MAX - len(self._text))]

    def _skip(self, piece: bytes, at: int) -> int:
        """On in a value that nobody wants: over the whole piece if it does not end there, else to its next bracket."""
        if len(piece) - at > _WORTH_BYTES and self._skip_piece(piece[at:]):
            return len(piece)
        match = _BRACKET.search(piece, at)
        if match is None:
            return len(piece)
        bracket = match[0]
        if bracket == b'"':
            self._in_string = True
        elif bracket in (b"{", b"["):
            self._skipped += 1
        else:
            self._skipped -= 1
            if not self._skipped:
                self._value_ends()
        return match.end()

    def _skip_piece(self, piece: bytes) -> bool:
        """Skip a whole piece at once, unless the value may end in it."""
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')  # every other part is inside of a string
        brackets = b"".join(parts[::2]).translate(None, _NO_BRACKETS)
        for _ in range(_DEPTH_MAX):
            shorter = brackets.replace(b"{}", b"").replace(b"[]", b"")
            if len(shorter) == len(brackets):
                break
            brackets = shorter
        opening = brackets.lstrip(b"}]")
        closing = len(brackets) - len(opening)
        if closing >= self._skipped or b"}" in opening or b"]" in opening:
            return False
        self._skipped += len(opening) - closing
        if len(parts) % 2 == 0:
            self._in_string, self._escaped = True, parts[-1].endswith(b"\\")
        return True


def _odd_backslashes(piece: bytes, start: int, end: int) -> bool:
    """Whether what comes at `end` is escaped."""
    first = end
    while first > start and piece[first - 1] == _BACKSLASH:
        first -= 1
    return (end - first) % 2 == 1


def _next_beginning(piece: bytes, start: int) -> int:
    """Where the next line begins that may be a message, or the last one, which is not all here yet."""
    match = _BEGINNING.search(piece, start)
    return match.start() if match else max(start, piece.rfind(b"\n") + 1)


def scalar(text: "bytes | None") -> object:
    """The value of a found text; None if it is none, or longer than what was kept of it."""
    if text is None or text in (b"{", b"["):
        return None
    try:
        return quick_json.loads(text)
    except ValueError:
        return None


class Lines:
    """Messages of a stream that holds one a line, as MCP has it on standard input and output."""

    def __init__(self, wanted: Wanted) -> None:
        self._glance = Glance(wanted)
        self._within = False  # a line has begun and not ended

    def feed(self, piece: bytes) -> Iterator[Found]:
        """The messages that end in this piece."""
        start = 0
        while self._within or (start := _next_beginning(piece, start)) < len(piece):
            end = piece.find(b"\n", start)
            self._glance.feed(piece[start : end if end >= 0 else len(piece)])
            self._within = end < 0
            if self._within:
                return
            yield from self._glance.end()
            start = end + 1

    def lose(self) -> None:
        """Something is missing here: the line that it was in is given up."""
        self._glance.end()
        self._glance.broken = self._within = True
