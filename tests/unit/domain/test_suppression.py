"""No answer gives away a group of fewer than three people, neither by itself nor by subtraction."""

from itertools import combinations, product

from tallyward.domain.suppression import PEOPLE_MIN, hidden, too_few

PEOPLE = "abcd"
GROUPS = [set(found) for size in range(1, 5) for found in combinations(PEOPLE, size)]


def test_three_people_are_enough_and_two_are_not():
    assert (too_few(0), too_few(2), too_few(3)) == (True, True, False)


def test_small_groups_are_left_out():
    assert hidden([5, 2, 3, 1], people_of_small=3) == {1, 3}


def test_a_lone_small_group_takes_the_smallest_of_the_others_with_it():
    assert hidden([9, 2, 4, 5], people_of_small=2) == {1, 2}


def test_where_all_groups_are_shown_none_is_left_out():
    assert hidden([3, 4], people_of_small=0) == frozenset()
    assert hidden([], people_of_small=0) == frozenset()


def test_what_the_total_less_the_shown_tells_is_of_three_people_or_more():
    """Over every way in which four people can be in three groups: the rest is nobody's, or of enough people."""
    for groups in product(GROUPS, repeat=3):
        people = [len(group) for group in groups]
        of_small = len(set().union(*(group for group in groups if too_few(len(group)))))
        places = hidden(people, of_small)
        rest = set().union(*(groups[place] for place in places))
        everybody = set().union(*groups)
        assert all(people[place] >= PEOPLE_MIN for place in range(3) if place not in places)
        assert not rest or len(rest) >= PEOPLE_MIN or too_few(len(everybody)), groups
