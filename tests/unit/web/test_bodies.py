"""Reading a body: within its limits of size and time, compressed or not, however it is cut into parts."""

import asyncio
import gzip
import os
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tallyward.errors import BadRequest, TallyError, TooLarge, TooSlow, UnsupportedMedia
from tallyward.web import bodies
from tallyward.web.bodies import content_type, read_body

LIMIT = 1_000


def request(parts: Sequence[bytes], *, ends: bool = True, **headers: str) -> Request:
    """A request whose body comes in these parts, and which goes silent after them unless it `ends`."""
    waiting = list(parts)

    async def receive() -> dict[str, object]:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or not ends}
        return await asyncio.get_running_loop().create_future()

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw}, receive)


def read(parts: Sequence[bytes], **headers: str) -> bytes:
    return asyncio.run(read_body(request(parts, **headers), LIMIT))


def refusal(parts: Sequence[bytes], **headers: str) -> TallyError:
    with pytest.raises(TallyError) as caught:
        read(parts, **headers)
    return caught.value


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    parts: list[bytes] = []
    for size in sizes:
        parts.append(data[:size])
        data = data[size:]
    return [*parts, data]


CUTS = st.lists(st.integers(0, 9), max_size=6)


@given(st.binary(max_size=60), CUTS)
def test_a_body_is_the_same_however_it_is_cut(data: bytes, sizes: list[int]) -> None:
    assert read(cut(data, sizes)) == data


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=3), CUTS)
def test_gzip_of_several_parts_is_read_to_its_end_however_it_is_cut(texts: list[bytes], sizes: list[int]) -> None:
    packed = b"".join(map(gzip.compress, texts))
    assert read(cut(packed, sizes), content_encoding="gzip") == b"".join(texts)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
def test_the_encoding_is_read_as_http_has_it(encoding: str) -> None:
    assert read([gzip.compress(b"x")], content_encoding=encoding) == b"x"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "x"])
def test_an_encoding_that_we_do_not_read_is_refused(encoding: str) -> None:
    assert isinstance(refusal([b"x"], content_encoding=encoding), UnsupportedMedia)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"plain",
        zlib.compress(b"x"),
        gzip.compress(b"x" * 99)[:-1],
        gzip.compress(b"x" * 99)[:-9] + b"\0" * 9,
        gzip.compress(b"x") + b"rest",
        gzip.compress(b"x") + gzip.compress(b"x")[:-3],
    ],
)
def test_broken_gzip_is_refused_whole(packed: bytes) -> None:
    assert isinstance(refusal([packed], content_encoding="gzip"), BadRequest)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_the_limit_holds_for_what_comes_and_for_what_it_unpacks_to(size: int) -> None:
    data = os.urandom(size)
    halves = gzip.compress(data[:600]) + gzip.compress(data[600:])
    for parts, headers in (
        ([data], {}),
        ([gzip.compress(data)], {"content_encoding": "gzip"}),
        ([halves], {"content_encoding": "gzip"}),
    ):
        if size > LIMIT:
            assert isinstance(refusal(parts, **headers), TooLarge)
        else:
            assert read(parts, **headers) == data


def test_an_announced_length_above_the_limit_is_refused_before_anything_is_read() -> None:
    assert isinstance(refusal([], content_length=str(LIMIT + 1)), TooLarge)


def test_a_body_that_dribbles_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.02)
    with pytest.raises(TooSlow):
        asyncio.run(read_body(request([b"{"], ends=False)))


def test_a_connection_that_ends_before_the_body_is_no_row() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    with pytest.raises(BadRequest):
        asyncio.run(read_body(Request({"type": "http", "headers": []}, receive)))


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("application/x-ndjson", "application/x-ndjson"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("", ""),
    ],
)
def test_the_content_type_is_read_without_its_parameters(sent: str, kind: str) -> None:
    assert content_type(request([], content_type=sent)) == kind
