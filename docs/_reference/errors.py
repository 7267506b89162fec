"""The page of every error, from the tree in `tallyward.errors`."""

from collections.abc import Iterator

from tallyward.errors import SetupError, TallyError

HEAD = """# Errors

Every error of the HTTP API has one shape, and its `docs` field leads to a heading on this page:

```json
{"error": {"code": "queue_full", "message": "...", "retryable": true, "remedy": "...",
           "docs": "docs/reference/errors.md#queue_full"}}
```

`field` names the field or parameter at fault and `index` the row of a batch, counted from 0, where there is one.
`retryable` says whether the same request may succeed later; such an answer carries `Retry-After`, in seconds, when the
server was busy. A command prints its errors as one line, `tally: <message> <remedy>`, and ends with 2.
"""


def tree(kind: type[TallyError] = TallyError) -> Iterator[type[TallyError]]:
    """Every error under `kind`, in the order in which they stand in the code."""
    for child in kind.__subclasses__():
        yield child
        yield from tree(child)


def sentence(kind: type[TallyError]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _section(kind: type[TallyError]) -> str:
    told = [f"### {kind.code}", sentence(kind)]
    if not issubclass(kind, SetupError):
        again = (
            "the same request may succeed later" if kind.retryable else "sending the same request again is of no use"
        )
        told.append(f"HTTP {kind.status}; {again}.")
    if kind.remedy:
        told.append(f"What to do: {kind.remedy}")
    return "\n\n".join(told)


def page() -> str:
    http = [_section(kind) for kind in tree() if not issubclass(kind, SetupError)]
    setup = [_section(kind) for kind in tree() if issubclass(kind, SetupError)]
    return "\n\n".join([HEAD.strip(), "## Answers of the API", *http, "## What a command may print", *setup])
