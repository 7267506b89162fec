"""What every measure says of itself."""

from typing import ClassVar, LiteralString


class Metric:
    """One measure. `sql` is one SELECT with `%(name)s` parameters, run in a transaction that has said its tenant."""

    title: ClassVar[str]
    unit: ClassVar[str]
    caveat: ClassVar[str]
    undefined_when: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]
    sql: ClassVar[LiteralString]
