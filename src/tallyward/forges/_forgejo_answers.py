"""What is read out of the other answers of Forgejo and Gitea: repositories, branches, runs, webhooks, labels."""

from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.forge import RepositoryFacts, marks_in
from tallyward.forges._moment import Moment


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


class _Branch(Struct):
    protected: bool = False
    effective_branch_protection_name: str = ""


def read_protection_name(raw: Any) -> str:
    """The rule that holds for a branch; nothing where none does."""
    branch = msgspec.convert(raw, _Branch)
    return branch.effective_branch_protection_name if branch.protected else ""


class _Protection(Struct):
    enable_push: bool = True
    enable_push_whitelist: bool = False


def read_refuses(raw: Any) -> bool:
    told = msgspec.convert(raw, _Protection)
    return not told.enable_push or told.enable_push_whitelist


class _Task(Struct):
    run_started_at: Moment
    updated_at: Moment
    status: str = ""


class _Tasks(Struct):
    workflow_runs: list[_Task] | None = None


def read_task_seconds(raw: Any) -> list[float]:
    tasks = msgspec.convert(raw, _Tasks).workflow_runs or ()
    ended = [task for task in tasks if task.status in {"success", "failure"}]
    return [max(0.0, (task.updated_at - task.run_started_at).total_seconds()) for task in ended]


class Label(Struct):
    """A label of a repository."""

    id: int
    name: str


def read_labels(raw: Any) -> list[Label]:
    return msgspec.convert([] if raw is None else raw, list[Label])


def read_label(raw: Any) -> Label:
    return msgspec.convert(raw, Label)


class _Numbered(Struct):
    number: int


class _Identified(Struct):
    id: int


def read_number(raw: Any) -> int:
    return msgspec.convert(raw, _Numbered).number


def read_id(raw: Any) -> int:
    return msgspec.convert(raw, _Identified).id


class _Titled(Struct):
    title: str


def read_title(raw: Any) -> str:
    """For the writer alone, which gives it back to the forge without its mark of a draft. Nothing keeps it."""
    return msgspec.convert(raw, _Titled).title


def read_nothing(_: Any) -> None:
    """What was done is known by there being no error."""
