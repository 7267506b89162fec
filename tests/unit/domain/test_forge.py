"""The interface to a forge is the guard: nothing that people wrote can come through it."""

import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from tallyward.domain import forge
from tallyward.domain.forge import Check, ForgeWriter, PullRequestSignals, SignalsReader

NOW = datetime(2026, 5, 1, tzinfo=UTC)
# Every field that may come out of a reader. Whoever adds a name here answers that no text of a person is in it.
ALLOWED = {
    "Check": {"name", "status", "conclusion"},
    "Reverted": {"number", "sha"},
    "PullRequestSignals": {
        *("forge", "repo", "repo_id", "number", "state", "draft", "mergeable", "merge_state", "author", "labels"),
        *("head_branch", "head_repo", "head_sha", "head_at", "base_branch", "base_sha", "behind_by", "auto_merge"),
        *("created_at", "updated_at", "closed_at", "merged_at", "merge_sha", "checks", "approvals"),
        *("changes_requested", "review_rounds", "threads_total", "threads_unresolved", "threads_newest_at"),
        *("changed_paths", "commits", "reverts", "co_agents"),
    },
    "Hook": {"repo", "id"},
    "DeliveryState": {
        *("hook", "id", "guid", "event", "action", "delivered_at", "redelivery", "status_code", "repo_id"),
    },
    "Rate": {"limit", "remaining", "resets_at"},
    "RepositoryFacts": {"repo", "repo_id", "default_branch", "private", "archived", "may_write"},
}
PLAIN = {bool, int, float, datetime, type(None)}
# The methods that give text outside a Struct: names of reactions, and the sha of a merge.
TEXT = {"reactions", "merge"}


def methods(protocol: type) -> dict[str, Any]:
    own = vars(protocol).items()
    return {name: value for name, value in own if inspect.isfunction(value) and not name.startswith("_")}


def leaves(kind: Any) -> set[Any]:
    """The types that a hint is made of, the fields of Structs followed to their end."""
    if get_origin(kind) is Literal:
        return {kind}
    if get_args(kind):
        return set().union(*(leaves(part) for part in get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {kind, *set().union(*(leaves(hint) for hint in get_type_hints(kind).values()))}
    return {kind}


def structs_of(protocol: type) -> set[type[msgspec.Struct]]:
    returned = [get_type_hints(method)["return"] for method in methods(protocol).values()]
    found = set().union(*map(leaves, returned))
    return {kind for kind in found if isinstance(kind, type) and issubclass(kind, msgspec.Struct)}


def test_no_field_that_a_reader_gives_can_hold_what_people_wrote():
    told = {kind.__name__: set(kind.__struct_fields__) for kind in structs_of(SignalsReader)}

    assert told == ALLOWED


@pytest.mark.parametrize("protocol", [SignalsReader, ForgeWriter])
def test_a_method_gives_structs_numbers_and_moments_but_no_text(protocol: type):
    for name, method in methods(protocol).items():
        returned = get_type_hints(method)["return"]
        direct = {
            part for part in leaves(returned) if not (isinstance(part, type) and issubclass(part, msgspec.Struct))
        }
        outside = set(get_args(returned) or (returned,)) & {str}
        assert outside <= ({str} if name in TEXT else set()), name
        assert direct <= PLAIN | {str} | {part for part in direct if get_origin(part) is Literal}, name


def test_a_reader_changes_nothing_and_a_writer_reads_nothing():
    writes = {"comment", "add", "remove", "open_issue", "merge", "update", "publish", "resolve", "enable", "redeliver"}
    assert not [name for name in methods(SignalsReader) if any(name.startswith(word) for word in writes)]
    given = [get_type_hints(method)["return"] for method in methods(ForgeWriter).values()]
    assert set(given) == {int, str, type(None)}


def test_what_is_told_cannot_be_changed():
    kinds = [value for value in vars(forge).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)]
    own = [kind for kind in kinds if kind is not msgspec.Struct]
    assert own
    assert all(kind.__struct_config__.frozen for kind in own)


def test_pull_requests_are_given_one_by_one():
    assert get_origin(get_type_hints(SignalsReader.pull_requests)["return"]) is AsyncIterator


def test_each_check_is_counted_once_and_one_that_did_not_end_well_fails():
    checks = [
        Check(name="a", status="completed", conclusion="success"),
        Check(name="b", status="completed", conclusion="neutral"),
        Check(name="c", status="completed", conclusion="cancelled"),
        Check(name="d", status="completed", conclusion=None),
        Check(name="e", status="in_progress"),
        Check(name="f", status="queued"),
    ]
    one = PullRequestSignals(
        forge="github",
        repo="acme/shop",
        number=1,
        state="open",
        draft=False,
        head_branch="feature",
        head_sha="a" * 40,
        base_branch="main",
        created_at=NOW,
        updated_at=NOW,
        checks=checks,
    )

    assert (one.checks_total, one.checks_passing, one.checks_failing, one.checks_pending) == (6, 2, 2, 2)


def test_a_mark_is_found_again_among_the_words_of_a_comment_and_nothing_else_is():
    mine = forge.mark_of("ab" * 10)
    assert forge.marks_in(f"Can you fix it?\n\n{mine} and {forge.mark_of('cd' * 4)}") == [mine, forge.mark_of("cd" * 4)]
    assert forge.marks_in("<!-- tallyward:nothing --> <!-- other:abcdabcd --> <!-- tallyward:abc -->") == []
