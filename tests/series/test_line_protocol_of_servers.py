"""Our line protocol against the real ones: what influxd takes we take and read the same, what it refuses we refuse, and
the numbers that we write arrive in VictoriaMetrics as they are.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.domain.line_protocol import Point, parse
from tallyward.domain.line_writing import write
from tests.series.time_series import Influx, Victoria, influxd, victoria_metrics
from tests.waiting import eventually

pytestmark = pytest.mark.series

NS = 1_700_000_000_000_000_000
TAKEN = (
    rb"m\,x\ y,t\=k=v\ w f\ k=1",
    rb"m,t=a\b f=1",
    rb"m,t=\= f=1",
    b'm,t="q",u=a"b f=1',
    rb'm f="a\"b\\c\d"',
    rb'm f="ends in \\"',
    b'm f="a\nb"',
    b'm f="",g="a,b=c d"',
    b"m a=1,b=1.,c=.5,d=-1e5,e=1E+5",
    b"m a=-7i,b=007i,c=-0i,d=9223372036854775807i,e=-9223372036854775808i",
    b"m a=t,b=T,c=true,d=True,e=TRUE,f=f,g=F,h=false,i=False,j=FALSE",
    b"m f=1,f=2",
    b"  m  f=1  ",
    b"# a comment\nm f=1",
    rb"m\#,a=b f=1",
    'm,ort=Zürich f="🦉"'.encode(),
)
REFUSED = (
    *(
        rb"m,t=a\ f=1",
        rb"m,t=a\\ f=1",
        rb'm f="open\"',
        b"m f=NaN",
        b"m f=Inf",
        b"m f=-Inf",
        b"m f=nan",
        b"m f=infinity",
    ),
    *(b"m f=+1", b"m f=+1i", b"m f=1e", b"m f=1e5i", b"m f=1.5i", b"m f=1e400", b"m f=0x10", b"m f=1_000", b"m f=."),
    *(b"m f=9223372036854775808i", b"m f=tRUE", b"m f=yes", b"m f='a'", b"m f=", b"m f", b"m", b"m,t f=1"),
    *(b"m,t= f=1", b"m,=v f=1", b"m, f=1", b"m,t=v", b",t=v f=1", b"m,t=v,t=w f=1", b"m f=1 abc", b"m f=1 1.5"),
    *(b"m f=1,f=2i", b"m f=1 9223372036854775807", b"m f=1 -9223372036854775808", b"m f=1 99999999999999999999"),
    *(b"m f=1,", b"m f=1,,g=2", b"m f==1", b"m,a=b=c f=1", b"m\tf=1 1", b"m f=1\t1", b"m =1", b"m f=1 1 1", b"m f=--1"),
)


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with influxd(tmp_path_factory.mktemp("influx")) as running:
        yield running


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victoria]:
    with victoria_metrics(tmp_path_factory.mktemp("victoria")) as running:
        yield running


@pytest.mark.parametrize("line", TAKEN)
def test_what_influxd_takes_we_read_as_it_does(influx: Influx, line: bytes):
    influx.forget()
    body = line.rstrip() + b" %d" % NS
    status, said = influx.write(body)
    read = parse(body)

    assert (status, read.refused) == (204, []), said
    assert influx.points() == [
        {"measurement": point.measurement, "tags": dict(point.tags), "ns": point.ns, "fields": dict(point.fields)}
        for _, point in read.points
    ]


@pytest.mark.parametrize("line", REFUSED)
def test_what_influxd_refuses_we_refuse_and_both_keep_the_line_after_it(influx: Influx, line: bytes):
    influx.forget()
    status, _ = influx.write(line)
    read = parse(line + b"\nm f=5 5")

    assert (status, influx.points()) == (400, [])
    assert [bad.line for bad in read.refused] == [1]
    assert [point.fields for _, point in read.points] == [{"f": 5.0}]


PLAIN = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f\x85"), min_size=1).filter(
    lambda name: not name.endswith("\\") and not name.startswith("#") and name not in ("time", "_field", "_measurement")
)
NAMES = st.one_of(PLAIN, st.text(st.sampled_from(',= "ab'), min_size=1).map(lambda name: f"x{name}x"))


@settings(max_examples=60)
@given(
    st.dictionaries(NAMES, NAMES, max_size=3),
    st.dictionaries(
        NAMES,
        st.one_of(
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
            st.text(st.sampled_from('"\\, =a\U0001f989'), max_size=9),
            st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_what_we_write_influxd_reads(influx: Influx, tags: dict[str, str], fields: dict[str, int | float | bool | str]):
    if set(tags) & set(fields):  # influxd answers a tag and a field of one name under other names
        fields = {f"f{name}": value for name, value in fields.items()}
        tags = {f"t{name}": value for name, value in tags.items()}
    influx.forget()
    status, said = influx.write(write(Point("m", tags, fields, NS)).encode())

    assert status == 204, said
    (point,) = influx.points()
    kept = {name: type(fields[name])(value) for name, value in point["fields"].items()}  # its JSON has 1 for 1.0
    assert {**point, "fields": kept} == {"measurement": "m", "tags": tags, "ns": NS, "fields": fields}


def test_the_numbers_that_we_write_arrive_in_victoriametrics(victoria: Victoria):
    body = "\n".join(
        write(point)
        for point in (
            Point("pr_observation", {"repo": "a b", "pr": "7"}, {"checks_total": 8, "ok": True, "share": 0.25}, NS),
            Point(
                "pr_observation",
                {"repo": "a,b=c", "pr": "8"},
                {"checks_total": -1, "ok": False, "share": 1234567.5},
                NS,
            ),
        )
    )
    assert victoria.write(body.encode())[0] == 204
    values = eventually(lambda: victoria.values() if len(victoria.values()) == 6 else None, 20)

    ms = NS // 10**6
    first, second = (("pr", "7"), ("repo", "a b")), (("pr", "8"), ("repo", "a,b=c"))
    assert values == {
        ("pr_observation_checks_total", first, ms): 8,
        ("pr_observation_ok", first, ms): 1,
        ("pr_observation_share", first, ms): 0.25,
        ("pr_observation_checks_total", second, ms): -1,
        ("pr_observation_ok", second, ms): 0,
        ("pr_observation_share", second, ms): 1234567.5,
    }
