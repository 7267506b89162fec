"""Stored fires read back as the domain knows them, so that a test compares rows with what merging says."""

from typing import Any

from tallyward.domain.fire import Fire
from tallyward.ledger.database import Database

COLUMNS = (
    "id, fire_key, ts, engineer_id, skill_name, runtime, status, kind, repo, branch, model, session_id, prompt_id,"
    " arg_hash, latency_ms, input_tokens, output_tokens, cost_micros, cost_usd_cents, seen_by, field_sources,"
    " request_bytes, response_bytes"
)


async def stored(database: Database, tenant: str = "default") -> dict[str, tuple[int, Fire]]:
    """Every fire of a tenant with its number, by its key."""
    async with database.transaction(tenant) as connection:
        cursor = await connection.execute(f"SELECT {COLUMNS} FROM skill_invocations")  # noqa: S608  # a constant
        rows: list[dict[str, Any]] = await cursor.fetchall()
    return {row["fire_key"]: (row.pop("id"), Fire(**row)) for row in rows}
