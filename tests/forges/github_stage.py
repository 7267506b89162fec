"""GitHub, played: REST by its own examples with what a test decides put into them, GraphQL by its own schema."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from graphql import GraphQLSchema, build_schema, graphql_sync

from tallyward.domain.attribution import agents_named_in
from tallyward.domain.forge_config import ForgeConfig
from tallyward.forges._credential import Credential, Token
from tallyward.forges.github import Github
from tallyward.redact import Secret
from tallyward.testing.forge_stage import BASE, CANARY, MERGED, REPO, Stage, StagedPull, Trouble
from tests.forges.described import described
from tests.forges.server import ForgeServer, Reply, Request, listening
from tests.machine import FORGE_PACKAGES

PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{pull_number}"
ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
REPO_ID = 4711
SECONDS, IMPATIENT = 20.0, 0.2  # to wait for an answer, and for one that will not come
STATES = {"approved": "APPROVED", "changes_requested": "CHANGES_REQUESTED", "commented": "COMMENTED"}
NO_LONGER_RIGHT = ("requested_teams", "requested_reviewers", "assignees")  # in the description's own examples


@cache
def schema() -> GraphQLSchema:
    text = (FORGE_PACKAGES / "graphql-schema" / "schema.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, no_location=True)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class GithubStage(Stage):
    """One GitHub with one repository."""

    def __init__(self, server: ForgeServer) -> None:
        self.server = server
        self.pulls: dict[int, StagedPull] = {}
        self.resolved: set[str] = set()
        self.done: list[tuple[Any, ...]] = []
        self.queries: list[str] = []
        self.reactions: dict[int, tuple[str, ...]] = {}
        self.graphql_errors: list[dict[str, Any]] = []
        self.forge: Github | None = None
        self.connected_at = datetime.min.replace(tzinfo=UTC)  # when an App was granted its token; its tests set it
        self._answer_reads()
        self._answer_writes()
        server.extra.append(self._graphql)
        self._always = list(server.extra)
        server.forgiven = ("$.head.repo: None",)  # said to be always there; it is gone with a fork

    def connect(self, credential: Credential | None = None, **config: Any) -> Github:
        made = ForgeConfig(name="github", api_url=self.server.address, token_file="-", repos=(REPO,), **config)
        forge = Github(made, credential or Token(Secret("a-token")), agents_named_in)
        forge.client.pauses, forge.client.wire.seconds = (0.0, 0.0), SECONDS
        self.forge, self.reader, self.writer = forge, forge.reader, forge.writer
        return forge

    def hold(self, *pulls: StagedPull) -> None:
        self.pulls = {pull.number: pull for pull in pulls}

    def trouble(self, trouble: Trouble, times: int) -> None:
        body = {"message": CANARY, "errors": [{"field": CANARY, "code": "invalid"}, {"field": "title"}]}
        reply = Reply(trouble.status, body, dict(trouble.headers), trouble.raw, trouble.seconds)
        self.server.next_replies = [reply] * times
        if self.forge is not None:
            self.forge.client.wire.seconds = IMPATIENT if trouble.seconds and times else SECONDS

    def asked(self) -> int:
        return len(self.server.requests)

    def written(self) -> list[tuple[Any, ...]]:
        return self.done

    def react(self, comment_id: int, *reactions: str) -> None:
        self.reactions[comment_id] = reactions

    def elsewhere(self, path: str, to: str) -> None:
        def moved(request: Request) -> Reply | None:
            if not request.path.startswith(f"/repos/{path}"):
                return None
            target = to if "://" in to else f"{self.server.address}/repositories/{REPO_ID}"
            return Reply(301, {"message": "Moved Permanently", "url": target}, {"Location": target})

        self.server.extra = [moved, *self._always]

    def remembered(self) -> str:
        assert self.forge is not None
        return repr(self.forge.client.memory._kept)

    def example(self, method: str, path: str) -> Any:
        found = self.server.description.find(method, path)
        assert found is not None, path
        return self.server.description.example(found[0], self.server.description.success(found[0]))

    def rest(self, pull: StagedPull, example: dict[str, Any]) -> dict[str, Any]:
        """A pull request as REST tells it, with words in every place that has room for some."""
        repo = {**example["base"]["repo"], "full_name": REPO, "id": REPO_ID}
        fork, over = None if pull.fork_gone else repo, pull.state != "open"
        user = {**example["user"], "login": pull.author}
        told: dict[str, Any] = {
            "number": pull.number, "node_id": f"PR_{pull.number}", "state": "closed" if over else "open",
            "title": pull.title, "body": pull.body, "draft": pull.draft, "user": user,
            "labels": [{**example["labels"][0], "name": name, "description": CANARY} for name in pull.labels],
            "created_at": iso(pull.updated_at), "updated_at": iso(pull.updated_at),
            "closed_at": iso(pull.updated_at) if over else None,
            "merged_at": iso(pull.updated_at) if pull.state == "merged" else None,
            "merge_commit_sha": MERGED, "auto_merge": None, **{name: [] for name in NO_LONGER_RIGHT},
            "head": {**example["head"], "ref": pull.head_branch, "sha": pull.head_sha, "repo": fork},
            "base": {**example["base"], "ref": "main", "sha": BASE, "repo": repo},
        }  # fmt: skip
        if "mergeable" in example:
            told |= {"mergeable": not pull.conflicting, "mergeable_state": "clean", "commits": 1, "merged": over}
        return {**example, **told}

    def _pull(self, request: Request) -> StagedPull | None:
        return self.pulls.get(int(request.values.get("pull_number") or request.values.get("issue_number") or 0))

    def _answer_reads(self) -> None:
        get = self.server.answer
        one, listed = self.example("GET", "/repos/a/b/pulls/1"), self.example("GET", "/repos/a/b/pulls")[0]
        get("GET", PULL, lambda r: self.rest(pull, one) if (pull := self._pull(r)) else Reply(404, {"message": CANARY}))
        get("GET", PULLS, lambda r: [self.rest(pull, listed) for pull in self._ordered(r)])
        repo = {**self.example("GET", "/repos/a/b"), "full_name": REPO, "id": REPO_ID, "description": CANARY}
        repo = {**{key: value for key, value in repo.items() if key not in {"source", "parent"}}, "language": None}
        repo["permissions"] = {"admin": False, "push": True, "pull": True}
        get("GET", "/repos/{owner}/{repo}", lambda _: repo)
        self.server.extra.append(lambda r: Reply(200, repo) if r.path == f"/repositories/{REPO_ID}" else None)
        runs = self.example("GET", "/repos/a/b/commits/x/check-runs")
        get("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", lambda r: self._runs(r, runs))
        status = {**self.example("GET", "/repos/a/b/commits/x/status"), "statuses": []}
        get("GET", "/repos/{owner}/{repo}/commits/{ref}/status", lambda _: status)
        review = self.example("GET", "/repos/a/b/pulls/1/reviews")[0]
        get("GET", PULL + "/reviews", lambda r: self._reviews(r, review))
        commit = self.example("GET", "/repos/a/b/pulls/1/commits")[0]
        get("GET", PULL + "/commits", lambda r: [self._commit(self._pull(r), commit)])
        file = self.example("GET", "/repos/a/b/pulls/1/files")[0]
        get("GET", PULL + "/files", lambda r: [{**file, "filename": p, "patch": CANARY} for p in self._pull(r).paths])  # type: ignore[union-attr]
        compared = self.example("GET", "/repos/a/b/compare/x...y")
        behind = lambda r: next(p.behind_by for p in self.pulls.values() if r.values["basehead"].endswith(p.head_sha))  # noqa: E731
        get("GET", "/repos/{owner}/{repo}/compare/{basehead}", lambda r: {**compared, "behind_by": behind(r)})
        reaction = self.example("GET", "/repos/a/b/issues/comments/1/reactions")[0]
        get(
            "GET",
            "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
            lambda r: [{**reaction, "content": c} for c in self.reactions[int(r.values["comment_id"])]],
        )

    def _ordered(self, request: Request) -> list[StagedPull]:
        state = request.query.get("state", "open")
        found = [pull for pull in self.pulls.values() if state == "all" or (pull.state == "open")]
        return sorted(found, key=lambda pull: pull.updated_at, reverse=request.query.get("direction") == "desc")

    def _runs(self, request: Request, example: dict[str, Any]) -> dict[str, Any]:
        checks = [c for pull in self.pulls.values() if pull.head_sha == request.values["ref"] for c in pull.checks]
        run = {**example["check_runs"][0], "output": {**example["check_runs"][0]["output"], "summary": CANARY}}
        made = [{**run, "name": c.name, "status": c.status, "conclusion": c.conclusion} for c in checks]
        return {"total_count": len(made), "check_runs": made}

    def _reviews(self, request: Request, example: dict[str, Any]) -> list[Any]:
        pull = self._pull(request)
        said = pull.reviews if pull else ()
        user = example["user"]
        return [{**example, "user": {**user, "login": who}, "state": STATES[how], "body": CANARY} for who, how in said]

    @staticmethod
    def _commit(pull: StagedPull | None, example: dict[str, Any]) -> dict[str, Any]:
        assert pull is not None
        commit = example["commit"]
        told = {**commit, "message": pull.message, "committer": {**commit["committer"], "date": iso(pull.head_at)}}
        return {**example, "sha": pull.head_sha, "commit": told}

    def _answer_writes(self) -> None:
        put = self.server.answer
        comment, issue = self.example("POST", "/repos/a/b/issues/1/comments"), self.example("POST", "/repos/a/b/issues")
        pull = self.example("POST", "/repos/a/b/pulls")
        pull |= {name: [] for name in NO_LONGER_RIGHT}
        put("POST", ISSUE + "/comments", lambda r: self._did(comment, "comment", self._number(r), r.body["body"]))
        put("POST", ISSUE + "/labels", lambda r: self._did([], "labels", self._number(r), r.body["labels"]))
        put("DELETE", ISSUE + "/labels/{name}", self._unlabelled)
        put("GET", ISSUE, lambda r: issue if self._pull(r) else Reply(404, {"message": CANARY}))
        put("POST", "/repos/{owner}/{repo}/issues", lambda r: self._did(issue, "issue", r.body["title"]))
        put("POST", PULLS, lambda r: self._did(pull, "pull", r.body["head"], r.body["base"]))
        status = self.example("POST", "/repos/a/b/statuses/x")
        put(
            "POST",
            "/repos/{owner}/{repo}/statuses/{sha}",
            lambda r: self._did(status, "status", r.values["sha"], r.body["context"], r.body["state"]),
        )
        put("PUT", PULL + "/merge", self._merged)
        put("PUT", PULL + "/update-branch", self._updated)

    def _number(self, request: Request) -> int:
        return int(request.values["issue_number"])

    def _did(self, answer: Any, *what: object) -> Any:
        self.done.append(what)
        return answer

    def _unlabelled(self, request: Request) -> Any:
        pull = self._pull(request)
        if pull is None or request.values["name"] not in pull.labels:
            return Reply(404, {"message": "Label does not exist"})
        return self._did([], "unlabel", pull.number, request.values["name"])

    def _merged(self, request: Request) -> Any:
        pull = self._pull(request)
        assert pull is not None
        if pull.conflicting:
            return Reply(405, {"message": CANARY})
        if request.body["sha"] != pull.head_sha:
            return Reply(409, {"message": CANARY})
        answer = {"sha": MERGED, "merged": True, "message": CANARY}
        return self._did(answer, "merge", pull.number, request.body["sha"], request.body["merge_method"])

    def _updated(self, request: Request) -> Any:
        pull = self._pull(request)
        assert pull is not None
        if request.body["expected_head_sha"] != pull.head_sha:
            return Reply(422, {"message": CANARY, "errors": [{"code": "custom", "message": CANARY}]})
        return self._did({"message": CANARY, "url": "https://example.org"}, "update", pull.number)

    def _graphql(self, request: Request) -> Reply | None:
        if not request.path.endswith("/graphql") or self.server.next_replies:
            return None
        if self.graphql_errors:
            return Reply(200, {"data": None, "errors": [self.graphql_errors.pop(0)]})
        self.queries.append(request.body["query"])
        told = request.body["variables"]
        repository = {"pullRequest": lambda _, **asked: self._node(self.pulls.get(asked["number"]))}
        root: Mapping[str, Any] = {
            "repository": repository,
            "nodes": lambda _, ids: [self._node(self.pulls.get(int(each.removeprefix("PR_")))) for each in ids],
            "resolveReviewThread": lambda *_, **asked: self._resolve(asked["input"]["threadId"]),
            "markPullRequestReadyForReview": lambda *_, **asked: self._mark("publish", asked["input"]),
            "enablePullRequestAutoMerge": lambda *_, **asked: self._mark("auto", asked["input"]),
        }
        done = graphql_sync(schema(), request.body["query"], root, variable_values=told)
        self.server.wrong += [f"GraphQL: {error.message}" for error in done.errors or ()]
        return Reply(200, {"data": done.data})

    def _resolve(self, thread: str) -> dict[str, Any]:
        self.resolved.add(thread)
        return {"thread": {"isResolved": True}}

    def _mark(self, what: str, told: Mapping[str, Any]) -> dict[str, Any]:
        number = int(told["pullRequestId"].removeprefix("PR_"))
        self.done.append((what, number, *filter(None, [told.get("mergeMethod")])))
        return {"pullRequest": {"isDraft": False, "number": number}}

    def _node(self, pull: StagedPull | None) -> dict[str, Any] | None:
        if pull is None:
            return None
        commit = {"oid": pull.head_sha, "committedDate": iso(pull.head_at), "message": pull.message}
        files = [{"path": path} for path in pull.paths]
        rounds = sum(how == "changes_requested" for _, how in pull.reviews)
        return {
            "__typename": "PullRequest", "id": f"PR_{pull.number}", "number": pull.number, "title": pull.title,
            "mergeStateStatus": "DIRTY" if pull.conflicting else "CLEAN", "headRefOid": pull.head_sha,
            "commits": {"totalCount": 1, "nodes": [{"commit": commit}]}, "changedFiles": len(files),
            "files": {"nodes": files}, "reviews": {"totalCount": rounds}, "body": pull.body,
            "reviewThreads": lambda _, first, after=None: self._threads(pull, first, after),
        }  # fmt: skip

    def _threads(self, pull: StagedPull, first: int, after: str | None) -> dict[str, Any]:
        begin = int(after or 0)
        shown = list(enumerate(pull.threads))[begin : begin + first]
        nodes = [
            {
                "id": f"T_{place}",
                "isResolved": thread.resolved or f"T_{place}" in self.resolved,
                "comments": {"nodes": [{"createdAt": iso(thread.began), "body": CANARY}]},
            }
            for place, thread in shown
        ]
        more = begin + first < len(pull.threads)
        return {"pageInfo": {"hasNextPage": more, "endCursor": str(begin + first)}, "nodes": nodes}


def delivery(stage: GithubStage, number: int, at: datetime) -> dict[str, Any]:
    example = stage.example("GET", "/repos/a/b/hooks/1/deliveries")[0]
    return {**example, "id": number, "delivered_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "status_code": 502}


@contextmanager
def github(base: str = "") -> Iterator[GithubStage]:
    """A GitHub on a port of its own, and nobody connected to it."""
    schema()  # it takes two seconds to read, and whoever asks shall not wait for it
    with listening(
        ForgeServer(described(FORGE_PACKAGES / "openapi" / "generated" / "api.github.com.json"), base)
    ) as server:
        yield GithubStage(server)
