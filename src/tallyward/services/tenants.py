"""What each tenant decided, read once from `<tenants>/<id>/tenant.toml`, and its key, kept in the ledger."""

import tomllib
from pathlib import Path

import msgspec

from tallyward import ids
from tallyward.domain.oidc import OidcConfig
from tallyward.domain.tenant import DEFAULT_TENANT, SAMPLE_TENANT, TenantConfig, is_tenant_id
from tallyward.errors import ConfigInvalid, NotFound
from tallyward.ledger.database import Database
from tallyward.redact import Secret

LABELS = {DEFAULT_TENANT: "Your organisation", SAMPLE_TENANT: "Sample data"}


def read_config(path: Path) -> TenantConfig:
    """The settings in one `tenant.toml`. Raises ConfigInvalid with the file and the key that is wrong."""
    try:
        config = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), TenantConfig)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, OSError) as error:
        raise ConfigInvalid(f"{path}: {error}.", field=str(path)) from error
    problems = config.problems()
    if problems:
        raise ConfigInvalid(f"{path}: {problems[0]}.", field=str(path))
    return config


class TenantFiles:
    """What the tenants of a folder decided. Files that a setting names are looked for in the tenant's own folder."""

    def __init__(self, tenants_dir: Path | None) -> None:
        self._configs: dict[str, TenantConfig] = {}
        self._folder = tenants_dir or Path()
        for path in sorted(tenants_dir.glob("*/tenant.toml")) if tenants_dir else []:
            if not is_tenant_id(path.parent.name):
                raise ConfigInvalid(f"{path.parent} is not named like a tenant (a-z, 0-9 and hyphens).")
            self._configs[path.parent.name] = read_config(path)

    def config(self, tenant: str) -> TenantConfig:
        return self._configs.get(tenant, TenantConfig())

    def names(self) -> list[str]:
        """The tenants that have a folder, and the one that needs none."""
        return sorted({DEFAULT_TENANT, *self._configs})

    def folder(self, tenant: str) -> Path:
        """The folder that a tenant's files are named from."""
        return self._folder / tenant

    def oidc(self) -> list[tuple[str, OidcConfig, Path]]:
        """The tenants whose people sign in at a provider: how, and the folder that their files are named from."""
        found = [(tenant, config.oidc) for tenant, config in self._configs.items()]
        return [(tenant, oidc, self._folder / tenant) for tenant, oidc in found if oidc is not None]


class Tenants(TenantFiles):
    """Settings and keys of the tenants of this ledger."""

    def __init__(self, database: Database, tenants_dir: Path | None) -> None:
        super().__init__(tenants_dir)
        self._database = database

    async def ensure(self, tenant: str) -> bool:
        """Adds the tenant where it is new. True when it was."""
        if not is_tenant_id(tenant):
            raise ConfigInvalid(
                f"{tenant!r} is not a tenant's name (a-z, 0-9 and hyphens, 63 at most).", field="--tenant"
            )
        label = self.config(tenant).label or LABELS.get(tenant, tenant)
        params = {"label": label, "sample": tenant == SAMPLE_TENANT, "arg_key": ids.random_hex(32)}
        rows = await self._database.query(tenant, "ensure_tenant", params)
        return bool(rows[0]["created"])

    async def argument_key(self, tenant: str) -> Secret:
        """The key with which this tenant's laptops fingerprint arguments."""
        rows = await self._database.query(tenant, "find_tenant")
        if not rows:
            raise NotFound(f"There is no tenant {tenant}.")
        return Secret(rows[0]["arg_key"])

    async def exists(self, tenant: str) -> bool:
        return bool(await self._database.query(tenant, "find_tenant"))
