"""What `tally policy` says on a terminal: numbers with their n and their interval, and what they do not tell."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import typer

Said = dict[str, Any]


def tell(said: Said, words: Callable[[Said], Iterator[str]], *, as_json: bool) -> None:
    """Prints JSON, or the words."""
    if as_json:
        typer.echo(json.dumps(said, indent=2))
        return
    for line in words(said):
        typer.echo(line)


def report(said: Said) -> Iterator[str]:
    """The lines of a report."""
    made = said["trained"]
    yield f"{said['policy']} in {said['file']}: made from {made['rows']} decisions before {said['cut'][:16]}Z"
    yield (
        f"tested with {said['rows']} later decisions on {said['pull_requests']} other pull requests"
        f" ({said['left_out_on_both_sides']} left out: their pull request is on both sides)"
    )
    yield from (f"left out: {count} {why}" for why, count in said["skipped"].items())
    yield f"agrees with the rule table  {share(said['agreement'])}"
    yield f"  where that acts           {share(said['agreement_when_acting'])}"
    yield f"always wait                 {share(said['always_wait'])}"
    if said["majority_action"] != "wait":
        yield f"always {said['majority_action']:<20} {share(said['majority'])}"
    yield f"gain over the better        {share(said['gain'])}"
    for one in said["actions"]:
        learnt = "" if one["learnt"] else "  too few to have learnt it"
        yield (
            f"  {one['action']:<22} precision {rate(one['precision'])}  recall {rate(one['recall'])}"
            f"  on {one['pull_requests']} pull requests{learnt}"
        )
    yield from said["says"]
    yield said["acts"]


def standing(said: Said) -> Iterator[str]:
    """The lines of where a policy stands."""
    now, found = said["standing"], said["agreement"]
    if now["phase"] == "off":
        yield "No policy is in the shadow."
    else:
        yield f"{now['policy']}: {now['phase']} since {now['since']}"
    if found is not None:
        yield (
            f"7 days: agrees {rate(found['agreement'])}; where either would act {rate(found['when_acting'])};"
            f" {found['missing']} of {found['decisions']} decisions not compared,"
            f" {found['pull_requests']} pull requests, longest gap {found['longest_gap_hours']:.1f} h"
        )
        yield from (f"  {pair}: {count}" for pair, count in found["differences"].items())
    yield from (f"not to be promoted: {sentence}" for sentence in said["refused_because"] if now["phase"] == "shadow")
    yield said["says"]


def share(found: Said) -> str:
    """`93.1% (91.0% to 95.2%, n=400 on 38 pull requests)`."""
    if found["value"] is None:
        return "undefined (n=0)"
    span = f"{found['low']:.1%} to {found['high']:.1%}"
    return f"{found['value']:.1%} ({span}, n={found['n']} on {found['pull_requests']} pull requests)"


def rate(found: Said) -> str:
    """`93.1% (91.0% to 95.2%, n=400)`."""
    if found["value"] is None:
        return "undefined (n=0)"
    return f"{found['value']:.1%} ({found['low']:.1%} to {found['high']:.1%}, n={found['n']})"
