"""A real server as one organisation knows it: one tenant, its token, its rows."""

from datetime import UTC, datetime
from typing import Any, LiteralString

from tests.servers import Reply, Server

ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-local", "status": "success"}
NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)


class Tenancy:
    """Calls as `token` unless another is named, and rows of this tenant alone."""

    def __init__(self, server: Server, tenant: str) -> None:
        self.server = server
        self.tenant = tenant
        self.token = self.token_for("capture", "read")

    def token_for(self, *scopes: str, **facts: Any) -> str:
        return self.server.token(*scopes, tenant=self.tenant, **facts)

    def post(self, body: Any, path: str = "/v1/trace", **how: Any) -> Reply:
        return self.server.call("POST", path, body, **{"token": self.token, **how})

    def get(self, path: str, **how: Any) -> Reply:
        return self.server.call("GET", path, **{"token": self.token, **how})

    def rows(self, query: LiteralString, **params: Any) -> list[tuple[Any, ...]]:
        return self.server.rows(query, self.tenant, **params)

    def count(self) -> int:
        """How many fires are stored."""
        return self.rows("SELECT count(*) FROM skill_invocations")[0][0]
