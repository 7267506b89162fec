"""Who works where in a session, as its hooks have seen it: an agent's telemetry names neither, only the session.

A small file per session, `places/<session>.json`, that outlives it, since the last telemetry comes when the session has
ended: engineer, repository, branch and runtime, and the word of the relay that was about. No path and no content.

Imported by the hook: as little as possible.
"""

from tallyward.client import home, session_memory

FOLDER = "places"
NAMES = ("engineer_id", "repo", "branch", "runtime", "relay")


def load(root: str, session_id: object) -> "dict[str, object]":
    """What is known of the session; empty if nothing is."""
    if not session_memory.is_plain(session_id):
        return {}
    found = home.read_object(f"{root}/{FOLDER}/{session_id}.json")
    known: dict[str, object] = {name: found[name] for name in NAMES if isinstance(found.get(name), str)}
    if found.get("missed") is True:
        known["missed"] = True
    return known


def save(root: str, session_id: object, place: "dict[str, object]") -> None:
    """Keep it. A disk that refuses costs a name, never a fire."""
    if not session_memory.is_plain(session_id):
        return
    try:
        home.make_folder(root, FOLDER)
        home.write_object(f"{root}/{FOLDER}/{session_id}.json", place, durable=False)
    except OSError:
        pass  # The next event of the session tries again.
