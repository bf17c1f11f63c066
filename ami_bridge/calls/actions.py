"""What can be done with a call now, by this person, at this telephone: only what can work is ever offered. Pure."""

from collections.abc import Collection
from typing import Literal, get_args

from msgspec import Struct

from ami_bridge.calls.view import View, made_of_a_call

Verb = Literal[
    "answer", "reject", "hangup", "hold", "resume", "redirect", "transfer", "consult", "park", "fetch", "pickup",
    "conference", "note", "forget",
]  # fmt: skip
VERBS: tuple[Verb, ...] = get_args(Verb)
"""In the order in which a person is shown them."""
RINGS: frozenset[Verb] = frozenset({"redirect", "transfer", "consult", "fetch", "pickup", "conference"})
"""Somebody's telephone will ring, so the same wish must not be carried out twice."""


class Means(Struct, frozen=True, kw_only=True):
    """What the PBX is prepared for, as its own dialplan tells."""

    send: bool = False
    """Calls can be sent to a number: dialplan/control.conf is there, and knows where telephones dial."""
    consult: bool = False
    """Telephones may ask somebody before a call is given on."""
    park: bool = False
    """There are parking places."""
    take: bool = False
    """Who waits in a queue can be taken: dialplan/control.conf is new enough for that."""
    queues: bool = False
    """The account may log telephones in and out of queues, and have them pause."""


class Might(Struct, frozen=True, kw_only=True):
    """What a person can do, whatever the call is."""

    means: Means = Means()
    rings: bool = False
    """Whether a telephone of their own can be rung."""
    drives: Collection[str] = ()
    """What the telephone that has the call can be told by its own web server: `answer`, `hold`, `resume`."""
    clears: bool = False
    """Whether they may have a row looked at that hangs."""


def possible(view: View, might: Might) -> tuple[Verb, ...]:
    """Return what a person can do with a call of their own."""
    if view.state == "ended":
        return ()
    can: set[Verb] = {"note"}
    if might.clears:
        can.add("forget")
    if view.has_parked and might.means.send and might.rings:
        can.add("fetch")
    if view.devices:
        can |= _at_the_telephone(view, might)
    return tuple(verb for verb in VERBS if verb in can)


def possible_of_others(view: View, might: Might) -> tuple[Verb, ...]:
    """Return what a person can do with a call that rings at somebody else's telephone of their group."""
    return ("pickup",) if view.state == "ringing" and might.means.send and might.rings else ()


def capabilities(might: Might) -> tuple[Verb, ...]:
    """Return what a person can do with one or another call."""
    can: set[Verb] = {"reject", "hangup", "note"}
    can |= {"redirect", "transfer", "conference"} if might.means.send else set()
    can |= {"consult", "resume"} if might.means.send and might.means.consult else set()
    can |= {"park"} if might.means.park else set()
    can |= {"fetch", "pickup"} if might.means.send and might.rings else set()
    can |= {"answer"} if "answer" in might.drives else set()
    can |= {"hold"} if "hold" in might.drives else set()
    can |= {"resume"} if "resume" in might.drives else set()
    can |= {"forget"} if might.clears else set()
    return tuple(verb for verb in VERBS if verb in can)


def _at_the_telephone(view: View, might: Might) -> set[Verb]:
    """Tell what the state of a call allows to somebody who has a telephone in it."""
    match view.state:
        case "ringing":
            can: set[Verb] = {"reject"}
            if view.alone and might.means.send:
                can.add("redirect")
            if "answer" in might.drives:
                can.add("answer")
            return can
        case "answered" | "held" if view.waits is not None:
            return {"transfer", "resume"}
        case "answered" | "held":
            return _in_a_talk(view, might)
        case "conference":
            return {"hangup", "conference"} if might.means.send and made_of_a_call(view.room) else {"hangup"}
        case "dialing" | "queued" | "parked" | "ended":
            return {"hangup"}


def _in_a_talk(view: View, might: Might) -> set[Verb]:
    """Tell what somebody can do who talks."""
    can: set[Verb] = {"hangup"}
    at_the_telephone: Verb = "resume" if view.holds else "hold"
    if at_the_telephone in might.drives:
        can.add(at_the_telephone)
    if view.pair and might.means.send:
        can |= {"transfer", "conference"}
        if might.means.consult:
            can.add("consult")
    if view.pair and might.means.park:
        can.add("park")
    return can
