"""The calls of the inbox: where forges deliver, and where people look at what became of it."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.delivery import STATES
from tallyward.errors import Invalid, UnsupportedMedia
from tallyward.services.deliveries import DeliveriesBoard, DeliveryFacts, Replayed
from tallyward.services.inbox import Received
from tallyward.web.auth import require_same_site
from tallyward.web.bodies import Json, announced_bytes, content_type, header, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import PAGE, paging
from tallyward.web.tables import answer

BODY_BYTES_MAX = 25 * 1024 * 1024  # what GitHub may send
_NUMBER_MAX = 2**63 - 1


async def webhook(request: Request, _principal: Principal) -> Response:
    """The body is read whole, whoever the address is of, and signed for before anything is read of it."""
    require_same_site(request)
    if header(request, b"content-encoding").strip().lower() not in ("", "identity"):
        raise UnsupportedMedia(
            "A delivery is signed as it is sent, so it is taken uncompressed.", field="Content-Encoding"
        )
    inbox, tenant = request.app.state.inbox, request.path_params["tenant"]
    async with inbox.room(announced_bytes(request)):
        body = await read_body(request, BODY_BYTES_MAX)
        received = await inbox.receive(tenant, request.scope["headers"], body, content_type(request))
    return Json(received, 200 if received.status == "duplicate" else 202)


async def deliveries(request: Request, principal: Principal) -> Response:
    said = request.query_params
    found = await request.app.state.deliveries.listing(principal, paging(request), said.get("state"), said.get("event"))
    return answer(request, found, "deliveries")


async def one_delivery(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.deliveries.one(principal, _number(request)))


async def replay_one(request: Request, principal: Principal) -> Response:
    return await _replay(request, principal, _number(request))


async def replay_parked(request: Request, principal: Principal) -> Response:
    return await _replay(request, principal, None)


async def _replay(request: Request, principal: Principal, number: int | None) -> Response:
    replayed = await request.app.state.deliveries.replay(principal, number)
    request.app.state.processor.wake()
    return Json(replayed, 202)


def _number(request: Request) -> int:
    text = request.path_params["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_NUMBER_MAX)) and int(text) <= _NUMBER_MAX):
        raise Invalid("A delivery is known by its number.", field="id")
    return int(text)


CALLS = (
    Call(
        "POST", "/tenants/{tenant}/webhook", "open",
        "Takes a delivery of GitHub, Forgejo or Gitea, signed with a webhook secret of the tenant; stored before it is"
        " answered. A repeat is answered 200 and `duplicate`.",
        webhook, gives=Received, status=202,
    ),
    Call(
        "GET", "/v1/deliveries", "read",
        "Deliveries of forges: parked and missing ones first, counts by hour, and whether they have ceased.",
        deliveries, gives=DeliveriesBoard, of_everybody=True, table="deliveries",
        query=(
            Query("state", {"type": "string", "enum": list(STATES)}, "Only those that stand so."),
            Query("event", {"type": "string"}, "Only those of this event, as the forge names it."),
            *PAGE,
        ),
    ),
    Call(
        "GET", "/v1/deliveries/{id}", "read", "One delivery with the facts that it told.",
        one_delivery, gives=DeliveryFacts, of_everybody=True,
    ),
    Call(
        "POST", "/v1/deliveries/{id}/replay", "admin", "Has a delivery that was done or parked processed again.",
        replay_one, gives=Replayed, status=202,
    ),
    Call(
        "POST", "/v1/deliveries/replay-parked", "admin", "Has every parked delivery processed again.",
        replay_parked, gives=Replayed, status=202,
    ),
)  # fmt: skip
