"""The forges of every tenant: by which account a repository is read, and whether anything may be done in it.

An account is connected when it is first asked for. What is wrong with the settings is said at the start, and a secret
that cannot be read when somebody asks, so that one tenant's missing file does not stop the others.
"""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tallyward import forges
from tallyward.domain.attribution import agents_named_in
from tallyward.domain.forge import ForgeWriter, SignalsReader
from tallyward.domain.forge_config import ForgeConfig
from tallyward.errors import ConfigInvalid, NotFound
from tallyward.forges._base import Forge
from tallyward.forges._credential import App, Credential, Token
from tallyward.plugins import found
from tallyward.redact import Secret
from tallyward.services.tenants import TenantFiles

SECRET_CHARS_MAX = 20_000  # a private key has some two thousand


class Forges:
    """Every account of every tenant."""

    def __init__(self, tenants: TenantFiles, environ: Mapping[str, str] | None = None) -> None:
        self._tenants = tenants
        self._environ = os.environ if environ is None else environ
        self._kinds = found(forges, Forge)  # pyright: ignore[reportAbstractUsage]
        self._connected: dict[tuple[str, str], Forge] = {}
        for tenant in tenants.names():
            for config in self.configs(tenant):
                self._require_kind(config)

    def configs(self, tenant: str) -> tuple[ForgeConfig, ...]:
        return self._tenants.config(tenant).forges

    def of(self, tenant: str, repo: str) -> tuple[SignalsReader, ForgeWriter]:
        """By what this repository is read and written. Raises NotFound where no account of the tenant names it."""
        forge = self.connected(tenant, self.config_of(tenant, repo))
        return forge.reader, forge.writer

    def config_of(self, tenant: str, repo: str) -> ForgeConfig:
        for config in self.configs(tenant):
            if repo in config.repos:
                return config
        raise NotFound(f"No [[forges]] of this tenant has {repo} among its repos.", field="repo")

    def repos(self, tenant: str) -> list[str]:
        """Every repository that is read, of every account."""
        return sorted(repo for config in self.configs(tenant) for repo in config.repos)

    def may_act(self, tenant: str, repo: str) -> bool:
        """Whether anything may be changed there; of every other it is only said what would be."""
        return any(repo in config.shepherd for config in self.configs(tenant))

    def is_low_priority(self, tenant: str, repo: str) -> bool:
        return any(repo in config.low_priority for config in self.configs(tenant))

    def connected(self, tenant: str, config: ForgeConfig) -> Forge:
        """The account. Raises ConfigInvalid when its secret cannot be had."""
        key = (tenant, config.name)
        if key not in self._connected:
            secret = credential(config, self._tenants.folder(tenant), self._environ)
            agents = partial(agents_named_in, rules=self._tenants.config(tenant).agents)
            kind = self._kinds[config.kind]
            self._connected[key] = kind(config, secret, agents)  # pyright: ignore[reportAbstractUsage]  # its own class
        return self._connected[key]

    def needs(self, kind: str) -> str:
        """Which rights a token of that kind of forge needs."""
        return self._kinds[kind].needs

    async def close(self) -> None:
        for forge in self._connected.values():
            await forge.close()
        self._connected.clear()

    def _require_kind(self, config: ForgeConfig) -> None:
        kind = self._kinds.get(config.kind)
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            raise ConfigInvalid(
                f"forges ({config.name}): kind {config.kind!r} is none of {known}.", field="forges.kind"
            )
        if not (config.api_url or kind.address):
            raise ConfigInvalid(f"forges ({config.name}): api_url is missing.", field="forges.api_url")


def credential(config: ForgeConfig, folder: Path, environ: Mapping[str, str]) -> Credential:
    """By what the forge knows us, from its file or variable. Raises ConfigInvalid naming the key."""
    if config.app:
        key = _from_file("private_key_file", folder / config.private_key_file)
        return App(config.app_id, config.installation_id, key)
    if config.token_file:
        read = partial(_from_file, "token_file", folder / config.token_file)
        return Token(read(), read)
    return Token(_usable("token_env", environ.get(config.token_env, "")))


def _from_file(key: str, path: Path) -> Secret:
    try:
        return _usable(key, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigInvalid(f"forges.{key}: {path}: {reason}.", field=f"forges.{key}") from None


def _usable(key: str, text: str) -> Secret:
    secret = text.strip()
    if not secret or len(secret) > SECRET_CHARS_MAX or (key != "private_key_file" and not secret.isprintable()):
        raise ConfigInvalid(f"forges.{key} leads to no secret.", field=f"forges.{key}")
    return Secret(secret)
