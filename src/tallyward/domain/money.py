"""Money as an organisation reads it: the ledger keeps millionths of a US dollar, the pages say them in its own format.

Nothing is converted in the ledger, the API or the exports: only what people read is put into another currency, at the
one rate that the organisation wrote down.
"""

from msgspec import Struct

MICROS = 1_000_000
FINE_DIGITS = 4  # a request to a small model costs hundredths of a cent
MINUS = "\u2212"  # the sign, which is as wide as a plus; a hyphen is not
NOT_KNOWN = "—"  # what has no price has not cost nothing


class Currency(Struct, frozen=True, forbid_unknown_fields=True):
    """How amounts are written. `per_usd` is what one US dollar is worth; `after` puts the symbol behind the amount."""

    symbol: str = "$"
    after: bool = False
    per_usd: float = 1.0
    digits: int = 2
    decimal: str = "."
    thousands: str = ","

    def problems(self) -> list[str]:
        """What is wrong with these settings, one sentence each."""
        found: list[str] = []
        if not 0 < self.per_usd < 1e9:  # noqa: PLR2004  # no currency is worth so little
            found.append("currency.per_usd must be above 0")
        if not 0 <= self.digits <= FINE_DIGITS:
            found.append(f"currency.digits must be from 0 to {FINE_DIGITS}")
        if self.decimal == self.thousands:
            found.append("currency.decimal and currency.thousands must differ")
        return found

    def say(self, micros: float | None, *, fine: bool = False) -> str:
        """`$1,234.50`; `<$0.01` for what is there and too small to be said; a dash for what is not known."""
        if micros is None:
            return NOT_KNOWN
        digits = FINE_DIGITS if fine else self.digits
        amount = micros / MICROS * self.per_usd
        least = 10**-digits
        if 0 < abs(amount) < least / 2:
            return f"<{self._signed(least, digits)}"
        return self._signed(amount, digits)

    def _signed(self, amount: float, digits: int) -> str:
        plain = f"{abs(amount):,.{digits}f}"
        told = plain.translate({ord(","): self.thousands, ord("."): self.decimal})
        sign = MINUS if amount < 0 and plain.strip("0.,") else ""
        return f"{sign}{told} {self.symbol}" if self.after else f"{sign}{self.symbol}{told}"
