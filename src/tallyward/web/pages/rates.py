"""How well work gets merged: the rates, the bands they turn at, where they turned, and what follows.

The numbers are those of `/v1/rates`, the drawings those of the last merges. An undefined rate says how far
it is from being one.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.rates import CROSSED, GLOBAL, Band, RateBands
from tallyward.domain.rates_now import RateNow
from tallyward.services.holds import HoldsBoard
from tallyward.services.rates import RateHistory, Rates
from tallyward.services.trust import TrustBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.rate_drawing import Drawing, draw
from tallyward.web.rendering import Page, render

ROOM = Room("Rates", "/rates", 45)
FIRST_PASS, CONFLICTS = "first_pass_merge_rate", "rebase_conflict_rate"
LIGHTS = {
    "trusted": "green", "relaxed": "green", "normal": "undefined", "graded": "undefined", "restricted": "red",
    "strict": "red",
}  # fmt: skip
WORDS = {
    FIRST_PASS: ("Merged at the first pass", "merges that needed one attempt"),
    CONFLICTS: ("Rebase conflicts", "merges whose last verdict was a conflict with what was merged meanwhile"),
    "p95_attempts_to_merge": ("Attempts, 95th percentile", "19 of 20 merges need no more"),
    "abandoned_rate": ("Given up", "of the items that ended last"),
    "abandoned_of_opened_rate": (
        "Given up of what was begun",
        "of the items that were opened last; some are open still",
    ),
}


def value_of(rate: RateNow, *, share: bool) -> str:
    """`86.0%`, or `3` for a count of attempts; `undefined (23/50)` until the window is full."""
    if rate.value is None:
        return f"undefined ({rate.n}/{rate.window})"
    return f"{rate.value:.1%}" if share else f"{rate.value:.0f}"


def interval_of(rate: RateNow, *, share: bool) -> str:
    if rate.interval is None:
        return ""
    low, high = rate.interval
    return f"{low:.1%} to {high:.1%}" if share else f"{low:.0f} to {high:.0f}"


def lines(rates: Rates) -> list[dict[str, Any]]:
    """One line for each rate."""
    return [
        {
            "name": name,
            "title": title,
            "what": what,
            "rate": rate,
            "value": value_of(rate, share=share),
            "interval": interval_of(rate, share=share),
        }
        for name, (title, what) in WORDS.items()
        for rate, share in [(getattr(rates, name), not name.startswith("p95"))]
    ]


def drawing(history: RateHistory, metric: str, band: Band) -> Drawing:
    """The drawing of one global rate over the merges that are known."""
    points = [msgspec.to_builtins(getattr(told, metric)) for told in history.rates]
    turns = {
        turn.payload["merge_seq"]: turn.payload
        for turn in history.turns
        if turn.kind == CROSSED and turn.payload["series"] == f"{metric}/{GLOBAL}"
    }
    turned = [turns.get(told.merge_seq) for told in history.rates]
    return draw(WORDS[metric][0], points, turned, band)


@dataclass(frozen=True)
class Shown:
    """What the page tells of."""

    rates: Rates
    history: RateHistory
    bands: RateBands
    trust: TrustBoard
    holds: HoldsBoard


def render_rates(shown: Shown, frame: Frame) -> str:
    """The page of the rates."""
    rates, history, bands = shown.rates, shown.history, shown.bands
    drawn = (
        (drawing(history, FIRST_PASS, bands.first_pass_merge_rate), bands.first_pass_merge_rate),
        (drawing(history, CONFLICTS, bands.rebase_conflict_rate), bands.rebase_conflict_rate),
    )
    return render(
        "rates.html",
        frame=frame,
        rates=rates,
        lines=lines(rates),
        drawings=drawn,
        turns=[turn for turn in history.turns if turn.payload.get("direction")],
        trust_light=LIGHTS[rates.trust.level],
        overlap_light=LIGHTS[rates.overlap],
        trust=shown.trust,
        holds=shown.holds,
        lights=LIGHTS,
        agents=[(one, value_of(one.first_pass_merge_rate, share=True)) for one in shown.trust.agents],
    )


async def page(request: Request, principal: Principal) -> Response:
    view = await look(request, principal, ROOM, ranged=False, exported="/v1/rates", csv=False)
    state = request.app.state
    project = request.query_params.get("project", "").replace("\0", "") or None
    shown = Shown(
        rates=await state.rates.read(view.principal, project),
        history=await state.rates.history(view.principal),
        bands=state.tenants.config(view.principal.tenant).rates,
        trust=await state.trust.read(view.principal),
        holds=await state.holds.board(view.principal),
    )
    return Page(render_rates(shown, view.frame))


CALLS = (
    Call("GET", "/rates", "read", "How well work gets merged, and when that turned.", page, page=True),
)  # fmt: skip
