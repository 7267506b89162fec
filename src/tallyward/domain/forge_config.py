"""Which forges a tenant's repositories live on, and what Tallyward may do there: what a tenant decided about it."""

import re

from msgspec import Struct

from tallyward.domain.oidc import is_safe_address

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-_.]{0,99}/[A-Za-z0-9_.-]{1,100}", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_LISTS = ("repos", "low_priority", "shepherd")


class ForgeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[forges]]` of a tenant: an account on a forge, and the repositories that are read with it.

    low_priority: those that are looked at less often. shepherd: those in which Tallyward may act; of every other it
    says what it would do. Either a token, or a GitHub App: its id, its installation and its private key.
    """

    name: str
    kind: str = "github"
    api_url: str = ""
    repos: tuple[str, ...] = ()
    low_priority: tuple[str, ...] = ()
    shepherd: tuple[str, ...] = ()
    token_file: str = ""
    token_env: str = ""
    app_id: int = 0
    installation_id: int = 0
    private_key_file: str = ""

    @property
    def app(self) -> bool:
        """Whether we come as a GitHub App."""
        return bool(self.app_id or self.installation_id or self.private_key_file)

    def problems(self) -> list[str]:
        """What is wrong with these settings, one sentence each."""
        here = f"forges ({self.name})"
        found: list[str] = []
        if not _NAME.fullmatch(self.name):
            found.append(f"forges.name {self.name!r} must be of small letters, digits and hyphens")
        if self.api_url and not is_safe_address(self.api_url):
            found.append(f"{here}: api_url must begin with https:// (http:// only on this machine, for a trial)")
        for name in _LISTS:
            found += [
                f"{here}: {repo!r} in {name} is not of the form owner/name"
                for repo in getattr(self, name)
                if not is_repo(repo)
            ]
        for name in _LISTS[1:]:
            strange = sorted(set(getattr(self, name)) - set(self.repos))
            found += [f"{here}: {repo} is in {name}, but not in repos" for repo in strange]
        return [*found, *(f"{here} {sentence}" for sentence in self._credential_problems())]

    def _credential_problems(self) -> list[str]:
        ways = [name for name in ("token_file", "token_env", "app") if getattr(self, name)]
        if not ways:
            return ["has no credential: name token_file, token_env, or app_id, installation_id and private_key_file"]
        if len(ways) > 1:
            return ["takes one credential: token_file, token_env, or those of a GitHub App"]
        if self.app and not (self.app_id > 0 and self.installation_id > 0 and self.private_key_file):
            return ["needs all three of a GitHub App: app_id, installation_id and private_key_file"]
        if self.app and self.kind != "github":
            return [f"is of kind {self.kind}, which knows no GitHub Apps: name token_file or token_env"]
        return []


def is_repo(text: str) -> bool:
    """Whether this may name a repository: `owner/name`."""
    return _REPO.fullmatch(text) is not None and not text.endswith(("/.", "/.."))


def forge_problems(forges: tuple[ForgeConfig, ...]) -> list[str]:
    """What is wrong with all of them together, and with each."""
    found = [sentence for forge in forges for sentence in forge.problems()]
    names = [forge.name for forge in forges]
    found += [f"two [[forges]] are named {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    repos = [repo for forge in forges for repo in set(forge.repos)]
    found += [f"{repo} is in repos of two [[forges]]" for repo in sorted({r for r in repos if repos.count(r) > 1})]
    return found
