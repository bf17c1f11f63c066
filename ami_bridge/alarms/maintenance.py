"""Maintenance of a source: for a time its alarms are kept and shown, and nobody is rung; then they are looked at anew.

Pure. It always has an end (I9), and what is most urgent rings all the same unless somebody said otherwise.
"""

from datetime import datetime, timedelta

from msgspec import Struct, structs

from ami_bridge.alarms.model import Alarm, By, LogEntry
from ami_bridge.alarms.policy import uncovered
from ami_bridge.alarms.raising import UNBUNDLED, Done, closed_where_done

LONGEST = timedelta(hours=24)


class Maintenance(Struct, frozen=True, kw_only=True):
    """Work that is done at a source."""

    source: str
    since: datetime
    until: datetime
    """When it ends by itself, at most `LONGEST` after its beginning or its last change."""
    urgent: bool = False
    """Whether also alarms of the most urgent priority keep silent."""
    reason: str
    by: By

    def silences(self, alarm: Alarm) -> bool:
        """Whether it keeps this alarm from ringing; what somebody cares for, or has set aside, stays as it is."""
        free = alarm.open and not alarm.test and not alarm.overlay and not alarm.answered_for
        return free and (self.urgent or alarm.priority > UNBUNDLED)

    def holds(self, alarm: Alarm) -> bool:
        """Whether it is this maintenance that keeps the alarm silent, and not somebody who set it aside."""
        return alarm.open and alarm.overlay == "suppressed" and alarm.overlay_until == self.until


def silenced(alarm: Alarm, work: Maintenance) -> Alarm:
    """Return the alarm kept silent until the work is done; calls under way go on."""
    return structs.replace(
        alarm,
        overlay="suppressed",
        overlay_until=work.until,
        overlay_by=work.by,
        overlay_reason=work.reason,
        targets=tuple(structs.replace(target, due=None) for target in alarm.targets),
        next_at=alarm.next_at if alarm.bundle else work.until,
        why="bundled" if alarm.bundle else "shelved",
    )


def resumed(alarm: Alarm, now: datetime, actor: str) -> Done:
    """Look at it anew: it rings from the first step on, or with the alarm that it is told with."""
    if alarm.bundle:
        anew = structs.replace(alarm, overlay="", overlay_until=None, overlay_by=None, overlay_reason="")
    else:
        anew = closed_where_done(uncovered(alarm, now), now)
    entry = LogEntry(at=now, actor=actor, kind="unshelved", alarm=alarm.id)
    closed = () if anew.open else (LogEntry(at=now, actor="engine", kind="closed", alarm=alarm.id),)
    return Done(alarm=anew, log=(entry, *closed))
