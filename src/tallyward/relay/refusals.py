"""How the relay refuses: in the words of OTLP, which say nothing of what was sent."""

import json

from tallyward.capture import _otlp_protobuf
from tallyward.errors import TallyError

# From the status of HTTP to the codes of gRPC.
_CODES = {400: 3, 403: 7, 404: 5, 405: 3, 408: 4, 413: 8, 415: 3, 503: 14}
_CODE_INTERNAL = 13


def in_protobuf(error: TallyError) -> bytes:
    return _otlp_protobuf.status(_CODES.get(error.status, _CODE_INTERNAL), error.message)


def in_json(error: TallyError) -> bytes:
    said = {"code": _CODES.get(error.status, _CODE_INTERNAL), "message": error.message}
    return json.dumps(said, separators=(",", ":")).encode()
