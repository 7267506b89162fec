"""Does on a forge what the shepherd decided, and finds out afterwards whether it was done.

A decision is written before it is acted on, and the result after. Whoever dies in between leaves a decision without a
result; the next one asks the forge whether it happened, by a mark that nobody else makes or by the state that it leads
to, and never does it a second time on a guess.
"""

from tallyward.domain.forge import ForgeWriter, PullRequestSignals, SignalsReader, mark_of
from tallyward.domain.shepherd import INSTRUCTIONS, Decision
from tallyward.domain.shepherd_config import ShepherdConfig
from tallyward.domain.shepherd_events import Decided
from tallyward.domain.shepherd_facts import CAUSE_OF, Action
from tallyward.errors import ForgeConflict, ForgeError, ForgeUnavailable, RateLimited
from tallyward.services.shepherd_memory import Done


def comment(action: Action, decision: str) -> str:
    """One of the two sentences that are ever said to an agent, with its mark."""
    return f"{INSTRUCTIONS[CAUSE_OF[action]]}\n\n{mark_of(decision)}"


async def act(writer: ForgeWriter, told: PullRequestSignals, decision: Decision, config: ShepherdConfig) -> Done | None:
    """Does it, and says how that went. None: nobody knows, since the forge did not answer."""
    try:
        return Done(ok=True, code="done", count=await _do(writer, told, decision, config))
    except ForgeUnavailable:
        return None  # it may have happened: `outcome_of` finds out at the next look
    except (ForgeConflict, RateLimited) as error:
        return Done(ok=False, code=error.code, again=True)
    except ForgeError as error:
        return Done(ok=False, code=error.code)


async def _do(writer: ForgeWriter, told: PullRequestSignals, decision: Decision, config: ShepherdConfig) -> int | None:
    """A number where there is one to tell: of the comment, or of the threads."""
    repo, number = told.repo, told.number
    match decision.action:
        case "request_conflict_fix" | "request_review_fix":
            return await writer.comment(repo, number, comment(decision.action, decision.id))
        case "resolve_threads":
            assert decision.threads_before is not None  # noqa: S101  # its guard holds only where there is one
            return await writer.resolve_threads(repo, number, decision.threads_before)
        case "resolve_conflict":
            await writer.add_labels(repo, number, [config.labels.resolve])
        case "escalate":
            await writer.add_labels(repo, number, [config.labels.escalated])
        case "update_branch":
            await writer.update_branch(repo, number, told.head_sha)
        case "publish_draft":
            await writer.publish(repo, number)
        case "merge":
            await writer.merge(repo, number, told.head_sha, config.merge_method)
        case "wait" | "none":
            pass
    return None


async def outcome_of(
    reader: SignalsReader, told: PullRequestSignals, unfinished: Decided, config: ShepherdConfig
) -> Done:
    """Whether a decision without a result was carried out, by what the forge shows now."""
    if await _shows(reader, told, unfinished, config):
        return Done(ok=True, code="found")
    return Done(ok=False, code="not_found", again=True)


async def _shows(reader: SignalsReader, told: PullRequestSignals, unfinished: Decided, config: ShepherdConfig) -> bool:
    if unfinished.action in {"request_conflict_fix", "request_review_fix"}:
        return await reader.marked(told.repo, told.number, mark_of(unfinished.id)) is not None
    shown = {
        "resolve_conflict": config.labels.resolve in told.labels,
        "escalate": config.labels.escalated in told.labels,
        "resolve_threads": not told.threads_unresolved,
        "update_branch": told.head_sha != unfinished.head_sha,
        "publish_draft": not told.draft,
        "merge": told.state == "merged",
    }
    return shown[unfinished.action]
