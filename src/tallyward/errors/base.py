"""What every error of ours has: a sentence, a code that machines know it by, and the next thing to do."""

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
