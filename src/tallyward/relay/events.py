"""What the relay keeps of a hook's event that came over HTTP: exactly what the hook's own process would have kept.

Such an event comes without the surroundings that a process has, so the few variables that matter come as headers, and
what an organisation does not let pass is what the session's first hook, a process, has seen.
"""

from collections.abc import Mapping

from tallyward.capture._base import mapping
from tallyward.capture.claude_code import ClaudeCode
from tallyward.client import home, quick_json, session_place
from tallyward.hooks import fire

PATH = "/tallyward/hooks/claude_code"
# The header, and the variable whose value it has. `client/hook_settings.py` writes them down for the agent.
HEADERS = {
    "x-tally-engineer": "GITHUB_USER",
    "x-tally-runtime": "TALLY_RUNTIME",
    "x-tally-entrypoint": "CLAUDE_CODE_ENTRYPOINT",
    "x-tally-editor": "CURSOR_VERSION",
}
OWN = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL")


def keep(root: str, environ: Mapping[str, str], headers: Mapping[str, str], body: bytes, began: float) -> bool:
    """Put what the event is worth into the spool. Whether it was an event at all.

    `began` is when the request came in, on the clock of `clock.elapsed_seconds`.
    """
    try:
        event = mapping(quick_json.loads(body))
    except ValueError:
        event = {}
    told = {name: environ[name] for name in OWN if name in environ}
    told |= {variable: headers[name] for name, variable in HEADERS.items() if headers.get(name)}
    place = session_place.load(root, event.get("session_id"))
    seen_by_first = {"GITHUB_USER": place.get("engineer_id"), "TALLY_RUNTIME": place.get("runtime")}
    if "CLAUDE_CODE_ENTRYPOINT" in told:
        del seen_by_first["TALLY_RUNTIME"]
    told = {**{name: said for name, said in seen_by_first.items() if isinstance(said, str)}, **told}
    fire.record(root, body, home.read_config(root, environ), told, source=ClaudeCode(), began=began)
    return bool(event)
