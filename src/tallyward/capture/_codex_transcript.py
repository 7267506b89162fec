"""What Codex's transcript tells of calls and of typed skills, for a hook whose event does not.

Statuses, exit codes, durations and ids are taken from a record, and the name of a skill; what was said, run, written
or printed is never looked at.

Imported by the hook: as little as possible.
"""

from tallyward.capture._base import HANDLE_CHARS_MAX, Event, Seen, count, mapping, text
from tallyward.capture._codex_skills import SKILLS_MAX, is_name

AGENT_TOOL = "spawn_agent"
TYPED_SKILL = "skills.selected_skill_instructions"
EXITED = "Process exited with code "
FAILURES_MAX = 20  # of one turn; a model that fails more often than that is told of less exactly


class Call:
    """A call that the transcript calls completed, or nothing at all."""

    __slots__ = ("agents", "began_agent", "duration_ms", "exit_code", "key", "kind", "state", "turn")

    def __init__(self, told: Event) -> None:
        item = mapping(told.get("item"))
        self.key = text(item.get("id"))
        self.kind = item.get("type")
        self.turn = text(told.get("turn_id"), HANDLE_CHARS_MAX)
        self.state = item.get("status")
        self.exit_code = item.get("exit_code")
        self.duration_ms = _duration_ms(told, item)
        self.agents = [*_listed(item.get("receiver_thread_ids")), *filter(None, [item.get("agent_thread_id")])]
        self.began_agent = bool(self.agents) and (item.get("kind") == "started" or item.get("tool") == AGENT_TOOL)

    def status(self, answer: Event) -> str:
        """How it ended: by the transcript's word, or by a word in the answer that is no text."""
        codes = (self.exit_code, answer.get("exit_code"), mapping(answer.get("metadata")).get("exit_code"))
        code = next((code for code in codes if isinstance(code, int)), 0)
        if self.state == "declined" or code < 0:
            return "abandoned"
        failed = self.state == "failed" or answer.get("isError") is True or answer.get("success") is False
        return "error" if failed or code > 0 else "success"


def _duration_ms(told: Event, item: Event) -> "int | None":
    """How long a call ran. Waiting for a person's permission is not in it."""
    taken = mapping(item.get("duration"))
    seconds, nanos = count(taken.get("secs")), count(taken.get("nanos"))
    if seconds is not None and nanos is not None:
        return count(seconds * 1000 + nanos // 1_000_000)
    begun, ended = told.get("started_at_ms"), told.get("completed_at_ms")
    return count(ended - begun) if isinstance(begun, int) and isinstance(ended, int) else None


def _listed(value: object) -> "list[object]":
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def completed(seen: Seen, mark: str, since: "int | None" = None) -> "list[Call]":
    """The completed calls whose record holds `mark`."""
    found = [mapping(record.get("payload")) for record in seen.transcript.records(mark, since)]
    return [Call(told) for told in found if told.get("type") == "item_completed"]


def the_call(seen: Seen, key: "str | None") -> Call:
    """The call of this id; one that nothing is known of if the transcript has none."""
    found = completed(seen, f'"id":"{key}"') if key else []
    return next((call for call in found if call.key == key), Call({}))


def failed_turn(seen: Seen, turn: str, since: int) -> "Event | None":
    """What the transcript tells of the end of a turn, if that was an error."""
    for record in seen.transcript.records('"task_complete"', since):
        told = mapping(record.get("payload"))
        if told.get("type") == "task_complete" and told.get("turn_id") == turn and told.get("error"):
            return told
    return None


def failed_commands(seen: Seen, turn: object, since: "int | None") -> "list[tuple[str, str]]":
    """Key and outcome of the turn's commands that failed without being called completed, as the sandbox leaves them.

    The exit code stands before the output; the output is not looked at.
    """
    found: dict[str, str] = {}
    for sign in "-123456789":
        for record in seen.transcript.records(EXITED + sign, since):
            item = mapping(record.get("payload"))
            key, output = text(item.get("call_id")), item.get("output")
            about = mapping(item.get("internal_chat_message_metadata_passthrough"))
            if item.get("type") != "function_call_output" or about.get("turn_id") != turn or key is None:
                continue
            head = output.partition("\nOutput:")[0] if isinstance(output, str) else ""
            if EXITED + sign in head:
                found[key] = "abandoned" if sign == "-" else "error"
    return [pair for pair in list(found.items())[:FAILURES_MAX] if the_call(seen, pair[0]).key is None]


def typed_skills(seen: Seen, turn: object, since: "int | None") -> "list[str]":
    """The skills that a person named in the turn: Codex puts their instructions into the conversation."""
    names: list[str] = []
    for record in seen.transcript.records(TYPED_SKILL, since):
        message = mapping(record.get("payload"))
        about = mapping(message.get("internal_chat_message_metadata_passthrough"))
        if about.get("turn_id") != turn:
            continue
        for kind, item in zip(_listed(about.get("content_item_kinds")), _listed(message.get("content")), strict=False):
            said = mapping(item).get("text")
            if kind == TYPED_SKILL and isinstance(said, str) and said.startswith("<skill>"):
                name = said.partition("<name>")[2].partition("</name>")[0]
                if is_name(name) and name not in names:
                    names.append(name)
    return names[:SKILLS_MAX]
