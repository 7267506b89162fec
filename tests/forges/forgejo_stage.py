"""A Forgejo, played: its API with what a test decides, by the names and types that it publishes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tallyward.domain.attribution import agents_named_in
from tallyward.domain.forge import Check
from tallyward.domain.forge_config import ForgeConfig
from tallyward.forges._credential import Token
from tallyward.forges.forgejo import Forgejo
from tallyward.redact import Secret
from tallyward.testing.forge_stage import BASE, CANARY, MERGED, REPO, Stage, StagedPull, Trouble
from tests.forges.described import described
from tests.forges.server import ForgeServer, Reply, Request, listening

DESCRIPTION = Path(__file__).parent / "forgejo.json"
R = "/repos/{owner}/{repo}"
PULL, ISSUE = R + "/pulls/{index}", R + "/issues/{index}"
REPO_ID = 17
SECONDS, IMPATIENT = 20.0, 0.2  # to wait for an answer, and for one that will not come
STATES = {"approved": "APPROVED", "changes_requested": "REQUEST_CHANGES", "commented": "COMMENT"}
REPOSITORY = {
    "id": REPO_ID,
    "full_name": REPO,
    "default_branch": "main",
    "description": CANARY,
    "private": True,
    "permissions": {"admin": False, "push": True, "pull": True},
}
MISSING = Reply(404, {"message": CANARY, "errors": [], "url": "https://forge.example.org/api/swagger"})


def iso(moment: datetime) -> str:
    """In the forge's own zone, as it does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


class ForgejoStage(Stage):
    """One Forgejo with one repository."""

    def __init__(self, server: ForgeServer) -> None:
        self.server = server
        self.pulls: dict[int, StagedPull] = {}
        self.labels = ["bug", "old"]
        self.done: list[tuple[Any, ...]] = []
        self.reactions: dict[int, tuple[str, ...]] = {}
        server.tagged = False
        self._answer_reads()
        self._answer_writes()

    def connect(self, **config: Any) -> Forgejo:
        made = ForgeConfig(name="forge", kind="forgejo", api_url=self.server.address, token_file="-", **config)
        forge = Forgejo(made, Token(Secret("a-token")), agents_named_in)
        forge.client.pauses, forge.client.wire.seconds = (0.0, 0.0), SECONDS
        self.forge, self.reader, self.writer = forge, forge.reader, forge.writer
        return forge

    def hold(self, *pulls: StagedPull) -> None:
        self.pulls = {pull.number: pull for pull in pulls}

    def trouble(self, trouble: Trouble, times: int) -> None:
        reply = Reply(
            trouble.status, {"message": CANARY, "errors": [CANARY]}, dict(trouble.headers), trouble.raw, trouble.seconds
        )
        self.server.next_replies = [reply] * times
        self.forge.client.wire.seconds = IMPATIENT if trouble.seconds and times else SECONDS

    def asked(self) -> int:
        return len(self.server.requests)

    def written(self) -> list[tuple[Any, ...]]:
        return self.done

    def react(self, comment_id: int, *reactions: str) -> None:
        self.reactions[comment_id] = reactions

    def elsewhere(self, path: str, to: str) -> None:
        target = to if "://" in to else f"{self.server.address}/repos/{to}"

        def moved(request: Request) -> Reply | None:
            here = request.path.startswith(f"/repos/{path}")
            return Reply(307, None, {"Location": target}) if here else None

        self.server.extra = [moved]

    def remembered(self) -> str:
        return repr(self.forge.client.memory._kept)

    def _pull(self, request: Request) -> StagedPull | None:
        return self.pulls.get(int(request.values["index"]))

    def told(self, pull: StagedPull) -> dict[str, Any]:
        """A pull request as Forgejo tells it, with words in every place that has room for some."""
        over, merged = pull.state != "open", pull.state == "merged"
        moment, user = iso(pull.updated_at), self._user(pull.author)
        return {
            "id": 1000 + pull.number, "number": pull.number, "state": "closed" if over else "open", "draft": pull.draft,
            "title": f"WIP: {pull.title}" if pull.draft else pull.title, "body": pull.body, "user": user,
            "mergeable": not pull.conflicting, "merged": merged, "merged_at": moment if merged else None,
            "merge_commit_sha": MERGED if merged or ("merge", pull.number) in [d[:2] for d in self.done] else None,
            "labels": [self._label(name) for name in pull.labels] or None, "created_at": moment, "updated_at": moment,
            "closed_at": moment if over else None,
            "head": {
                "ref": pull.head_branch, "sha": pull.head_sha, "repo_id": 0 if pull.fork_gone else REPO_ID,
                "repo": None if pull.fork_gone else REPOSITORY,
            },
            "base": {"ref": "main", "sha": BASE, "repo_id": REPO_ID, "repo": REPOSITORY},
        }  # fmt: skip

    def _user(self, login: str) -> dict[str, Any]:
        return {"id": 5, "login": login, "full_name": CANARY}

    def _label(self, name: str) -> dict[str, Any]:
        if name not in self.labels:
            self.labels.append(name)
        return {"id": self.labels.index(name) + 1, "name": name, "description": CANARY}

    def _answer_reads(self) -> None:
        get = self.server.answer
        get("GET", R, lambda _: REPOSITORY)
        get("GET", PULL, lambda r: self.told(pull) if (pull := self._pull(r)) else MISSING)
        get("GET", R + "/pulls", lambda r: [self.told(pull) for pull in self._ordered(r)])
        get("GET", PULL + "/reviews", lambda r: list(self._reviews(self._held(r))))
        get("GET", PULL + "/reviews/{id}/comments", lambda r: list(self._comments(self._held(r))))
        get("GET", PULL + "/commits", lambda r: [self._commit(self._held(r))])
        get("GET", PULL + "/files", lambda r: [{"filename": path} for path in self._held(r).paths])
        get("GET", R + "/commits/{ref}/status", self._status)
        get("GET", R + "/compare/{basehead}", self._compared)
        get("GET", ISSUE + "/labels", lambda r: [self._label(n) for n in p.labels] if (p := self._pull(r)) else MISSING)
        get("GET", R + "/labels", lambda _: [self._label(name) for name in self.labels])
        get("GET", R + "/issues/comments/{id}/reactions", lambda r: self._reactions(int(r.values["id"])))

    def _held(self, request: Request) -> StagedPull:
        pull = self._pull(request)
        assert pull is not None
        return pull

    def _ordered(self, request: Request) -> list[StagedPull]:
        state = request.query.get("state", "open")
        found = [pull for pull in self.pulls.values() if state == "all" or pull.state == "open"]
        return sorted(found, key=lambda pull: pull.updated_at, reverse=request.query.get("sort") == "recentupdate")

    def _reviews(self, pull: StagedPull) -> Iterator[dict[str, Any]]:
        for place, (who, how) in enumerate(pull.reviews):
            yield {"id": place + 1, "user": self._user(who), "state": STATES[how], "body": CANARY, "comments_count": 0}
        if pull.threads:
            count = len(pull.threads)
            yield {"id": 99, "user": self._user("eve"), "state": "COMMENT", "body": CANARY, "comments_count": count}

    def _comments(self, pull: StagedPull) -> Iterator[dict[str, Any]]:
        for line, thread in enumerate(pull.threads):
            resolver = self._user("bo") if thread.resolved else None
            words = {"body": CANARY, "diff_hunk": CANARY, "user": self._user("eve")}
            place = {"path": "src/a.py", "position": line + 1, "original_position": 0}
            yield {"id": line, "created_at": iso(thread.began), "resolver": resolver, **place, **words}

    @staticmethod
    def _commit(pull: StagedPull) -> dict[str, Any]:
        who = {"name": CANARY, "email": "ann@example.org", "date": iso(pull.head_at)}
        return {"sha": pull.head_sha, "commit": {"message": pull.message, "committer": who}}

    def _status(self, request: Request) -> dict[str, Any]:
        checks = [c for pull in self.pulls.values() if pull.head_sha == request.values["ref"] for c in pull.checks]
        told = [{"context": each.name, "status": self._state(each), "description": CANARY} for each in checks]
        return {"state": "pending", "total_count": len(told), "statuses": told or None}

    @staticmethod
    def _state(check: Check) -> str:
        return (check.conclusion or "") if check.status == "completed" else "pending"

    def _compared(self, request: Request) -> Any:
        head, _, base = request.values["basehead"].partition("...")
        behind = [pull.behind_by for pull in self.pulls.values() if pull.head_sha == head]
        return {"total_commits": behind[0]} if behind and base == BASE else MISSING

    def _reactions(self, comment: int) -> list[dict[str, Any]] | None:
        return [{"content": name, "user": self._user("ann")} for name in self.reactions.get(comment, ())] or None

    def _answer_writes(self) -> None:
        put = self.server.answer
        put(
            "POST",
            ISSUE + "/comments",
            lambda r: self._did({"id": 4}, "comment", int(r.values["index"]), r.body["body"]),
        )
        put("POST", ISSUE + "/labels", self._labelled)
        put("DELETE", ISSUE + "/labels/{identifier}", self._unlabelled)
        put("POST", R + "/labels", lambda r: self._label(r.body["name"]))
        put("POST", R + "/issues", lambda r: self._did({"number": 9}, "issue", r.body["title"]))
        put("POST", R + "/pulls", self._opened)
        put(
            "POST",
            R + "/statuses/{sha}",
            lambda r: self._did(
                {"context": r.body["context"], "status": "success"},
                *("status", r.values["sha"], r.body["context"], r.body["state"]),
            ),
        )
        put("PATCH", PULL, self._patched)
        put("POST", PULL + "/merge", self._merged)
        put("POST", PULL + "/update", lambda r: self._did(None, "update", int(r.values["index"])))

    def _did(self, answer: Any, *what: object) -> Any:
        self.done.append(what)
        return answer

    def _labelled(self, request: Request) -> Any:
        names = [self.labels[number - 1] for number in request.body["labels"]]
        return self._did([self._label(name) for name in names], "labels", int(request.values["index"]), names)

    def _unlabelled(self, request: Request) -> Any:
        name = self.labels[int(request.values["identifier"]) - 1]
        return self._did(None, "unlabel", int(request.values["index"]), name)

    def _opened(self, request: Request) -> Any:
        return self._did(self.told(StagedPull(number=10)), "pull", request.body["head"], request.body["base"])

    def _patched(self, request: Request) -> Any:
        pull = self._held(request)
        assert request.body == {"title": pull.title}
        return self._did(self.told(pull), "publish", pull.number)

    def _merged(self, request: Request) -> Any:
        pull = self._held(request)
        if pull.conflicting:
            return Reply(405, {"message": CANARY})
        if request.body.get("merge_when_checks_succeed"):
            return self._did(None, "auto", pull.number, request.body["Do"])
        if request.body["head_commit_id"] != pull.head_sha:
            return Reply(409, {"message": CANARY})
        return self._did(None, "merge", pull.number, request.body["head_commit_id"], request.body["Do"])


@contextmanager
def forgejo() -> Iterator[ForgejoStage]:
    """A Forgejo on a port of its own, and nobody connected to it."""
    with listening(ForgeServer(described(DESCRIPTION), "/api/v1", "limit")) as server:
        yield ForgejoStage(server)
