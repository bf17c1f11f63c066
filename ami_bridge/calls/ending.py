"""How a call ended for one leg: by DIALSTATUS, never by the hangup cause alone. Pure."""

from collections.abc import Iterable

from ami_bridge.calls.leg import LiveLeg
from ami_bridge.calls.view import Party, party
from ami_bridge.wire import Result

Ending = tuple[Result | None, Party | None]
"""The result, and who took the call where that was somebody else."""


def ending(leg: LiveLeg, legs: Iterable[LiveLeg]) -> Ending:
    """Tell how it ended for a leg that is gone; `legs` are all of its call."""
    if leg.transferred:
        return "transferred", None
    if not leg.dialled:
        return caller_ending(leg, [one for one in legs if one.dialled and one.by is leg]), None
    if leg.answered_at is not None:
        return "answered", None
    if leg.lost:
        return None, None
    if leg.status in {"CANCEL", "NOANSWER", ""}:
        who = taker(leg, legs)
        return ("missed", None) if who is None else ("answered", party(who))
    return refusal(leg), None


def taker(leg: LiveLeg, legs: Iterable[LiveLeg]) -> LiveLeg | None:
    """Find who took the call that rang at this leg: somebody rung beside it, while it rang, and not its own owner."""
    end = leg.gone_at
    for one in legs:
        if one is leg or not one.dialled or one.by is not leg.by or not one.party:
            continue
        taken = one.answered_at
        if taken is None or taken < leg.since or (end is not None and taken > end):
            continue
        if one.exten is None or one.exten != leg.exten:
            return one
    return None


def caller_ending(leg: LiveLeg, rung: list[LiveLeg]) -> Result | None:
    """Tell how it ended for who called; `rung` are the legs that were rung for it, oldest first."""
    if any(one.answered_at for one in rung):
        return "answered"
    if not rung and leg.originated and (leg.answered_at is None or leg.unreachable):
        return own_telephone(leg)
    if not rung and leg.answered_at:
        return "answered"
    if leg.lost:
        return None
    statuses = {one.status for one in rung}
    if not statuses or statuses & {"CANCEL", ""}:
        return "cancelled"
    return "missed" if "NOANSWER" in statuses else refusal(rung[-1])


def own_telephone(leg: LiveLeg) -> Result | None:
    """Tell how it ended for somebody whose own telephone we had rung, where it never came to a call."""
    if leg.lost:
        return None
    if leg.status == "FORWARDED" or (leg.unreachable and leg.answered_at is not None):
        return "failed"
    if leg.status in {"CANCEL", ""}:
        return "cancelled"
    return "missed" if leg.status == "NOANSWER" else refusal(leg)


def refusal(leg: LiveLeg) -> Result:
    """Tell how a telephone that was not taken said no."""
    if leg.status == "FORWARDED":
        return "transferred"
    if leg.status == "DECLINED":
        return "rejected"
    if leg.status == "BUSY":
        return "rejected" if leg.rang else "busy"
    return "failed"
