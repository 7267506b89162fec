"""Which groups of people are too small to be shown to a colleague.

Whoever sees the numbers of a group of two and knows the own can work out those of the other. So an engineer is shown
no group of fewer than three people. A total beside the groups would give away what was left out, by subtraction; so
when all that is left out concerns fewer than three people, the smallest of the other groups is left out too.

This guards one answer. Two answers over ranges that differ by a day can still be subtracted from each other.
"""

from collections.abc import Sequence

PEOPLE_MIN = 3  # of three, one knows the own numbers and is left with the sum of two


def too_few(people: int) -> bool:
    """Whether a group of so many people may not be shown."""
    return people < PEOPLE_MIN


def hidden(people: Sequence[int], people_of_small: int) -> frozenset[int]:
    """The places of the groups that may not be shown, when their total is.

    `people` counts each group's; `people_of_small` counts those of all groups that are too small, each person once.
    """
    small = {place for place, count in enumerate(people) if too_few(count)}
    others = [place for place in range(len(people)) if place not in small]
    if small and others and too_few(people_of_small):
        small.add(min(others, key=lambda place: people[place]))
    return frozenset(small)
