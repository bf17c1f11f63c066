"""An alarm as somebody sees it. Pure."""

from collections.abc import Callable, Collection, Sequence

from ami_bridge import wire
from ami_bridge.alarms.model import Alarm, Attempt, By
from ami_bridge.alarms.policy import is_inside
from ami_bridge.alarms.states import MANAGES, actions_for, state_of

MOST_ATTEMPTS = 50
SHOWN_DIGITS = 3
OnDuty = Callable[[str, int], Sequence[str]]
"""Names of who is on duty now, by ladder and rank."""


def shown(
    alarm: Alarm, attempts: Sequence[Attempt], roles: Collection[str], on_duty: OnDuty = lambda _ladder, _rank: ()
) -> wire.Alarm:
    """Show it to somebody with these roles; `attempts` are the newest first."""
    manages = bool(MANAGES & set(roles))
    return wire.Alarm(
        id=alarm.id,
        rev=alarm.turn,
        source=alarm.source,
        plant=alarm.plant,
        point=alarm.point,
        text=alarm.text,
        priority=alarm.priority,
        alarm_class=alarm.alarm_class,
        state=state_of(alarm),
        active=alarm.active,
        latched=alarm.latched,
        test=alarm.test,
        flutters=alarm.flutters,
        overlay=alarm.overlay or None,
        shelved_until=alarm.overlay_until,
        shelved_by=_by(alarm.overlay_by),
        shelve_reason=alarm.overlay_reason,
        raised_at=alarm.raised_at,
        returned_at=alarm.returned_at,
        taken_over=_by(alarm.taken_over),
        acknowledged=_by(alarm.acknowledged),
        reset=_by(alarm.reset),
        closed_at=alarm.closed_at,
        count=alarm.count,
        round=alarm.round,
        step=alarm.step,
        next_at=alarm.next_at,
        next=_next(alarm, on_duty),
        why=alarm.why,
        last_resort=alarm.last_resort,
        attempts=tuple(_attempt(one, whole=manages) for one in attempts[:MOST_ATTEMPTS]),
        sound=alarm.sound,
        bundled=alarm.bundled,
        bundle=alarm.bundle,
        values=alarm.values,
        actions=actions_for(alarm, roles),
    )


def _by(by: By | None) -> wire.AlarmBy | None:
    return None if by is None else wire.AlarmBy(login=by.login, name=by.name, at=by.at, how=by.how)


def _attempt(one: Attempt, *, whole: bool) -> wire.Attempt:
    inside = is_inside(one.destination)
    return wire.Attempt(
        id=one.id,
        person=one.name,
        number=one.destination if whole or inside else f"…{one.destination[-SHOWN_DIGITS:]}",
        state=one.state,
        outcome=one.outcome,
        started_at=one.claimed_at,
        ended_at=one.ended_at,
        path=one.path,
    )


def _next(alarm: Alarm, on_duty: OnDuty) -> tuple[str, ...]:
    """Return who is rung next: whoever is due, else the next step's people."""
    if not alarm.open or alarm.answered_for or alarm.overlay or not alarm.plan.rings or alarm.bundle:
        return ()
    waiting = [(target.due, target.person.name) for target in alarm.targets if target.due is not None]
    if waiting:
        first_due = min(waiting)[0]
        return tuple(name for due, name in waiting if due == first_due)
    if alarm.last_resort or alarm.step >= len(alarm.plan.steps):
        first = alarm.plan.steps[:1] if alarm.last_resort else ()
        if not first:
            return tuple(person.name for person in alarm.plan.last_resort)
        step = first[0]
    else:
        step = alarm.plan.steps[alarm.step]
    names = [person.name for person in step.people]
    for word in step.words:
        kind, _, rank = word.partition(":")
        if kind == "duty":
            names += on_duty(alarm.plan.ladder, int(rank or 1)) or [one.name for one in alarm.plan.everyone]
    return tuple(dict.fromkeys(names))
