"""Scopes and roles: deny by default, and no scope gives what it does not say."""

import itertools

import pytest

from tallyward.domain.access import SCOPES, Principal


def holder(*scopes: str, engineer: str | None = None) -> Principal:
    return Principal(token_id=1, tenant="default", name="n", scopes=frozenset(scopes), engineer_id=engineer)


@pytest.mark.parametrize(("held", "asked"), list(itertools.product(SCOPES, SCOPES)))
def test_a_scope_gives_itself_and_admin_gives_all_but_approve(held: str, asked: str) -> None:
    assert holder(held).may(asked) == (held == asked or (held == "admin" and asked != "approve"))


def test_no_scope_gives_nothing() -> None:
    assert not any(holder().may(scope) for scope in SCOPES)


def test_the_role_follows_from_scope_and_engineer() -> None:
    assert holder("capture", "read", engineer="amy").role == "engineer"
    assert holder("capture", "read").role == "lead"
    assert holder("admin").role == holder("admin", engineer="amy").role == "admin"
