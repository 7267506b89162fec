"""What the server says of the rows it took, and the books of a laptop over it."""

import json

from tests.acceptance.tenancy import Tenancy
from tests.laptop import Laptop
from tests.servers import TALLY, Server

ROW = {"engineer_id": "ann", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}


def counts(reply) -> tuple[str, str]:
    assert reply.status == 202, reply.body
    return reply.headers["tally-stored"], reply.headers["tally-duplicate"]


def test_an_answer_tells_new_rows_from_known_ones(site: Tenancy, real_server: Server):
    def post(body: object, path: str = "/v1/trace"):
        return real_server.call("POST", path, body, token=site.token)

    assert counts(post({**ROW, "fire_key": "a"})) == ("1", "0")
    assert counts(post({**ROW, "fire_key": "a"})) == ("0", "1")
    assert counts(post([{**ROW, "fire_key": key} for key in "abbc"])) == ("2", "2")
    assert counts(post([ROW, ROW])) == ("2", "0"), "rows without a key are never the same"
    assert counts(post([{**ROW, "fire_key": "d"}, {"bad": 1}], "/v1/trace?partial=true")) == ("1", "0")
    fetch = {"agent_name": "claude-code", "file_path": "README.md", "fetch_key": "f"}
    assert counts(post([fetch, fetch], "/v1/context-fetches")) == ("1", "1")


def test_a_laptops_books_balance_with_a_real_server(laptop: Laptop, site: Tenancy, real_server: Server):
    laptop.connect(real_server.address, token=site.token)
    event = {"session_id": "s1", "prompt_id": "p1", "cwd": str(laptop.home), "tool_name": "Agent", "tool_use_id": "t1"}
    for name in ("PreToolUse", "PostToolUse"):
        laptop.hook({**event, "hook_event_name": name, "tool_input": {}})
    assert laptop.run([TALLY, "flush"]).code == 0
    (row,) = json.loads(laptop.run([TALLY, "status", "--json"]).out)["days"]
    assert (row["engineer_id"], row["fired"], row["spooled"], row["sent"]) == ("ann", 2, 2, 2)
    assert (row["stored"], row["duplicate"], row["refused"], row["lost"], row["waiting"]) == (1, 1, 0, 0, 0)
