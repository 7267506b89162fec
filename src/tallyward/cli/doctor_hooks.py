"""The doctor's checks of one agent program: its hooks are there once, start what is there, and are allowed to run."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from tallyward.cli import codex_hooks, managed, programs
from tallyward.cli.checks import Check, Verdict
from tallyward.cli.programs import CLAUDE, CODEX, AgentProgram
from tallyward.client.codex_trust import RUNNABLE
from tallyward.client.hook_settings import HookSettings
from tallyward.errors import HooksUntrusted, SettingsUnreadable


def checks() -> Iterator[Check]:
    """Those of every program that is connected; of one that is here and is not, only that."""
    connected = [program for program in programs.ALL if _is_connected(program)]
    for program in programs.ALL:
        if program in connected:
            yield from _of(program)
        elif program.is_here() or (program is CLAUDE and not connected):
            verdict = Verdict.WARN if connected else Verdict.FAIL
            finding = f"{program.title} is not connected: no settings hold our hooks."
            yield Check(_name(program, "hooks"), verdict, finding, f"Run `tally connect {program.name}`.")
            yield _off(program, None)


def _name(program: AgentProgram, check: str) -> str:
    """The checks of the first program go by plain names."""
    return check if program is CLAUDE else f"{program.name} {check}"


def _is_connected(program: AgentProgram) -> bool:
    return managed.elsewhere(program) is not None or any(_holds(settings) for settings in _files(program))


def _holds(settings: HookSettings) -> bool:
    try:
        return bool(settings.commands())
    except SettingsUnreadable:
        return True  # somebody has to look at it, and the check says where


def _files(program: AgentProgram) -> list[HookSettings]:
    own = program.user_settings()
    return [own, program.project_settings()] if program is CLAUDE else [own]


def _of(program: AgentProgram) -> Iterator[Check]:
    try:
        found = {str(file.path): file.commands() for file in _files(program)}
        states = {str(file.path): file.state(program.command()) for file in _files(program)}
    except SettingsUnreadable as error:
        yield Check(_name(program, "hooks"), Verdict.FAIL, error.message, error.remedy)
        return
    places = [path for path, commands in found.items() if commands]
    held = managed.holding(program)
    yield _places(program, places, states)
    yield _started(program, found)
    yield _off(program, held)
    if program is CODEX and held is None:
        yield _trust()


def _off(program: AgentProgram, held: Path | None) -> Check:
    name = _name(program, "switches")
    return _switches(name, held) if program is CLAUDE else _codex_switches(name, held)


def _places(program: AgentProgram, places: list[str], states: dict[str, str]) -> Check:
    name = _name(program, "hooks")
    other = managed.elsewhere(program)
    if other is not None:
        places = [str(other[0]), *places]
    if len(places) > 1:
        finding = f"They come from {' and '.join(places)}; each fire is told twice and kept once."
        fix = f"Run `tally disconnect {program.name}{'' if other else ' --project'}`."
        return Check(name, Verdict.WARN, finding, fix)
    if states.get(places[0]) == "stale" and other is None:
        finding = f"Those in {places[0]} are of another installation or version."
        return Check(name, Verdict.WARN, finding, f"Run `tally connect {program.name}` again.")
    return Check(name, Verdict.PASS, f"They are in {places[0]}{f', {other[1]}' if other else ''}.")


def _started(program: AgentProgram, found: dict[str, list[str]]) -> Check:
    name = _name(program, "programs")
    started = {path for commands in found.values() for one in commands for path in _programs(one)}
    if program is CLAUDE and managed.plugging_in() is not None:
        started.add(str(program.launcher_file()))
    gone = sorted(path for path in started if not Path(path).exists())
    if gone:
        fix = f"Run `tally connect {program.name}` again."
        return Check(name, Verdict.FAIL, f"The hooks start what is gone: {', '.join(gone)}.", fix)
    return Check(name, Verdict.PASS, "The Python and the script that the hooks start are there.")


def _programs(command: str) -> list[str]:
    """The absolute paths that a hook's command starts."""
    try:
        return [word for word in shlex.split(command) if word.startswith("/")]
    except ValueError:
        return []


def _switches(name: str, held: Path | None) -> Check:
    """Settings that turn hooks off, wherever they may stand."""
    user, project = CLAUDE.user_settings().path, CLAUDE.project_settings().path
    own = [user, user.with_name("settings.local.json"), project, project.with_name("settings.local.json")]
    for path in (*managed.files(CLAUDE), *own):
        settings = managed.read(path)
        if settings.get("disableAllHooks") is True:
            return Check(name, Verdict.FAIL, f"{path} sets disableAllHooks.", "Remove it there.")
        if settings.get("allowManagedHooksOnly") is True and held is None:
            return Check(name, Verdict.FAIL, f"{path} allows only managed hooks.", _ask_for("claude"))
    return Check(name, Verdict.PASS, "No settings turn hooks off.")


def _codex_switches(name: str, held: Path | None) -> Check:
    own = codex_hooks.config_file()
    for path in (*managed.files(CODEX), own):
        settings = managed.read(path)
        features = settings.get("features")
        if isinstance(features, dict) and False in (features.get("hooks"), features.get("codex_hooks")):  # pyright: ignore[reportUnknownMemberType]
            return Check(name, Verdict.FAIL, f"{path} turns the feature `hooks` off.", "Remove it there.")
        if settings.get("allow_managed_hooks_only") is True and held is None and path != own:
            return Check(name, Verdict.FAIL, f"{path} allows only managed hooks.", _ask_for("codex"))
    return Check(name, Verdict.PASS, "No settings turn hooks off.")


def _ask_for(program: str) -> str:
    return f"Ask whoever manages this machine to add what `tally connect {program} --managed` prints."


def _trust() -> Check:
    """Whether Codex runs our hooks, by its own word."""
    name = _name(CODEX, "trust")
    fix = "Start `codex`, type /hooks and trust those of Tallyward, or run `tally connect codex --trust`."
    try:
        hooks = codex_hooks.ours()
    except HooksUntrusted as error:
        return Check(name, Verdict.WARN, error.message, fix)
    if hooks is None:
        finding = "`codex` is not on the PATH, so whether it trusts them is not known."
        return Check(name, Verdict.WARN, finding, "Type /hooks in Codex, or put `codex` on the PATH for the doctor.")
    if not hooks:
        return Check(name, Verdict.FAIL, "Codex does not see them.", "Run `tally connect codex` again.")
    skipped = [hook for hook in hooks if not hook.runs]
    if skipped:
        whys = sorted({"turned off" if hook.verdict in RUNNABLE else hook.verdict for hook in skipped})
        finding = f"Codex skips {len(skipped)} of {len(hooks)}: {', '.join(whys)}."
        return Check(name, Verdict.FAIL, finding, fix)
    return Check(name, Verdict.PASS, f"Codex trusts all {len(hooks)} of them.")
