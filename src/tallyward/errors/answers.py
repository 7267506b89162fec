"""Errors that the server answers a request with."""

from collections.abc import Sequence

from tallyward.errors.base import TallyError

LINES_TOLD_MAX = 20  # refused lines that one message names


class Refused(TallyError):
    """The request was refused."""

    code = "refused"
    status = 400


class BadRequest(Refused):
    """The body cannot be read."""

    code = "bad_request"
    remedy = "Send one JSON object, a JSON array, or NDJSON, in UTF-8."


class LinesRefused(Refused):
    """Lines of the body are not line protocol, or say what is not kept here. The other lines are stored."""

    code = "lines_refused"
    remedy = "Mend the lines that are named and send them again; docs/how-to/training-series.md says what is kept."

    def __init__(self, lines: Sequence[tuple[int, str]] = (), *, kept: int = 0) -> None:
        self.lines = lines
        told = "; ".join(f"line {line}: {reason}" for line, reason in lines[:LINES_TOLD_MAX])
        more = f"; and {len(lines) - LINES_TOLD_MAX} more" if len(lines) > LINES_TOLD_MAX else ""
        start = "partial write: " if kept else ""
        super().__init__(f"{start}{told}{more} dropped={len(lines)}" if lines else "")


class Invalid(Refused):
    """A field has a value that is not accepted."""

    code = "invalid"
    status = 422
    remedy = "Mend the named field. /openapi.json lists every field and its limits."


class NotAuthenticated(Refused):
    """No valid token came with the request."""

    code = "not_authenticated"
    status = 401
    remedy = "Send `Authorization: Bearer <token>`; `tally token create` makes one."


class SignatureRefused(Refused):
    """This delivery is not signed with a secret of this address."""

    code = "signature_refused"
    status = 401
    remedy = "Give the forge the secret that `tally webhook secret add` shows; docs/how-to/webhooks.md has the steps."


class ScopeMissing(Refused):
    """The token does not have the scope this call needs."""

    code = "scope_missing"
    status = 403
    remedy = "Ask an admin for a token with the scope that is named."


class CrossSite(Refused):
    """A form of another site tried to act in your name."""

    code = "cross_site"
    status = 403
    remedy = "Use the page itself; links from elsewhere may only read."


class AnothersProcess(Refused):
    """The relay takes in what its own user's programs say, and nobody else's."""

    code = "anothers_process"
    status = 403
    remedy = "Let that user connect with `tally connect`, which gives everybody a relay of their own."


class NotFound(Refused):
    """There is nothing here, or nothing that this token may see."""

    code = "not_found"
    status = 404
    remedy = "Check the address; /openapi.json lists what exists."


class MethodNotAllowed(Refused):
    """This address exists, but not for that method."""

    code = "method_not_allowed"
    status = 405
    remedy = "/openapi.json lists the methods of each address."


class Conflict(Refused):
    """What is there does not allow this now."""

    code = "conflict"
    status = 409
    remedy = "Read what is there, then decide again."


class TransitionRefused(Conflict):
    """The work item does not go from where it is to there."""

    code = "transition_refused"
    remedy = "`tally work show` tells where it is; docs/how-to/rates.md where it may go from there."


class KeyReused(Conflict):
    """This Idempotency-Key came with another request before."""

    code = "key_reused"
    remedy = "Send a new key with a new step, and the same key only with the same step."


class TooSlow(Refused):
    """The body did not arrive in time."""

    code = "too_slow"
    status = 408
    retryable = True
    remedy = "Send the whole body within the seconds that are named."


class TooLarge(Refused):
    """The body is larger than what one request may carry."""

    code = "too_large"
    status = 413
    remedy = "Send fewer rows in one request."


class UnsupportedMedia(Refused):
    """The content type or encoding is not one we read."""

    code = "unsupported_media"
    status = 415
    remedy = "Send application/json or application/x-ndjson, plain or with gzip."


class SignInStale(Refused):
    """This sign-in was not begun in this browser, was finished already, or took too long."""

    code = "sign_in_stale"
    remedy = "Begin again on the page /sign-in, and stay at one address of this server all the way."


class SignInRefused(Refused):
    """The provider knows you, but you may not come in here."""

    code = "sign_in_refused"
    status = 403
    remedy = "Ask whoever administers Tallyward which group is let in, and the provider's administrators to add you."


class SignInUnproven(Refused):
    """What the provider says about you did not pass the checks, so nobody was signed in."""

    code = "sign_in_unproven"
    status = 403
    remedy = (
        "Begin again. If it stays so, show this page to whoever administers Tallyward: docs/how-to/sign-in-oidc.md."
    )


class ClocksDiffer(SignInUnproven):
    """The clocks of this server and of the provider differ by more than is allowed."""

    code = "clocks_differ"
    remedy = "Set the server's clock by NTP, or raise `clock_skew_seconds` in its `[oidc]`."


class Busy(TallyError):
    """The server cannot keep this now. Nothing of the request was kept."""

    code = "busy"
    status = 503
    retryable = True
    remedy = "Send the same request again after the seconds in Retry-After."


class QueueFull(Busy):
    """More rows are waiting than the ledger can take at once."""

    code = "queue_full"


class LedgerUnavailable(Busy):
    """The database does not answer."""

    code = "ledger_unavailable"


class DiskFull(Busy):
    """The disk of the database is full."""

    code = "disk_full"
    remedy = "Free disk space on the database's machine; the server recovers by itself."


class ProviderUnavailable(Busy):
    """The organisation's identity provider does not answer."""

    code = "provider_unavailable"
    remedy = "Try again in a minute, or sign in with a token meanwhile."


class ProviderMisconfigured(TallyError):
    """This server and the organisation's identity provider are not set up for each other."""

    code = "provider_misconfigured"
    status = 502
    remedy = "Show this page to whoever administers Tallyward; docs/how-to/sign-in-oidc.md says what to mend."


class Internal(TallyError):
    """The server made a mistake. It is logged with this request's id."""

    code = "internal"
    remedy = "Report it with the time and the request's id."
