"""Every error of Tallyward. The docstring is the default message; `docs/reference/errors.md` is generated from here.

    TallyError
    ├── Refused                 the caller can mend it
    │   ├── BadRequest              400  the body cannot be read at all
    │   ├── LinesRefused            400  some lines of line protocol; the others are stored
    │   ├── Invalid                 422  the body is read, a field is wrong
    │   ├── NotAuthenticated        401
    │   ├── SignatureRefused        401  a webhook's
    │   ├── ScopeMissing            403
    │   ├── CrossSite               403
    │   ├── AnothersProcess         403
    │   ├── NotFound                404
    │   ├── MethodNotAllowed        405
    │   ├── Conflict                409
    │   │   ├── TransitionRefused       a work item's step
    │   │   └── KeyReused
    │   ├── TooSlow                 408
    │   ├── TooLarge                413
    │   ├── UnsupportedMedia        415
    │   ├── SignInStale         400  signing in by OIDC, from here
    │   ├── SignInRefused       403
    │   └── SignInUnproven      403
    │       └── ClocksDiffer
    ├── Busy                    503  try again, nothing was kept
    │   ├── QueueFull
    │   ├── LedgerUnavailable
    │   ├── DiskFull
    │   └── ProviderUnavailable      signing in by OIDC
    ├── ProviderMisconfigured   502  the administrator can mend it
    ├── Internal                500  ours to mend
    ├── ForgeError              502  what a forge answered us
    │   ├── ForgeTokenRefused
    │   ├── ForgeForbidden
    │   ├── NotFoundOnForge
    │   ├── ForgeConflict
    │   ├── ForgeRejected
    │   ├── ForgeCannot
    │   ├── RateLimited         503  ask again at `until`
    │   └── ForgeUnavailable    503
    ├── SinkError               502  what a sink answered us
    │   ├── SinkRefused
    │   ├── SinkMisconfigured
    │   └── SinkUnavailable     503
    └── SetupError              printed by a command as one line, exit 2
        ├── ConfigInvalid
        ├── DependencyMissing
        │   ├── McpPartMissing
        │   └── TrainingPartMissing
        ├── PortInUse
        ├── DataDirUnusable
        ├── TooFewDecisions         to learn from
        ├── LedgerMissing
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
        │   └── GitMissing
        ├── BranchUnknown
        ├── CloneUnreadable
        ├── HooksUntrusted
        ├── NotForAll
        ├── NotConnected
        ├── ServerUnreachable
        ├── DeliveryPostponed
        └── HomeUnusable

`code` is stable and machine-readable, `status` is the HTTP status, `retryable` says whether the same request may
succeed later, `remedy` says what to do next.
"""

from tallyward.errors.answers import (
    AnothersProcess,
    BadRequest,
    Busy,
    ClocksDiffer,
    Conflict,
    CrossSite,
    DiskFull,
    Internal,
    Invalid,
    KeyReused,
    LedgerUnavailable,
    LinesRefused,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    ProviderMisconfigured,
    ProviderUnavailable,
    QueueFull,
    Refused,
    ScopeMissing,
    SignatureRefused,
    SignInRefused,
    SignInStale,
    SignInUnproven,
    TooLarge,
    TooSlow,
    TransitionRefused,
    UnsupportedMedia,
)
from tallyward.errors.base import DOCS_URL, TallyError
from tallyward.errors.forge import (
    ForgeCannot,
    ForgeConflict,
    ForgeError,
    ForgeForbidden,
    ForgeRejected,
    ForgeTokenRefused,
    ForgeUnavailable,
    NotFoundOnForge,
    RateLimited,
)
from tallyward.errors.setup import (
    BranchUnknown,
    CloneUnreadable,
    ConfigInvalid,
    DatabaseUnreachable,
    DataDirUnusable,
    DeliveryPostponed,
    DependencyMissing,
    GitMissing,
    HomeUnusable,
    HooksUntrusted,
    LedgerMissing,
    McpPartMissing,
    NotConnected,
    NotForAll,
    NotListed,
    PortInUse,
    PostgresFailed,
    PostgresMissing,
    ProgramMissing,
    SchemaDiffers,
    SchemaLocked,
    SchemaTooNew,
    SchemaTooOld,
    ServerUnreachable,
    SettingsUnreadable,
    SetupError,
    TooFewDecisions,
    TrainingPartMissing,
    UnsafeDatabase,
)
from tallyward.errors.sink import SinkError, SinkMisconfigured, SinkRefused, SinkUnavailable

__all__ = [
    "DOCS_URL",
    "AnothersProcess",
    "BadRequest",
    "BranchUnknown",
    "Busy",
    "ClocksDiffer",
    "CloneUnreadable",
    "ConfigInvalid",
    "Conflict",
    "CrossSite",
    "DataDirUnusable",
    "DatabaseUnreachable",
    "DeliveryPostponed",
    "DependencyMissing",
    "DiskFull",
    "ForgeCannot",
    "ForgeConflict",
    "ForgeError",
    "ForgeForbidden",
    "ForgeRejected",
    "ForgeTokenRefused",
    "ForgeUnavailable",
    "GitMissing",
    "HomeUnusable",
    "HooksUntrusted",
    "Internal",
    "Invalid",
    "KeyReused",
    "LedgerMissing",
    "LedgerUnavailable",
    "LinesRefused",
    "McpPartMissing",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotConnected",
    "NotForAll",
    "NotFound",
    "NotFoundOnForge",
    "NotListed",
    "PortInUse",
    "PostgresFailed",
    "PostgresMissing",
    "ProgramMissing",
    "ProviderMisconfigured",
    "ProviderUnavailable",
    "QueueFull",
    "RateLimited",
    "Refused",
    "SchemaDiffers",
    "SchemaLocked",
    "SchemaTooNew",
    "SchemaTooOld",
    "ScopeMissing",
    "ServerUnreachable",
    "SettingsUnreadable",
    "SetupError",
    "SignInRefused",
    "SignInStale",
    "SignInUnproven",
    "SignatureRefused",
    "SinkError",
    "SinkMisconfigured",
    "SinkRefused",
    "SinkUnavailable",
    "TallyError",
    "TooFewDecisions",
    "TooLarge",
    "TooSlow",
    "TrainingPartMissing",
    "TransitionRefused",
    "UnsafeDatabase",
    "UnsupportedMedia",
]
