"""What every sink promises, as tests that run against any: subclass it beside your sink, and give it two fixtures.

`sink` is a sink of yours on a store that is empty; `kept` asks the store what it has: the value of every number and
boolean (as 1 or 0) by measurement, number of the pull request, moment in nanoseconds and field.
"""

from collections.abc import Callable, Mapping

from tallyward.domain.line_protocol import Point
from tallyward.sinks._base import Placed, Sink

NS = 1_700_000_000_000_000_000
MS = 1_000_000  # what every store keeps apart
Key = tuple[str, str, int, str]
Kept = Callable[[], Mapping[Key, float]]


def observed(place: int, *, pr: int = 1, checks: int = 0, ns: int | None = None) -> Placed:
    """A point with numbers of each kind, words and a text that has to be escaped."""
    return Placed(
        place,
        Point(
            "pr_observation",
            {"repo": "acme shop,a=b", "pr": str(pr)},
            {"checks_total": checks, "mergeable": True, "share": 0.25, "said": 'a "quoted", \\ text = 🦉'},
            NS + place * MS if ns is None else ns,
        ),
    )


def numbers(*points: Placed) -> dict[Key, float]:
    """What a store keeps of these points, the later ones over the earlier."""
    return {
        (placed.point.measurement, placed.point.tags["pr"], placed.point.ns or 0, name): float(value)
        for placed in points
        for name, value in placed.point.fields.items()
        if not isinstance(value, str)
    }


class SinkConformance:
    """The promises."""

    async def test_what_is_sent_is_kept(self, sink: Sink, kept: Kept) -> None:
        points = [observed(place, pr=place % 3 + 1, checks=place) for place in range(1, 21)]
        await sink.send(points)
        await sink.close()

        assert kept() == numbers(*points)

    async def test_what_is_sent_twice_is_kept_once(self, sink: Sink, kept: Kept) -> None:
        points = [observed(place, checks=place) for place in range(1, 11)]
        await sink.send(points[:6])
        await sink.send(points[3:])
        await sink.send(points[3:])
        await sink.close()

        assert kept() == numbers(*points)

    async def test_a_point_that_learned_something_is_told_again_at_its_new_place(self, sink: Sink, kept: Kept) -> None:
        await sink.send([observed(1, checks=1), observed(2, checks=2)])
        later = observed(3, checks=9, ns=NS + 1 * MS)
        await sink.send([later])
        await sink.close()

        assert kept() == numbers(observed(2, checks=2), later)

    async def test_nothing_to_send_is_nothing_sent(self, sink: Sink, kept: Kept) -> None:
        await sink.send([])
        await sink.close()

        assert kept() == {}
