"""The states of an alarm as ISA-18.2 (DIN EN 62682) names them, and what can be done in each. Pure.

Beneath them are facts of the row: whether the fault is there, whether it is latched, whether somebody has acknowledged.
"""

from collections.abc import Collection
from typing import Literal

from ami_bridge.alarms.model import Alarm, Overlay
from ami_bridge.people.model import PLANT

State = Literal["unacknowledged", "acknowledged", "returned", "latched-unacknowledged", "latched", "closed"]
Action = Literal["take-over", "acknowledge", "clear", "reset", "shelve", "unshelve", "escalate"]
OPERATES = PLANT
"""Roles that see alarms and act on them."""
MANAGES = frozenset({"alarm-manager", "admin"})
"""Roles that may set alarms aside."""

NAMES: dict[State, dict[str, str]] = {
    "unacknowledged": {"de": "gekommen, unquittiert", "en": "unacknowledged"},
    "acknowledged": {"de": "gekommen, quittiert", "en": "acknowledged"},
    "returned": {"de": "gegangen, unquittiert", "en": "returned, unacknowledged"},
    "latched-unacknowledged": {"de": "gespeichert, unquittiert", "en": "latched, unacknowledged"},
    "latched": {"de": "gespeichert", "en": "latched"},
    "closed": {"de": "erledigt", "en": "closed"},
}
OVERLAYS: dict[Overlay, dict[str, str]] = {
    "": {"de": "", "en": ""},
    "shelved": {"de": "zurückgestellt", "en": "shelved"},
    "suppressed": {"de": "unterdrückt", "en": "suppressed by design"},
    "out-of-service": {"de": "außer Betrieb", "en": "out of service"},
}


def state_of(alarm: Alarm) -> State:
    """Return the state beneath any overlay."""
    acknowledged = alarm.acknowledged is not None or alarm.plan.kind == "simple"
    if not alarm.open:
        return "closed"
    if alarm.active:
        return "acknowledged" if acknowledged else "unacknowledged"
    if alarm.latched:
        return "latched" if acknowledged else "latched-unacknowledged"
    return "acknowledged" if acknowledged else "returned"


def actions_for(alarm: Alarm, roles: Collection[str]) -> tuple[Action, ...]:
    """Return what somebody with these roles can do with it now, in the order to show it; never what cannot work."""
    if not alarm.open or not OPERATES & set(roles):
        return ()
    asked = alarm.reminded_at is not None
    """Whether somebody is asked just now if they still take care of it."""
    calls = not alarm.answered_for and not alarm.overlay and alarm.plan.rings
    possible: dict[Action, bool] = {
        "take-over": alarm.acknowledged is None and (alarm.taken_over is None or asked),
        "acknowledge": (alarm.acknowledged is None and alarm.plan.kind != "simple")
        or (alarm.acknowledged is not None and asked),
        "clear": alarm.active,
        "reset": alarm.latched and not alarm.active,
        "shelve": not alarm.overlay and bool(MANAGES & set(roles)),
        "unshelve": bool(alarm.overlay) and bool(MANAGES & set(roles)),
        "escalate": calls or (alarm.answered_for and not alarm.overlay and alarm.plan.rings),
    }
    return tuple(action for action, works in possible.items() if works)
