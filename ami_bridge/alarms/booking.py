"""What is told of a call, and the code that was typed in it, become changes of the alarm and its attempts. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from ami_bridge.alarms import acts
from ami_bridge.alarms.model import Alarm, Attempt, By, LogEntry, Outcome
from ami_bridge.alarms.policy import after
from ami_bridge.alarms.ports import Ended, Fact, Ringing, Talking, Verdict
from ami_bridge.alarms.store import Change, Letter

TALK_LONGEST = timedelta(seconds=120)
"""The dialplan ends a talk after 90 s."""
STATES = ("claimed", "ringing", "talking", "done")
Letters = Callable[[str, str, datetime], tuple[Letter, ...]]
"""Writes what outputs are told about an alarm."""


def booked(alarm: Alarm, attempt: Attempt, fact: Fact, now: datetime) -> Change | None:
    """Book one fact; older news never overwrites newer."""
    match fact:
        case Ringing() if STATES.index(attempt.state) < STATES.index("ringing"):
            return Change(alarm=alarm, changed=(structs.replace(attempt, state="ringing"),))
        case Talking() if STATES.index(attempt.state) < STATES.index("talking"):
            talks = structs.replace(attempt, state="talking", talking_at=now, deadline=now + TALK_LONGEST)
            return Change(alarm=alarm, changed=(talks,))
        case Ended(outcome=outcome, cause=cause, tech=tech):
            over = structs.replace(
                attempt, state="done", ended_at=now, outcome=outcome, cause=cause[:100], tech=tech[:100]
            )
            data: dict[str, str | int | bool | None] = {"outcome": outcome, "cause": cause[:100], "tech": tech[:100]}
            entry = LogEntry(at=now, actor="engine", kind="ended", alarm=alarm.id, attempt=attempt.id, data=data)
            return Change(alarm=after(alarm, attempt, outcome, now), changed=(over,), log=(entry,))
        case _:
            return None


def code_typed(
    alarm: Alarm, live: Sequence[Attempt], attempt: Attempt, by: By, letters: Letters
) -> tuple[Verdict, Change | None]:
    """Say what the code of this attempt is now, and what follows; asked again, the same is said."""
    mine = next((one for one in live if one.id == attempt.id), None)
    over = _acked(mine, by.at)
    first = alarm.acknowledged or alarm.taken_over
    if attempt.outcome == "acked" and mine is None and first is not None and first.login == attempt.login:
        return Verdict(what="taken", who=attempt.name, login=attempt.login), None
    if mine is None and alarm.active and attempt.claimed_at < alarm.changes[-1] and not alarm.flutters:
        return Verdict(what="wrong"), None  # it was about another time that it came
    done = acts.by_phone(alarm, by) if alarm.open and attempt.purpose != "all-clear" else None
    if done is None:
        who = alarm.acknowledged or alarm.taken_over or by
        already = Verdict(what="already", who=who.name, login=who.login or "")
        return already, None if mine is None else Change(alarm=_without(alarm, attempt.id), changed=over)
    ended = acts.clear(done.alarm, by) if alarm.test else None
    final = ended or done
    told = () if alarm.test else letters(alarm.id, final.told or done.told, by.at)
    entries = tuple(structs.replace(one, attempt=attempt.id) for one in (*done.log, *(ended.log if ended else ())))
    change = Change(alarm=_without(final.alarm, attempt.id), changed=over, log=entries, letters=told)
    return Verdict(what="taken", who=attempt.name, login=attempt.login), change


def _acked(live: Attempt | None, now: datetime) -> tuple[Attempt, ...]:
    outcome: Outcome = "acked"
    return () if live is None else (structs.replace(live, state="done", ended_at=now, outcome=outcome),)


def _without(alarm: Alarm, attempt: str) -> Alarm:
    targets = tuple(
        structs.replace(target, attempt="", due=None) if target.attempt == attempt else target
        for target in alarm.targets
    )
    return structs.replace(alarm, targets=targets)
