"""What a report does to the alarms: a new one, another count, an end, a bundle. Pure."""

from datetime import datetime, timedelta

from msgspec import Struct, structs

from ami_bridge.alarms.classes import Meant
from ami_bridge.alarms.model import LONGEST_NAME, MOST_RAW, MOST_TEXT, Alarm, By, LogEntry, Plan, Report

SKEW = timedelta(minutes=10)
"""A source whose clock is further off is not believed about the time."""
FLUTTERS = 3
FLUTTERS_WITHIN = timedelta(minutes=10)
KEEP_CHANGES = 20
UNBUNDLED = 1
"""Alarms of this priority always call for themselves."""


class Done(Struct, frozen=True, kw_only=True):
    """What becomes of an alarm, and what the log says about it."""

    alarm: Alarm
    log: tuple[LogEntry, ...]
    told: str = ""
    """What the outputs are told, if anything."""


def tidy(report: Report) -> Report:
    """Cut a report to what is kept of one; odd characters are no reason to lose it."""
    return structs.replace(
        report,
        source=_clean(report.source, LONGEST_NAME),
        point=_clean(report.point, LONGEST_NAME),
        dedup=_clean(report.dedup or report.point, LONGEST_NAME),
        text=_clean(report.text, MOST_TEXT),
        values={_clean(k, LONGEST_NAME): _clean(v, LONGEST_NAME) for k, v in list(report.values.items())[:50]},
        raw=_clean(report.raw, MOST_RAW),
    )


def raised(id_: str, report: Report, meant: Meant, plan: Plan, now: datetime, leader: str | None) -> Done:
    """Make a new alarm; `leader` is the one under which it is told while the source floods."""
    at, skewed = _when(report, now)
    rings = plan.rings
    bundle = leader if rings and bundles(report, meant) else None
    why = "bundled" if bundle else "raised" if rings else "shown_only"
    alarm = Alarm(
        id=id_,
        source=report.source,
        dedup=report.dedup,
        point=report.point,
        plant=meant.plant,
        text=meant.text[:MOST_TEXT],
        values=dict(report.values),
        raw=report.raw,
        priority=meant.priority,
        alarm_class=meant.kind.name,
        sound=meant.sound,
        test=report.test,
        latched=plan.kind == "extended",
        raised_at=now,
        event_time=at,
        last_at=now,
        changes=(now,),
        bundle=bundle,
        plan=plan,
        next_at=now + timedelta(seconds=plan.max_interval) if bundle else now,
        why=why,
    )
    data: dict[str, str | int | bool | None] = {"source": report.source, "priority": meant.priority}
    data |= {"skewed": True} if skewed else {}
    data |= {"unknown_class": True} if not meant.known else {}
    data |= {"unreadable": True} if report.unreadable else {}
    data |= {"bundle": bundle} if bundle else {}
    data |= {"by": report.by} if report.by else {}
    entry = LogEntry(at=now, actor=alarm.source, kind="raised", alarm=alarm.id, data=data)
    return Done(alarm=alarm, log=(entry,), told="raised")


def raised_once_more(done: Done, before: Alarm, now: datetime) -> Done:
    """Let a new alarm know of the one of its key that was closed just before: what flutters calls nobody each time.

    Whoever took care of that one takes care of this one too, and is asked when they would have been; unless it is more
    urgent now.
    """
    alarm = _changed(structs.replace(done.alarm, changes=before.changes), now)
    until, same = before.acknowledged_until, alarm.priority >= before.priority and alarm.bundle is None
    if not (alarm.flutters and same and before.answered_for) or until is None or until <= now:
        return structs.replace(done, alarm=alarm)
    alarm = structs.replace(
        alarm, taken_over=before.taken_over, acknowledged=before.acknowledged, acknowledged_until=until,
        targets=(), next_at=until, why="flutters",
    )  # fmt: skip
    (entry,) = done.log
    return Done(alarm=alarm, log=(structs.replace(entry, data={**entry.data, "flutters": True}),))


def bundles(report: Report, meant: Meant) -> bool:
    """Whether this is told with others while its source floods; what is most urgent, and tests, never are."""
    return meant.priority > UNBUNDLED and not report.test and not report.unreadable


def came_again(alarm: Alarm, report: Report, now: datetime) -> Done:
    """Count it; if it was over, it is there again, and whoever had acknowledged that it was over has not this one."""
    if alarm.active:
        again = structs.replace(alarm, count=alarm.count + 1, last_at=now)
        return Done(alarm=again, log=(_entry(alarm, "came_again", now, count=again.count),))
    again = structs.replace(
        _changed(alarm, now),
        active=True,
        latched=alarm.plan.kind == "extended",
        count=alarm.count + 1,
        last_at=now,
        returned_at=None,
        event_time=_when(report, now)[0],
        cleared_call="",
    )
    if again.flutters:
        # It has rung: whoever takes care of it still does, and what calls goes on calling where it is.
        return Done(alarm=again, log=(_entry(alarm, "came_again", now, count=again.count, flutters=True),))
    fresh = structs.replace(
        again,
        taken_over=None,
        acknowledged=None,
        acknowledged_until=None,
        reminded_at=None,
        reset=None,
        round=1,
        step=0,
        round_at=None,
        targets=tuple(target for target in alarm.targets if target.attempt),
        last_resort=False,
        next_at=now,
        why="raised" if alarm.plan.rings else "shown_only",
    )
    told = "" if alarm.overlay else "raised"
    return Done(alarm=fresh, log=(_entry(alarm, "came_again", now, count=again.count),), told=told)


def went(alarm: Alarm, now: datetime) -> Done:
    """End the fault; whether that closes the alarm is for its class to say."""
    if not alarm.active:
        return Done(alarm=alarm, log=())
    gone = structs.replace(_changed(alarm, now), active=False, returned_at=now, last_at=now)
    if gone.plan.all_clear and gone.answered_for and not gone.cleared_call and not gone.flutters:
        gone = structs.replace(gone, cleared_call="due", next_at=now, why="returned")
    entry = _entry(alarm, "returned", now)
    return _closed_where_done(gone, now, (entry,), "returned")


def was_reset(alarm: Alarm, by: By) -> Done:
    """Reset it, by somebody or by its source."""
    free = structs.replace(alarm, latched=False, reset=by)
    return _closed_where_done(free, by.at, (_entry(alarm, "reset", by.at, actor=by.login or by.name, how=by.how),), "")


def closed_where_done(alarm: Alarm, now: datetime) -> Alarm:
    """Close an alarm that is neither there nor latched, and acknowledged where its class asks for it (I14)."""
    needs = alarm.plan.kind != "simple" and alarm.acknowledged is None and not unheard(alarm)
    if alarm.active or alarm.latched or needs or alarm.cleared_call == "due" or not alarm.open:
        return alarm
    return structs.replace(
        alarm, closed_at=now, next_at=None, why="", targets=(), overlay="", overlay_until=None, bundle=None
    )


def unheard(alarm: Alarm) -> bool:
    """Whether nobody was ever called or told of it, because work is done at its source."""
    return alarm.overlay == "suppressed" and alarm.round_at is None


def _closed_where_done(alarm: Alarm, now: datetime, log: tuple[LogEntry, ...], told: str) -> Done:
    closed = closed_where_done(alarm, now)
    if closed is alarm:
        return Done(alarm=alarm, log=log, told=told)
    return Done(alarm=closed, log=(*log, _entry(alarm, "closed", now)), told="closed")


def _changed(alarm: Alarm, now: datetime) -> Alarm:
    """Note that it came or went, and whether that happens all the time."""
    lately = tuple(at for at in (*alarm.changes, now) if at > now - FLUTTERS_WITHIN)[-KEEP_CHANGES:]
    return structs.replace(alarm, changes=lately, flutters=len(lately) > FLUTTERS)


def _when(report: Report, now: datetime) -> tuple[datetime | None, bool]:
    """Return when it happened by the source's clock, unless that is far off."""
    if report.event_time is None or report.event_time.tzinfo is None:
        return None, False
    if abs(report.event_time - now) > SKEW:
        return None, True
    return report.event_time, False


def _entry(alarm: Alarm, kind: str, at: datetime, *, actor: str = "", **data: str | int | bool | None) -> LogEntry:
    return LogEntry(at=at, actor=actor or alarm.source, kind=kind, alarm=alarm.id, data=data)


def _clean(text: str, most: int) -> str:
    """Return text that can be kept, shown and spoken: no control characters but line ends, no half characters."""
    kept = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text[:most])
    return kept.encode("utf-8", "replace").decode("utf-8")
