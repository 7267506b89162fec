"""The page of every setting: flags and variables of the server, variables of the laptop, and a tenant's file."""

import dataclasses
from pathlib import Path

import msgspec

from docs._reference.markdown import code, table
from tallyward.config import DEFAULT_HOST, DEFAULT_PORT, OTHER_VARIABLES, SERVER_VARIABLES, Settings
from tallyward.domain.acceptance import AcceptConfig
from tallyward.domain.forge_config import ForgeConfig
from tallyward.domain.oidc import OidcConfig
from tallyward.domain.tenant import GradeThresholds, TenantConfig

EXAMPLE = Path(__file__).parent.parent.parent / "tenants" / "example" / "tenant.toml"

# Each setting of the server: its flag, its variable, its default, what it is for.
SETTINGS = {
    "data_dir": (
        "--data",
        "TALLY_DATA",
        "`$XDG_DATA_HOME/tallyward`, else `~/.local/share/tallyward`; `scripts/run` takes `.data` of the checkout",
        "Where the embedded PostgreSQL keeps its cluster, its socket and its log. Of its user alone.",
    ),
    "database": (
        "--database",
        "TALLY_DATABASE",
        "none: the embedded PostgreSQL",
        "URL of another PostgreSQL, 15 or newer; see [your own PostgreSQL](../how-to/own-postgresql.md).",
    ),
    "host": ("--host", "TALLY_HOST", code(DEFAULT_HOST), "Address to listen on."),
    "port": ("--port", "TALLY_PORT", code(DEFAULT_PORT), "Port to listen on; 0 takes any that is free."),
    "tenants_dir": (
        "--tenants",
        "TALLY_TENANTS",
        "none: every tenant has the defaults",
        "Folder of `<tenant>/tenant.toml`; see below.",
    ),
    "sample": (
        "--sample",
        "",
        "off; `scripts/run` turns it on",
        "Adds a labelled sample tenant and a first engineer's token.",
    ),
    "secret_key": (
        "",
        "TALLY_SECRET_KEY",
        "`secret.key` in the data directory, made when it is needed",
        "Key that seals [webhooks' secrets](../how-to/webhooks.md); of several with commas between, the first.",
    ),
}
LAPTOP = {
    "TALLY_SERVER": "Address of the server, before what `tally connect` wrote.",
    "TALLY_TOKEN": "Token to show there, before what `tally connect` wrote.",
    "TALLY_HOME": "The laptop's folder: configuration, spool, backups, what was backfilled. Default `~/.tally`.",
    "TALLY_RUNTIME": "Runtime to report instead of the one that is found out, for pods: one of the runtimes of"
    " [captured fields](captured-fields.md).",
    "TALLY_EXPORTS": "Written by `tally connect claude --relay` into Claude Code's settings: which there are ours.",
    "GITHUB_USER": "GitHub handle of whoever works here. Before the token's engineer and before git's word. The first"
    " token of `tally serve --sample` is bound to it too.",
    "CLAUDE_CONFIG_DIR": "Folder of Claude Code's settings, as Claude Code itself reads it. Default `~/.claude`.",
    "CODEX_HOME": "Folder of Codex's settings, as Codex itself reads it. Default `~/.codex`.",
}
# Read because others have set them; nobody sets them for us.
SURROUNDINGS = {
    "XDG_DATA_HOME": "Where a user's data lies; for the default of the data directory, and opencode's store.",
    "XDG_CONFIG_HOME": "Where git's own settings may lie.",
    "GIT_CONFIG_GLOBAL": "Where git's own settings lie, if set.",
    "CLAUDE_CODE_ENTRYPOINT": "How Claude Code was started; tells `claude-code-cli` from `claude-code-desktop`.",
    "CLAUDE_CODE_SESSION_ID": "The session that an MCP server was started for; its tool calls go by it.",
    "CLAUDE_PROJECT_DIR": "Where Claude Code works; `tally mcp` records files of the repository there.",
    "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "What a session of Codex was begun with, where its transcript does not say.",
    "CODEX_MANAGED_BY_NPM": "Set by the Codex that npm installs; tells `codex-cli` where nothing else does.",
    "CURSOR_VERSION": "Set in Cursor, which runs Claude Code's hooks too: then the runtime is `claude-code-local`.",
    "SSL_CERT_FILE": "Certificates that the sender trusts, handed on to it.",
    "SSL_CERT_DIR": "Certificates that the sender trusts, handed on to it.",
    "HOME": "Where `~` is, handed on to the sender.",
}
OURS = {
    "TALLY_FAULT_POINTS": "Places at which a process kills or stops itself; see [faults](../how-to/faults.md).",
    "TALLY_TEST_DATABASE": "URL of a PostgreSQL to run the tests on, instead of the embedded one.",
    "TALLY_TEST_BROWSER": "Program of a Chromium for the tests, or 0 to leave the browser tests out.",
    "TALLY_TEST_CLIENTS": "0 leaves out the tests with real agent programs.",
    "PYTHON": "The Python from which `scripts/run` and `scripts/test` make `.venv`.",
}


def variables() -> set[str]:
    """Every variable that this page tells of."""
    return (
        {variable for _, variable, _, _ in SETTINGS.values() if variable} | set(LAPTOP) | set(SURROUNDINGS) | set(OURS)
    )


def _listed(found: dict[str, str]) -> str:
    return table(["variable", "what it is for"], [[code(name), says] for name, says in found.items()])


def _settings() -> str:
    names = [field.name for field in dataclasses.fields(Settings)]
    if names != list(SETTINGS) or {*SERVER_VARIABLES} != {
        variable for _, variable, _, _ in SETTINGS.values() if variable
    }:
        raise ValueError("docs/_reference/config.py does not tell of every setting of tallyward.config.")
    if not {*OTHER_VARIABLES} <= variables():
        raise ValueError("docs/_reference/config.py does not tell of every variable of tallyward.config.")
    rows = [
        [code(flag), code(variable) if variable else "", default, says]
        for flag, variable, default, says in SETTINGS.values()
    ]
    return table(["flag of `tally serve`", "variable", "default", "what it is for"], rows)


TENANT_KEYS = {
    "label": "Name of the organisation as the pages show it.",
    "counted_kinds": "Kinds of fire that count as utilisation; at least one. The others are shown beside.",
    "grades": "A grade needs more fires in 30 days than its number; they fall from excellent to untapped.",
    "accept": "What the acceptance grid needs to be told; see below.",
    "rates": "Where the [rates](../how-to/rates.md) of merges turn: under `low` is below, at or over `high` above.",
    "agents": "By what [agents' pull requests](../how-to/pull-requests.md) are known, beside what everybody knows.",
    "shepherd": "Limits, deadlines and labels of [the shepherd](../why/shepherd.md) of pull requests.",
    "series": "`[series.measurements.<name>]`: what is kept of [training series](../how-to/training-series.md) beside"
    " what everybody keeps: `tags`, those of them that are `required`, and the kind of each of the `fields`.",
    "forges": "Where repositories live, one `[[forges]]` for each account on a forge; see below.",
    "sinks": "`[[sinks]]`: where [points of training series](../how-to/training-series.md) are forwarded.",
    "oidc": "Where the people of this tenant sign in; see below. None: by token alone.",
    "merged_pr_usd": "Dollars per merged pull request of an agent: more than `red` is red, more than `yellow` yellow.",
    "webhooks": "`silent_hours`: after how many hours without a delivery the inbox says so.",
    "retention": "`raw_days`: how many days single rows are kept, 31 at least; 0 keeps them for ever.",
    "currency": "How pages write money; `per_usd` is what a US dollar is worth. The ledger stays in dollars.",
}


def _tenant_keys() -> str:
    if set(TenantConfig.__struct_fields__) != set(TENANT_KEYS):
        raise ValueError("docs/_reference/config.py does not tell of every key of a tenant, in TENANT_KEYS.")
    defaults = TenantConfig()
    rows = [
        [code(name), code(msgspec.json.encode(getattr(defaults, name)).decode()), says]
        for name, says in TENANT_KEYS.items()
    ]
    return table(["key", "default", "what it is for"], rows)


OIDC_KEYS = {
    "issuer": "Address of the identity provider, exactly as it names itself.",
    "client_id": "What the provider knows this server by.",
    "client_secret_file": "File with the client secret, from the tenant's folder or absolute. Neither this nor the"
    " next: a public client, which PKCE alone protects.",
    "client_secret_env": "Variable with the client secret, in its place.",
    "label": "What the sign-in page calls the provider.",
    "redirect_uri": "Where the provider leads back to, if not to the address under which the browser sees this server:"
    " `https://<server>/sign-in/oidc/<tenant>/callback`.",
    "scopes": "What is asked of the provider; `openid` must be among them.",
    "algorithms": "Signatures that are accepted. `none` and shared secrets never are.",
    "clock_skew_seconds": "By how much the two clocks may differ; 300 at most.",
    "session_hours": "How long a sign-in lives; 720 at most. A group that is taken away counts from the next one on.",
    "engineer_claim": "The claim that names a person; dots lead into objects.",
    "groups_claim": "The claim that lists the groups; dots lead into objects, as in `realm_access.roles`.",
    "engineers": "GitHub handles by the value of `engineer_claim`, for those who are called otherwise there.",
    "roles": "Groups that have each role, `admin`, `lead` or `engineer`; the first that fits, in that order."
    ' `"*"` is everybody.',
}


FORGE_KEYS = {
    "name": "What this account is called in messages and in the ledger, such as `github`.",
    "kind": "`github`, GitHub Enterprise Server included, or `forgejo`, Gitea included.",
    "api_url": "Address of the API: `https://<host>/api/v3` of an Enterprise Server, `https://<host>/api/v1` of a"
    " Forgejo. Empty: that of github.com.",
    "repos": "Repositories that are read, as `owner/name`; each in one `[[forges]]` only.",
    "low_priority": "Those of them that are looked at once an hour instead of every 15 minutes.",
    "shepherd": "Those of them in which Tallyward may act. Of all others it only says what it would do.",
    "token_file": "File with a token, from the tenant's folder or absolute.",
    "token_env": "Variable with the token, in its place.",
    "app_id": "Number of a GitHub App, in place of a token.",
    "installation_id": "Number of its installation in the organisation.",
    "private_key_file": "File with its private key, from the tenant's folder or absolute.",
}
ACCEPT_KEYS = {
    "team": "Who is meant by everyone. None named: whoever has a living token that is bound to them.",
    "checkouts": "Folders on the server in which repositories lie, by `owner/name`; they are only read.",
    "branches": "Branches that must refuse a push straight to them, by `owner/name`. Not named: the default branch of"
    " each repository in `[[forges]]`.",
    "fires_a_day_min": "How many rows a day are enough. Not given: more than ten for each of the team.",
    "retired_skills": "Skills that should be gone, without the slash.",
    "ratchet_workflow": "The workflow whose job must not be allowed to fail.",
    "ratchet_job": "That job, by a part of its key or name.",
}


def _accept_keys() -> str:
    if list(AcceptConfig.__struct_fields__) != list(ACCEPT_KEYS):
        raise ValueError("docs/_reference/config.py does not tell of every key of [accept], in ACCEPT_KEYS.")
    defaults = AcceptConfig()
    rows = [
        [code(name), code(msgspec.json.encode(getattr(defaults, name)).decode()), says]
        for name, says in ACCEPT_KEYS.items()
    ]
    return table(["key of `[accept]`", "default", "what it is for"], rows)


def _forge_keys() -> str:
    if list(ForgeConfig.__struct_fields__) != list(FORGE_KEYS):
        raise ValueError("docs/_reference/config.py does not tell of every key of [[forges]], in FORGE_KEYS.")
    defaults = ForgeConfig(name="")
    rows = [
        [
            code(name),
            "must be given" if name == "name" else code(msgspec.json.encode(getattr(defaults, name)).decode()),
            says,
        ]
        for name, says in FORGE_KEYS.items()
    ]
    return table(["key of `[[forges]]`", "default", "what it is for"], rows)


def _oidc_keys() -> str:
    fields = msgspec.structs.fields(OidcConfig)
    if [field.name for field in fields] != list(OIDC_KEYS):
        raise ValueError("docs/_reference/config.py does not tell of every key of [oidc], in OIDC_KEYS.")
    defaults = OidcConfig(issuer="", client_id="")
    rows = [
        [
            code(field.name),
            "must be given" if field.required else code(msgspec.json.encode(getattr(defaults, field.name)).decode()),
            OIDC_KEYS[field.name],
        ]
        for field in fields
    ]
    return table(["key of `[oidc]`", "default", "what it is for"], rows)


HEAD = """# Configuration

A flag goes before a variable, a variable before the default. A value that cannot be right stops the start and is
named. A `TALLY_` variable that nothing reads is named in a note at the start, since it may be misspelt.
"""
AFTER_LAPTOP = """
`tally connect` writes the server's address, the token, and what the server said (tenant, key of the argument hash,
engineer) into `config.json` in the laptop's folder, for its user alone to read.
"""


def _tenant() -> str:
    example = EXAMPLE.read_text(encoding="utf-8").strip()
    grades = ", ".join(code(name) for name in GradeThresholds.__struct_fields__)
    return f"""## A tenant

`<tenants folder>/<tenant>/tenant.toml`, read once at the start. An unknown key stops the start. The name of the folder
is the tenant: 1 to 63 lower-case letters, digits and hyphens. `[grades]` takes {grades}.

{_tenant_keys()}

{_accept_keys()}

[The acceptance grid](../how-to/accept.md) shows what each is for.

{_forge_keys()}

[Connect a forge](../how-to/forges.md) shows how to make a token, and what is read with it.

{_oidc_keys()}

[Sign in with your own provider](../how-to/sign-in-oidc.md) shows how they go together.

[tenants/example/tenant.toml](../../tenants/example/tenant.toml):

```toml
{example}
```"""


def page() -> str:
    sections = [
        HEAD.strip(),
        "## The server",
        _settings(),
        "## The laptop",
        _listed(LAPTOP),
        AFTER_LAPTOP.strip(),
        _tenant(),
        "## Set by others, and read",
        _listed(SURROUNDINGS),
        "## For tests and scripts",
        _listed(OURS),
    ]
    return "\n\n".join(sections)
