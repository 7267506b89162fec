"""What is read alike out of the answers of every forge: Forgejo and Gitea took over GitHub's shapes, and write null for
an empty list.
"""

from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.forge import RepositoryFacts, marks_in


class _Reaction(Struct):
    content: str


def read_reactions(raw: Any) -> list[str]:
    return [each.content for each in msgspec.convert([] if raw is None else raw, list[_Reaction])]


class _Comment(Struct):
    id: int
    body: str | None = None


def read_marks(raw: Any) -> list[tuple[str, int]]:
    """Our marks in the comments, each with the comment that carries it. The words go no further."""
    return [
        (mark, each.id) for each in msgspec.convert(raw or [], list[_Comment]) for mark in marks_in(each.body or "")
    ]


class _Rights(Struct):
    push: bool = False


class _Repository(Struct, kw_only=True):
    id: int
    full_name: str
    default_branch: str
    private: bool = False
    archived: bool = False
    permissions: _Rights | None = None


def read_repository(raw: Any) -> RepositoryFacts:
    told = msgspec.convert(raw, _Repository)
    return RepositoryFacts(
        repo=told.full_name,
        repo_id=told.id,
        default_branch=told.default_branch,
        private=told.private,
        archived=told.archived,
        may_write=told.permissions.push if told.permissions else None,
    )


class _Address(Struct):
    url: str = ""


class WebHook(Struct):
    """A webhook of a repository, and where it delivers to."""

    id: int
    config: _Address


def read_hooks(raw: Any) -> list[WebHook]:
    return msgspec.convert([] if raw is None else raw, list[WebHook])


class _Numbered(Struct):
    number: int


class _Identified(Struct):
    id: int


def read_number(raw: Any) -> int:
    return msgspec.convert(raw, _Numbered).number


def read_id(raw: Any) -> int:
    return msgspec.convert(raw, _Identified).id
