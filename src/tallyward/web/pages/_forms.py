"""Reading what a form of ours posts, and where to go afterwards."""

from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

from tallyward.errors import BadRequest
from tallyward.web.bodies import read_body

FORM_BYTES_MAX = 8_192  # a form of ours has a few short fields
ONWARD_CHARS_MAX = 500  # an address of ours is far shorter


def safe_onward(address: str) -> str:
    """`address` if it is a path on this site, else the board: nobody is sent elsewhere by signing in."""
    plain = address.isascii() and address.isprintable() and "\\" not in address and len(address) <= ONWARD_CHARS_MAX
    if not plain or not address.startswith("/") or address.startswith("//"):
        return "/"
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else "/"


async def form_of(request: Request) -> dict[str, list[str]]:
    """The fields of a posted form. Raises BadRequest when it is not one."""
    body = await read_body(request, FORM_BYTES_MAX)
    try:
        return parse_qs(body.decode("ascii"), errors="strict", max_num_fields=20)
    except ValueError as error:
        raise BadRequest("The form cannot be read.") from error
