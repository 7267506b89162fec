"""The frame around a page, as a test wants it: who looks, and what stands in the address."""

from typing import Any

from tallyward.domain.access import Principal
from tallyward.services.asked import read
from tallyward.web.pages._frame import Address, Frame, Room, build

SERVER = "http://127.0.0.1:8787"
LEAD = Principal(token_id=1, tenant="default", name="lead", scopes=frozenset({"read"}))
ENGINEER = Principal(token_id=2, tenant="default", name="laptop", scopes=frozenset({"read"}), engineer_id="mona")
ADMIN = Principal(token_id=3, tenant="default", name="owner", scopes=frozenset({"admin"}))


def frame(
    principal: Principal = LEAD, room: Room | None = None, given: dict[str, str] | None = None, **more: Any
) -> Frame:
    """The frame of a page of that room. `given` is what stands in its address."""
    shown = room or Room("Somewhere", "/somewhere")
    asked = read(given or {})
    facts = {"mark": "a.0.0", "server": SERVER, "has_sample": True, **more}
    return build(principal, shown, Address(shown.href, given or {}), asked, **facts)
