"""Line protocol by hand and by property: what is read, what is refused and at which line, and that writing and reading
are each other's opposite.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.line_protocol import LINE_BYTES_MAX, BadLine, Point, Unreadable, UnsignedInt, parse, parse_line
from tallyward.domain.line_writing import write


def point(line: str) -> Point:
    return parse_line(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"m\,x\ y,t\=k=v\ w f\ k=1 2", Point("m,x y", {"t=k": "v w"}, {"f k": 1.0}, 2)),
        (r"m,t=a\b f=1", Point("m", {"t": "a\\b"}, {"f": 1.0})),
        (r'm f="a\"b\\c\d"', Point("m", {}, {"f": 'a"b\\c\\d'})),
        (r'm f="ends in \\" 1', Point("m", {}, {"f": "ends in \\"}, 1)),
        ('m f="a,b=c d" 1', Point("m", {}, {"f": "a,b=c d"}, 1)),
        ('m f=""', Point("m", {}, {"f": ""})),
        ('m,t="q",u=a"b f=1', Point("m", {"t": '"q"', "u": 'a"b'}, {"f": 1.0})),
        (r"m\#,a=b f=1", Point("m\\#", {"a": "b"}, {"f": 1.0})),
        ("m a=-7i,b=007i,c=-0i", Point("m", {}, {"a": -7, "b": 7, "c": 0})),
        ("m a=9223372036854775807i", Point("m", {}, {"a": 2**63 - 1})),
        ("m a=18446744073709551615u", Point("m", {}, {"a": UnsignedInt(2**64 - 1)})),
        ("m a=1,b=1.,c=.5,d=-1e5,e=1E+5", Point("m", {}, {"a": 1.0, "b": 1.0, "c": 0.5, "d": -1e5, "e": 1e5})),
        ("m  f=1   1  ", Point("m", {}, {"f": 1.0}, 1)),
        ("m f=1,f=2 4", Point("m", {}, {"f": 2.0}, 4)),
    ],
)
def test_what_a_line_says(line: str, expected: Point):
    read = point(line)

    assert read == expected
    assert [type(value) for value in read.fields.values()] == [type(value) for value in expected.fields.values()]


@pytest.mark.parametrize(("words", "value"), [("t T true True TRUE", True), ("f F false False FALSE", False)])
def test_every_spelling_of_a_boolean(words: str, value: bool):
    assert [point(f"m f={word}").fields["f"] for word in words.split()] == [value] * 5


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (r"m,t=a\ f=1", "invalid tag format: tag t"),
        (r'm f="never closed\" 1', 'unbalanced quotes: field "f"'),
        ("m f=NaN", 'invalid number: field "f"'),
        ("m f=Inf", 'invalid boolean: field "f"'),
        ("m f=-Inf", 'invalid number: field "f"'),
        ("m f=+1", 'invalid boolean: field "f"'),
        ("m f=1e400", 'invalid float: field "f" is out of range'),
        ("m f=9223372036854775808i", 'unable to parse integer: field "f" is out of range'),
        ("m f=-1u", 'invalid number: field "f"'),
        (f"m f={'9' * 5000}i", 'unable to parse integer: field "f" is out of range'),
        ("m f=1.5i", 'invalid number: field "f"'),
        ("m f=tRUE", 'invalid boolean: field "f"'),
        ("m f=1,f=2i", 'field type conflict: field "f" stands twice with two types'),
        ("m,t=v,t=w f=1", "duplicate tags: t"),
        ("m,t= f=1", "missing tag value"),
        ("m,=v f=1", "missing tag key"),
        ("m,t=v", "missing fields"),
        (",t=v f=1", "missing measurement"),
        ("m f", "invalid field format"),
        ("m f=1,", "invalid field format"),
        ("m =1", "missing field key"),
        ("m f=", 'missing field value: field "f"'),
        ("m f=1 now", "bad timestamp"),
        ("m f=1 1.5", "bad timestamp"),
        ("m f=1 1 1", "bad timestamp"),
        ("m f=1 99999999999999999999", "time outside range: in nanoseconds it does not fit 64 bits; is the precision"),
        ("m f=1 9223372036854775807", "time outside range: in nanoseconds it does not fit 64 bits; is the precision"),
    ],
)
def test_what_is_refused_and_why(line: str, reason: str):
    with pytest.raises(Unreadable) as refusal:
        point(line)
    assert str(refusal.value).startswith(reason)


def test_good_lines_are_kept_and_bad_ones_named_by_their_number():
    body = b"\n# a comment\nm f=1 1\nm f=NaN 2\n  m f=3 3\r\n\xff f=1\n#m f=9\nm f=6"
    read = parse(body)

    assert [(line, found.fields["f"]) for line, found in read.points] == [(3, 1.0), (5, 3.0), (8, 6.0)]
    assert read.refused == [BadLine(4, 'invalid number: field "f"'), BadLine(6, "it is not UTF-8")]


def test_a_text_may_hold_line_breaks_and_the_next_line_keeps_its_number():
    read = parse(b'm f="one\n\ntwo" 1\nm f=1 2\nm f=?')

    assert [(line, found.fields["f"]) for line, found in read.points] == [(1, "one\n\ntwo"), (4, 1.0)]
    assert [bad.line for bad in read.refused] == [5]


@pytest.mark.parametrize("opened", [b'm f="open', b'm f="open\\" 1', b'm,t=v f="open 1', b'm f="a" "b'])
def test_a_quote_that_is_never_closed_costs_its_own_line_alone(opened: bytes):
    read = parse(b"m f=1 1\n" + opened + b'\nm f="two" 2\nm f=3 3')

    assert [(line, found.fields["f"]) for line, found in read.points] == [(1, 1.0), (3, "two"), (4, 3.0)]
    assert [bad.line for bad in read.refused] == [2]


def test_ten_thousand_open_quotes_are_refused_at_once():
    assert len(parse(b'm f="x\\"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n' * 10_000).refused) == 10_000


@pytest.mark.parametrize(
    ("precision", "ns"), [("ns", 5), ("us", 5_000), ("ms", 5_000_000), ("s", 5 * 10**9), ("h", 18_000 * 10**9)]
)
def test_moments_are_in_the_precision_that_was_said(precision: str, ns: int):
    assert [found.ns for _, found in parse(b"m f=1 5\nm f=1", precision).points] == [ns, None]


def test_nanoseconds_said_to_be_seconds_are_refused():
    assert "precision" in parse(b"m f=1 1707123600000000000", "s").refused[0].reason


@pytest.mark.parametrize(
    "bad",
    [
        Point("#m", {}, {"f": 1}),
        Point("m\\", {}, {"f": 1}),
        Point("m", {"t": ""}, {"f": 1}),
        Point("m", {"t": "a\nb"}, {"f": 1}),
        Point("m", {}, {}),
        Point("m", {}, {"f": math.nan}),
    ],
)
def test_what_line_protocol_cannot_say_is_not_written(bad: Point):
    with pytest.raises(ValueError, match=r"."):
        write(bad)


NAMES = st.text(
    st.one_of(st.sampled_from(',= "\\#\t'), st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")),
    min_size=1,
).filter(lambda name: not name.endswith("\\"))
TEXTS = st.text(st.one_of(st.sampled_from('"\\\n, ='), st.characters(exclude_categories=["Cs"])), max_size=40).filter(
    lambda text: text.count("\n") < 60
)
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**64 - 1).map(UnsignedInt),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    TEXTS,
)
POINTS = st.builds(
    Point,
    NAMES.filter(lambda name: not name.startswith(("#", " ", "\r"))),
    st.dictionaries(NAMES, NAMES, max_size=4),
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=6),
    st.one_of(st.none(), st.integers(-(2**63) + 2, 2**63 - 2)),
)


@given(POINTS)
def test_what_is_written_is_read_back_the_same(written: Point):
    read = parse_line(write(written))

    assert (read.measurement, read.tags, read.ns) == (written.measurement, written.tags, written.ns)
    assert {name: (type(value), value) for name, value in read.fields.items()} == {
        name: (type(value), value) for name, value in written.fields.items()
    }


@given(st.lists(POINTS, max_size=5))
def test_a_body_of_written_points_is_read_back_the_same(written: list[Point]):
    body = "\n".join(map(write, written)).encode()
    read = parse(body)

    assert read.refused == []
    assert [found for _, found in read.points] == written


@given(st.binary(max_size=200))
def test_no_body_is_more_than_refused(body: bytes):
    read = parse(body)

    lines = [line for line, _ in read.points] + [bad.line for bad in read.refused]
    assert len(set(lines)) == len(lines) <= body.count(b"\n") + 1


def test_a_line_that_is_too_long_is_refused_unread_and_the_others_are_kept():
    body = b"m f=1 1\nm,t=" + rb"\," * LINE_BYTES_MAX + b" f=1 2\nm f=1 3"

    read = parse(body)

    assert [number for number, _ in read.points] == [1, 3]
    assert read.refused == [BadLine(2, f"it is longer than {LINE_BYTES_MAX} bytes")]


def test_the_end_of_a_text_is_not_sought_beyond_the_longest_line():
    filler = b"x" * (LINE_BYTES_MAX // 2)
    body = b'm f="' + filler + b"\n" + filler + b"\n" + filler + b'"\nm f=1'

    read = parse(body)

    assert read.points == [(4, Point("m", {}, {"f": 1.0}))]
    assert [bad.line for bad in read.refused] == [1, 2, 3]
