"""What a request cost. The catalogue behind it is loaded when the first price is asked for, or in good time before.

It takes half a second to load (adr/0009), which a start of the server shall not wait for.
"""

from datetime import datetime

from tallyward.domain.usage import Usage


def price(model: str, usage: Usage, at: datetime) -> tuple[int, str] | None:
    """Millionths of a US dollar and which price that is; None for a model, or a part of it, without a known price."""
    from tallyward.prices import catalogue

    return catalogue.price(model, usage, at)


def load() -> None:
    """Loads the catalogue, in a thread of its own if need be."""
    from tallyward.prices import catalogue

    catalogue.load()
