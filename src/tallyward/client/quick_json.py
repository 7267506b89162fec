"""JSON for a process that lives ten milliseconds.

`import json` compiles regular expressions and takes longer than everything else a hook does (7 of 13 ms, measured
with CPython 3.11). Its fast parts are in C and need none of that, so they are taken directly where this Python has
them. Whatever they cannot do, and any other Python, gets the `json` module and the same answers.
"""

try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:  # Another Python than CPython: slower, and just as right.
    encode_basestring_ascii = make_encoder = make_scanner = None

_WHITESPACE = " \t\n\r"


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _refuse_value(value: object) -> object:
    raise ValueError(f"{type(value).__name__} is not JSON")


class _Reading:
    """What the scanner asks of its caller: strict strings, plain numbers, no NaN."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)


def loads(raw: bytes) -> object:
    """The value in `raw`. Raises ValueError for anything that is not one JSON value in UTF-8."""
    text = raw.decode("utf-8").strip(_WHITESPACE)
    if make_scanner is not None:
        try:
            value, end = make_scanner(_Reading())(text, 0)  # pyright: ignore[reportArgumentType]  # any object will do
        except (StopIteration, SystemError, RecursionError):
            pass  # Broken text: the C code cannot even say so without the module, which gives the verdict below.
        else:
            if end == len(text):
                return value
    import json

    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def dumps(value: object) -> str:
    """`value` on one line of ASCII with sorted keys: the same value always gives the same text."""
    if make_encoder is not None and encode_basestring_ascii is not None:
        try:
            encode = make_encoder({}, _refuse_value, encode_basestring_ascii, None, ":", ",", True, False, False)
            return "".join(encode(value, 0))
        except TypeError:
            pass  # A Python whose encoder takes other arguments: the public module knows them.
    import json

    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
