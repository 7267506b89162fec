"""What Codex makes of our hooks: it runs none until its user, or a managed machine, has trusted them."""

import os
from pathlib import Path

from tallyward.cli import laptop
from tallyward.cli.programs import CODEX
from tallyward.client.codex_trust import CodexHook, TrustEntries, listed
from tallyward.client.hook_settings import HookSettings
from tallyward.errors import HooksUntrusted


def config_file() -> Path:
    """Codex's own settings, where it keeps whom it trusts."""
    return CODEX.home(os.environ) / "config.toml"


def entries() -> TrustEntries:
    """Our entries in it."""
    return TrustEntries(config_file(), laptop.root())


def ours() -> list[CodexHook] | None:
    """Our hooks as Codex sees them; None if it is not on the PATH. Raises HooksUntrusted if it does not tell."""
    program = CODEX.executable()
    if program is None:
        return None
    return [hook for hook in listed(program, Path.home()) if CODEX.wiring.mark in hook.command]


def tell(settings: HookSettings, *, trust: bool) -> None:
    """Say whether Codex runs the hooks in these settings, and make it so if `trust` is wanted."""
    hooks = _trusted(settings, ours()) if trust else _if_told()
    if hooks and all(hook.runs for hook in hooks):
        print("Codex trusts them, and runs them from its next session on.")
        return
    print("Codex runs none of them until you have trusted them, and again after each change of them:")
    print("  start `codex`, type /hooks, look at those of Tallyward and trust them;")
    print("  or run `tally connect codex --trust`, which writes what /hooks would into Codex's config.toml.")
    if hooks is None:
        print("Whether it trusts them already is not known: `codex` is not on the PATH, or does not say.")


def _if_told() -> list[CodexHook] | None:
    """Our hooks, if Codex can be asked; the hooks are in place without that too."""
    try:
        return ours()
    except HooksUntrusted:
        return None


def _trusted(settings: HookSettings, hooks: list[CodexHook] | None) -> list[CodexHook]:
    """Our hooks after Codex was told to trust them. Raises HooksUntrusted if that did not help."""
    if hooks is None:
        raise HooksUntrusted("`codex` is not on the PATH, and only it knows the hashes of its hooks.")
    mine = [hook for hook in hooks if hook.key.startswith(f"{settings.path}:")]
    if not mine or not all(hook.runs for hook in mine):
        entries().put_in(mine)
        hooks = ours() or []
    if not hooks or not all(hook.runs for hook in hooks):
        raise HooksUntrusted(f"Codex does not run our hooks, although {config_file()} trusts them.")
    return hooks
