"""What can be done with a call now, at this telephone: only what can work is ever offered. Pure."""

from typing import Literal, get_args

from ami_bridge.calls.view import View

Verb = Literal["reject", "hangup"]
VERBS: tuple[Verb, ...] = get_args(Verb)
"""In the order in which a person is shown them."""


def possible(view: View) -> tuple[Verb, ...]:
    """Return what this extension can do with its call."""
    can = _of_state(view) if view.devices else frozenset()
    return tuple(verb for verb in VERBS if verb in can)


def _of_state(view: View) -> frozenset[Verb]:
    """Tell what the state of a call allows to somebody who has a telephone in it."""
    match view.state:
        case "ringing":
            return frozenset({"reject"})
        case "dialing" | "answered" | "held" | "queued" | "conference" | "parked":
            return frozenset({"hangup"})
        case "ended":
            return frozenset()
