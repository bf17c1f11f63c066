"""What people do to alarms: take over, acknowledge, clear, reset, shelve, escalate. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import structs

from ami_bridge.alarms.model import Alarm, By, LogEntry, Overlay
from ami_bridge.alarms.policy import from_the_start, uncovered
from ami_bridge.alarms.raising import Done, closed_where_done, was_reset, went

LONGEST_SHELVED = timedelta(hours=8)
Act = Callable[[Alarm, By], Done | None]
"""None: there is nothing left to do."""


def take_over(alarm: Alarm, by: By) -> Done | None:
    """Take care of it: nobody else is rung. After a reminder it is said once more."""
    if (alarm.taken_over is not None or alarm.acknowledged is not None) and alarm.reminded_at is None:
        return None
    return _done(structs.replace(_looked_after(alarm, by.at), taken_over=by), "taken_over", by, "taken-over")


def acknowledge(alarm: Alarm, by: By) -> Done | None:
    """Confirm it, once more after a reminder. Acknowledging never closes what is there."""
    if alarm.acknowledged is not None and alarm.reminded_at is None:
        return None
    known = structs.replace(_looked_after(alarm, by.at), acknowledged=by, taken_over=alarm.taken_over or by)
    return _done(closed_where_done(known, by.at), "acknowledged", by, "acknowledged")


def by_phone(alarm: Alarm, by: By) -> Done | None:
    """Do what the code does by telephone: for some classes it only takes over."""
    if alarm.plan.ack == "phone" or (alarm.reminded_at is not None and alarm.acknowledged is not None):
        return acknowledge(alarm, by)
    return take_over(alarm, by)


def clear(alarm: Alarm, by: By) -> Done | None:
    """Say that the fault is over, for a source that cannot say so itself."""
    if not alarm.active:
        return None
    done = went(structs.replace(alarm, changes=()), by.at)  # what comes after that is news, and no flutter
    return structs.replace(done, log=tuple(structs.replace(one, actor=by.login or by.name) for one in done.log))


def reset(alarm: Alarm, by: By) -> Done | None:
    """Unlock one that stays until somebody has looked."""
    return was_reset(alarm, by) if alarm.latched and not alarm.active else None


def shelve(alarm: Alarm, by: By, *, until: datetime, reason: str, overlay: Overlay = "shelved") -> Done | None:
    """Set it aside for a time, never for longer than a shift; then it is looked at anew (I9)."""
    if alarm.overlay:
        return None
    until = min(until, by.at + LONGEST_SHELVED)
    aside = structs.replace(
        _still(alarm), overlay=overlay, overlay_until=until, overlay_by=by, overlay_reason=reason, next_at=until,
        why="shelved",
    )  # fmt: skip
    return _done(aside, overlay.replace("-", "_"), by, "shelved", reason=reason[:200])


def unshelve(alarm: Alarm, by: By) -> Done | None:
    """End that before its time."""
    return _done(uncovered(alarm, by.at), "unshelved", by, "unshelved") if alarm.overlay else None


def escalate(alarm: Alarm, by: By) -> Done | None:
    """Ring more people now: the next step, or everybody; whoever had taken over asks for help."""
    if alarm.overlay or not alarm.plan.rings:
        return None
    if alarm.answered_for:
        calls = from_the_start(alarm, by.at)
        calls = structs.replace(
            calls, taken_over=None, acknowledged=None, acknowledged_until=None, reminded_at=None, why="step"
        )
        return _done(calls, "escalated", by, "unacknowledged-again")
    if alarm.round_at is None or alarm.last_resort:
        sooner = structs.replace(alarm, round_at=by.at if alarm.last_resort else None, next_at=by.at)
    elif alarm.step < len(alarm.plan.steps):
        began = by.at - timedelta(seconds=alarm.plan.steps[alarm.step].after)
        sooner = structs.replace(alarm, round_at=min(alarm.round_at, began), next_at=by.at)
    else:
        sooner = structs.replace(_still(alarm), next_at=by.at)
    return _done(structs.replace(sooner, why="step"), "escalated", by, "")


def _looked_after(alarm: Alarm, now: datetime) -> Alarm:
    until = now + timedelta(minutes=alarm.plan.ack_minutes)
    then = until if alarm.active else now + timedelta(seconds=alarm.plan.max_interval)
    return structs.replace(
        _still(alarm),
        acknowledged_until=until,
        reminded_at=None,
        next_at=min(then, alarm.overlay_until) if alarm.overlay_until is not None else then,
        why="acknowledged",
    )


def _still(alarm: Alarm) -> Alarm:
    """Ring nobody else; who is being rung goes on ringing, and hears who has taken over (I6)."""
    return structs.replace(alarm, targets=tuple(structs.replace(target, due=None) for target in alarm.targets))


def _done(alarm: Alarm, kind: str, by: By, told: str, **data: str) -> Done:
    entry = LogEntry(at=by.at, actor=by.login or by.name, kind=kind, alarm=alarm.id, data={"how": by.how, **data})
    closed = (LogEntry(at=by.at, actor="engine", kind="closed", alarm=alarm.id),) if not alarm.open else ()
    return Done(alarm=alarm, log=(entry, *closed), told="" if alarm.test else "closed" if closed and not told else told)
