"""What is asked of GitHub's GraphQL. No query here names a field that holds what somebody wrote."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.forges._moment import Moment

STANDING = """query Standing($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    id
    mergeStateStatus
    headRefOid
    commits(last: 1) { nodes { commit { oid committedDate } } }
    reviewThreads(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { id isResolved comments(first: 1) { nodes { createdAt } } }
    }
  } }
}"""
PATHS = """query Paths($ids: [ID!]!) {
  nodes(ids: $ids) { ... on PullRequest {
    number
    changedFiles
    commits(first: 1) { totalCount }
    files(first: 100) { nodes { path } }
    reviews(first: 100, states: [CHANGES_REQUESTED]) { totalCount }
  } }
}"""
RESOLVE = """mutation Resolve($thread: ID!) {
  resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } }
}"""
PUBLISH = """mutation Publish($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}"""
AUTO_MERGE = """mutation AutoMerge($id: ID!, $method: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { pullRequest { number } }
}"""
ALL = (STANDING, PATHS, RESOLVE, PUBLISH, AUTO_MERGE)


class _Dated(Struct, rename="camel"):
    created_at: Moment


class _Comments(Struct):
    nodes: list[_Dated]


class Thread(Struct, rename="camel"):
    """A conversation about a line. It has no text here."""

    id: str
    is_resolved: bool
    comments: _Comments

    @property
    def began(self) -> datetime | None:
        return self.comments.nodes[0].created_at if self.comments.nodes else None


class _Page(Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Threads(Struct, rename="camel"):
    page_info: _Page
    nodes: list[Thread]


class _Commit(Struct, rename="camel"):
    oid: str
    committed_date: Moment


class _CommitNode(Struct):
    commit: _Commit


class _Commits(Struct):
    nodes: list[_CommitNode]


class Standing(Struct, rename="camel"):
    """How a pull request stands, and one page of its threads."""

    id: str
    merge_state_status: str
    head_ref_oid: str
    commits: _Commits
    review_threads: _Threads


class _Repository(Struct, rename="camel"):
    pull_request: Standing


class _StandingAnswer(Struct):
    repository: _Repository


class _Path(Struct):
    path: str


class _Files(Struct):
    nodes: list[_Path]


class _Total(Struct, rename="camel"):
    total_count: int


class Extent(Struct, rename="camel"):
    """How far a pull request reaches. `files` is None where GitHub cannot tell."""

    number: int
    changed_files: int
    commits: _Total
    reviews: _Total
    files: _Files | None = None

    @property
    def paths(self) -> list[str] | None:
        """None when there are more than were asked for."""
        if self.files is None or self.changed_files > len(self.files.nodes):
            return None
        return sorted({each.path for each in self.files.nodes})


class _ExtentAnswer(Struct):
    nodes: list[Extent | None]


def read_standing(data: Any) -> Standing:
    return msgspec.convert(data, _StandingAnswer).repository.pull_request


def read_extents(data: Any) -> dict[int, Extent]:
    return {each.number: each for each in msgspec.convert(data, _ExtentAnswer).nodes if each is not None}


def read_nothing(_: Any) -> None:
    """What was done is known by there being no error."""
