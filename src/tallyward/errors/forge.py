"""Errors of a forge that was asked for something. What it said in words is not in them: it may quote what people wrote.

`retryable` tells a loop whether the same question may be asked again later; the others need a person.
"""

from datetime import datetime

from tallyward.errors.base import TallyError

_HOW = "docs/how-to/forges.md"


class ForgeError(TallyError):
    """The forge did not do what it was asked."""

    code = "forge_error"
    status = 502
    remedy = f"`tally forge check` says what the forge allows; {_HOW} what it must allow."


class ForgeTokenRefused(ForgeError):
    """The forge does not take the token, or the key of the App."""

    code = "forge_token_refused"
    remedy = (
        f"Make a new token or key, and put it into the file that `[[forges]]` names; {_HOW} says with which rights."
    )


class ForgeForbidden(ForgeError):
    """The token may not do that."""

    code = "forge_forbidden"
    remedy = f"Give the token or the App the right to do what is named; {_HOW} lists them."


class NotFoundOnForge(ForgeError):
    """The forge has no such thing, or hides it from this token."""

    code = "not_found_on_forge"
    remedy = "Check the name, and that the token or the App may read that repository."


class ForgeConflict(ForgeError):
    """What is there does not allow this now: somebody pushed meanwhile, or a rule of the branch is against it."""

    code = "forge_conflict"
    remedy = "Read the pull request again, then decide again."


class ForgeRejected(ForgeError):
    """The forge finds a value that we sent wrong."""

    code = "forge_rejected"
    remedy = "Mend the value that is named; if Tallyward made it up itself, report it."


class ForgeCannot(ForgeError):
    """This kind of forge has no such function."""

    code = "forge_cannot"
    remedy = f"{_HOW} says what each kind of forge can do, and what to do instead."


class RateLimited(ForgeError):
    """The forge has had enough questions for now."""

    code = "forge_rate_limited"
    status = 503
    retryable = True
    remedy = "Ask again at the moment that is named. A GitHub App may ask more often than a person's token."

    def __init__(
        self,
        message: str = "",
        *,
        until: datetime | None = None,
        field: str | None = None,
        index: int | None = None,
    ) -> None:
        super().__init__(message, field=field, index=index)
        self.until = until


class ForgeUnavailable(ForgeError):
    """The forge does not answer, or answers with an error of its own."""

    code = "forge_unavailable"
    status = 503
    retryable = True
    remedy = "It is asked again by itself. If it stays so, check its address and the forge's status page."
