"""Errors that a command prints as one line, because it cannot work as things are set up."""

from tallyward.errors.base import TallyError


class SetupError(TallyError):
    """Tallyward cannot start or go on as it is set up."""

    code = "setup"


class ConfigInvalid(SetupError):
    """A configuration key or value is not accepted."""

    code = "config_invalid"
    remedy = "docs/reference/config.md lists every key."


class TooFewDecisions(SetupError):
    """There are too few decisions to learn a policy from, or to judge one by."""

    code = "too_few_decisions"
    remedy = "Let the shepherd decide for longer, in a dry run if need be; docs/how-to/learned-policy.md says more."


class DependencyMissing(SetupError):
    """A part that this command needs is not installed."""

    code = "dependency_missing"
    remedy = "Install the server parts: pip install 'tallyward[server]'."


class TrainingPartMissing(DependencyMissing):
    """`tally policy train` needs scikit-learn, which is not installed."""

    code = "training_part_missing"
    remedy = "Install it: pip install 'tallyward[server,training]'. Whatever uses a policy works without it."


class McpPartMissing(DependencyMissing):
    """`tally mcp` needs the official MCP SDK, which is not installed."""

    code = "mcp_part_missing"
    remedy = "Install it: pip install 'tallyward[mcp]'. Wrapping and proxying MCP servers works without it."


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
    """There is no tenant, token or secret of that name."""

    code = "not_listed"
    remedy = "`tally token list` and `tally webhook secret list` show what there is; --tenant names whose."


class PostgresMissing(SetupError):
    """No PostgreSQL to start was found."""

    code = "postgres_missing"
    remedy = "pip install 'tallyward[server]', install PostgreSQL 15 or newer, or name one with --database."


class LedgerMissing(SetupError):
    """There is no ledger where this command looked, and nobody said to make one there."""

    code = "ledger_missing"
    remedy = "Name the server's data directory with --data or TALLY_DATA: `.data` of the checkout for scripts/run."


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


class GitMissing(ProgramMissing):
    """There is no git on this machine."""

    code = "git_missing"
    remedy = "Install git 2.31 or newer; 2.38 and newer can also tell which merges conflicted."


class CloneUnreadable(SetupError):
    """This is no clone that git can read."""

    code = "clone_unreadable"
    remedy = "`git -C PATH log` shows what git says; where it speaks of ownership, run the command as the owner."


class BranchUnknown(SetupError):
    """The clone has no such branch, or does not say which is its main one."""

    code = "branch_unknown"
    remedy = "Name the main branch with --branch; `git -C PATH branch --all` lists them."


class HooksUntrusted(SetupError):
    """Codex does not trust our hooks yet, and runs none of them."""

    code = "hooks_untrusted"
    remedy = "Start `codex`, type /hooks and trust those of Tallyward."


class NotForAll(SetupError):
    """That is one person's and cannot be settled for all."""

    code = "not_for_all"
    remedy = "Leave --project out, or let each person connect with --relay."


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
