"""The schema that the migrations make is the one that is written down, and every table keeps the house's rules."""

import psycopg
import pytest

from tallyward.ledger import migrate as module
from tallyward.ledger.migrate import migrations
from tests.schema_dump import DECLARED, dumped


@pytest.fixture
def catalog(database_url: str):
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_the_migrations_one_by_one_make_the_schema_that_is_written_down(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        module._ensure_app_role(connection)
        for migration in migrations():
            module._apply(connection, migration)
    assert dumped(empty_database_url) == DECLARED.read_text(encoding="utf-8"), "run scripts/schema"


def test_every_table_forces_row_level_security_but_the_list_of_migrations(catalog) -> None:
    loose = catalog(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert loose == [("schema_migrations",)]


def test_every_table_with_a_tenant_has_a_policy_that_checks_reads_and_writes(catalog) -> None:
    policies = catalog(
        "SELECT polrelid::regclass::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)"
        " FROM pg_policy WHERE polname = 'tenant_isolation' AND polcmd = '*' AND polpermissive"
    )
    with_tenant = catalog(
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant'"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    assert {name for name, _, _ in policies} == {name for (name,) in with_tenant} | {"tenants"}
    for name, reads, writes in policies:
        column = "id" if name == "tenants" else "tenant"
        assert reads == writes == f"({column} = ( SELECT tally_tenant() AS tally_tenant))"


def test_no_other_policy_lets_anything_through_but_a_presented_token_and_names_of_tenants_with_work(catalog) -> None:
    others = catalog(
        "SELECT polname, polrelid::regclass::text, polcmd FROM pg_policy WHERE polname <> 'tenant_isolation' ORDER BY 1"
    )
    assert others == [
        ("presented_token", "api_tokens", "r"),
        ("tenants_to_process", "deliveries", "r"),
        ("tenants_to_sum", "rollup_state", "r"),
    ]


def test_every_unique_key_begins_with_its_tenant_so_that_no_tenant_learns_of_another(catalog) -> None:
    # Numbers are given by a sequence and digests are secrets: neither can be chosen to ask after somebody else's.
    first_columns = catalog(
        "SELECT conname, attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype IN ('p', 'u') AND connamespace = 'public'::regnamespace"
    )
    exempt = {"digest", "id", "version"}
    assert {column for _, column in first_columns} <= exempt | {"tenant"}


def test_every_table_and_column_says_what_it_holds(catalog) -> None:
    silent = catalog(
        "SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum >= 0"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT attisdropped"
        " AND col_description(pg_class.oid, attnum) IS NULL"
        " UNION ALL SELECT relname, '' FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v') AND obj_description(oid, 'pg_class') IS NULL"
    )
    assert silent == []


def test_the_application_role_owns_nothing_and_stands_above_nothing(catalog) -> None:
    assert catalog(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication FROM pg_roles"
        " WHERE rolname = 'tally_app'"
    ) == [(False,) * 6]
    assert catalog("SELECT relname FROM pg_class WHERE relowner = 'tally_app'::regrole") == []
    assert catalog("SELECT 1 FROM pg_auth_members WHERE member = 'tally_app'::regrole") == []


def test_the_application_role_may_delete_nothing_but_sums_and_doubles_and_change_no_event(catalog) -> None:
    granted = catalog(
        "SELECT relname, privilege_type FROM pg_class, aclexplode(relacl)"
        " WHERE grantee = 'tally_app'::regrole AND relnamespace = 'public'::regnamespace"
    )
    assert {kind for _, kind in granted} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    # Two rows may turn out to be one pull request, which a clone and a forge told of under different names.
    deletable = {name for name, kind in granted if kind == "DELETE"}
    assert {name for name in deletable if not name.startswith("rollup_")} == {"pull_requests"}
    assert {kind for name, kind in granted if name == "events_outbox"} == {"SELECT", "INSERT"}
    assert "schema_migrations" not in {name for name, _ in granted}


def test_the_organisations_own_columns_are_there_under_their_names(catalog) -> None:
    columns = catalog(
        "SELECT table_name::text, string_agg(column_name::text, ' ' ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1"
    )
    found = dict(columns)
    assert found["skill_invocations"].startswith(
        "id ts engineer_id skill_name repo runtime model latency_ms status input_tokens output_tokens cost_usd_cents"
        " arg_hash"
    )
    assert found["context_fetches"].startswith("id ts agent_name file_path repo")
    assert found["agent_health_stats"].startswith(
        "snapshot_date agent_name runs_30d prs_opened_30d prs_merged_30d prs_reverted_30d survival_rate"
        " token_cost_cents"
    )
    assert {"head_branch", "merged_at"} <= set(found["github_prs"].split())
