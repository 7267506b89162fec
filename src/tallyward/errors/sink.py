"""Errors of forwarding points to somebody else's store."""

from datetime import timedelta

from tallyward.errors.base import TallyError


class SinkError(TallyError):
    """A sink did not take what it was given."""

    code = "sink"
    status = 502


class SinkRefused(SinkError):
    """The sink will never take these points as they are."""

    code = "sink_refused"
    remedy = "`tally sinks` shows which points it refused and why; the others have gone on."


class SinkMisconfigured(SinkError):
    """The sink does not know us, or not the place that we write to."""

    code = "sink_misconfigured"
    remedy = "Mend its token, bucket or path; forwarding goes on by itself from where it stopped."


class SinkUnavailable(SinkError):
    """The sink does not answer, or is too busy."""

    code = "sink_unavailable"
    status = 503
    retryable = True
    remedy = "Nothing to do: what waits is forwarded when it is back."

    def __init__(self, message: str = "", *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after
