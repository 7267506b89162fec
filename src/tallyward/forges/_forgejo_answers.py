"""What is read out of the other answers of Forgejo and Gitea: branches, runs and labels."""

from typing import Any

import msgspec
from msgspec import Struct

from tallyward.forges._moment import Moment


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


class _Titled(Struct):
    title: str


def read_title(raw: Any) -> str:
    """For the writer alone, which gives it back to the forge without its mark of a draft. Nothing keeps it."""
    return msgspec.convert(raw, _Titled).title


def read_nothing(_: Any) -> None:
    """What was done is known by there being no error."""
