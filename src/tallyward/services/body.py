"""One object of JSON in a body, or what is wrong with it."""

from typing import TypeVar

import msgspec

from tallyward.errors import BadRequest, Invalid

Told = TypeVar("Told")


def read_one(decoder: msgspec.json.Decoder[Told], body: bytes) -> Told:
    """What the body says. Raises Invalid where a field is wrong, BadRequest where it is no JSON."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error
