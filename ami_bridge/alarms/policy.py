"""Whom to ring next about an alarm. Pure: the whole policy can be read here.

An open alarm that nobody has taken over has rounds. In a round the steps of its ladder begin one after the other, at
their times or as soon as nobody is being rung; then everybody is rung (the last resort); then the next round begins.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, structs

from ami_bridge.alarms.emergency import forbidden
from ami_bridge.alarms.model import PATH_FAILURES, Alarm, Attempt, FrozenStep, Outcome, Person, Target
from ami_bridge.alarms.quiet import quiet_until

HELD = timedelta(seconds=30)
"""How long who waits for a free line or telephone waits at most, should nobody say that one is free."""
BUSY_AGAIN = timedelta(seconds=30)
CANCELLED_AGAIN = timedelta(seconds=5)
SHORTEST_ROUND = timedelta(seconds=15)
"""Between two rounds, whatever is configured: a house without telephones must not be hammered."""
LATER = timedelta(seconds=2)
"""After the deadline of an attempt."""
MOST_TRIES = 3
"""Of the same number, where that was busy or the daemon died."""
NEXT_NUMBER: frozenset[Outcome] = frozenset(
    {"no_answer", "unreachable", "invalid_number", "voicemail_suspected", "forwarded", "forbidden"}
)
"""The person may be reached by another number."""
AGAIN: frozenset[Outcome] = frozenset({"busy", "cancelled", "daemon_lost"})

OnCallNow = Callable[[int], Sequence[Person]]
"""Who is on duty now, by rank."""
Free = Callable[[str, str], bool]
"""Whether this number can be rung by this path now."""


class Ring(Struct, frozen=True, kw_only=True):
    """Somebody is to be rung now."""

    person: Person
    destination: str
    path: str
    purpose: Literal["alarm", "all-clear", "test"] = "alarm"


class Turn(Struct, frozen=True, kw_only=True):
    """What happens now about an alarm, and what it looks like afterwards."""

    alarm: Alarm
    """With `next_at`, and `why` that is the next thing."""
    rings: tuple[Ring, ...] = ()
    speakers: bool = False
    told: str = ""
    """What outputs are told."""
    log: tuple[str, ...] = ()
    """Kinds of lines for the log."""
    blocked: frozenset[tuple[str, str]] = frozenset()
    """Numbers and paths that were not free."""


def next_step(alarm: Alarm, live: Sequence[Attempt], on_call: OnCallNow, free: Free, now: datetime) -> Turn:
    """Say what happens now about an alarm that is open, with these calls under way."""
    if alarm.overlay:
        return _set_aside(alarm, now)
    if alarm.cleared_call == "due":
        return _all_clear(alarm, live, free, now)
    if alarm.answered_for:
        return _looked_after(alarm, live, free, now)
    if not alarm.plan.rings:
        return _wait(alarm, now + _longest(alarm), "shown_only")
    if (until := quiet_until(alarm.plan.quiet, now)) is not None:
        told = "mail-instead" if alarm.why != "quiet" else ""
        wait = _wait(alarm, min(until, now + _longest(alarm)), "quiet")
        return structs.replace(wait, told=told, log=("quiet",) if told else ())
    return _ring_on(alarm, live, on_call, free, now)


def after(alarm: Alarm, attempt: Attempt, outcome: Outcome, now: datetime) -> Alarm:
    """Return the alarm after a call has ended: the path, the number or the person is another one now, or none."""
    targets = tuple(
        _moved_on(target, outcome, alarm.plan.paths, now) if target.attempt == attempt.id else target
        for target in alarm.targets
    )
    waits = alarm.overlay or (alarm.answered_for and alarm.cleared_call != "due" and alarm.reminded_at is None)
    if targets == alarm.targets or waits or not alarm.open:
        return structs.replace(alarm, targets=targets)
    return structs.replace(alarm, targets=targets, next_at=now)


def ways(number: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Return by which paths a number can be rung: telephones of the house by their hints, all others as configured."""
    return ("",) if is_inside(number) else tuple(paths)


def is_inside(number: str) -> bool:
    """Whether this is an extension, as numbers of the outside begin with + or 0."""
    return not number.startswith(("+", "0"))


def _ring_on(alarm: Alarm, live: Sequence[Attempt], on_call: OnCallNow, free: Free, now: datetime) -> Turn:
    """Begin what steps have come, and ring whoever is due."""
    noted: list[str] = []
    told, speakers = "", False
    if alarm.round_at is None:
        alarm = structs.replace(alarm, round_at=now, step=0, targets=_under_way(alarm.targets))
    elif alarm.last_resort and not _is_rung(alarm) and alarm.round_at <= now:
        # Whoever still waits for a free telephone is not waited for: others of this round may be free.
        noted.append("round")
        alarm = structs.replace(
            alarm, round=alarm.round + 1, round_at=now, step=0, last_resort=False, targets=_under_way(alarm.targets)
        )
    while not alarm.last_resort and _next_has_come(alarm, now):
        step = alarm.plan.steps[alarm.step]
        speakers = speakers or "speakers" in step.words
        fresh = _new_targets(alarm, _people(alarm, step, on_call), now)
        noted += ["step"] if fresh else []
        alarm = structs.replace(alarm, step=alarm.step + 1, targets=alarm.targets + fresh)
    if not alarm.last_resort and alarm.step >= len(alarm.plan.steps) and not _pending(alarm, now, waiting=True):
        noted.append("last_resort")
        told, speakers = "last-resort", not alarm.test
        everybody = tuple(
            Target(person=person, step=alarm.step, due=now) for person in alarm.plan.last_resort or alarm.plan.everyone
        )
        # The end of the round: the next one begins when everybody was rung, and no sooner than this.
        pause = max(timedelta(seconds=alarm.plan.repeat), SHORTEST_ROUND)
        alarm = structs.replace(alarm, last_resort=True, round_at=now + min(pause, _longest(alarm)), targets=everybody)
    alarm, rings, blocked = _rung(alarm, free, now)
    return Turn(
        alarm=_timed(alarm, live, now, blocked=bool(blocked), rings=bool(rings)),
        rings=rings,
        speakers=speakers,
        told=told,
        log=tuple(noted),
        blocked=blocked,
    )


def _rung(alarm: Alarm, free: Free, now: datetime) -> tuple[Alarm, tuple[Ring, ...], frozenset[tuple[str, str]]]:
    """Ring all that are due and can be rung; each destination once."""
    targets, rings, blocked = [], [], set()
    taken: set[str] = set()
    for seen in alarm.targets:
        target = _possible(seen, alarm.plan.paths)
        if target.due is not None and not target.attempt and target.due <= now:
            number = target.person.numbers[target.number]
            path = ways(number, alarm.plan.paths)[target.path]
            if number not in taken and free(number, path):
                taken.add(number)
                rings.append(Ring(person=target.person, destination=number, path=path, purpose=_purpose(alarm)))
                target = structs.replace(target, due=None, tries=target.tries + 1)
            else:
                blocked.add((number, path))
        targets.append(target)
    return structs.replace(alarm, targets=tuple(targets)), tuple(rings), frozenset(blocked)


def _possible(target: Target, paths: Sequence[str]) -> Target:
    """Skip numbers that cannot be rung at all; with none left one is done with this person."""
    number, path = target.number, target.path
    while number < len(target.person.numbers):
        it = target.person.numbers[number]
        if not forbidden(it) and path < len(ways(it, paths)):
            return structs.replace(target, number=number, path=path)
        number, path = number + 1, 0
    return structs.replace(target, due=None)


def _moved_on(target: Target, outcome: Outcome, paths: Sequence[str], now: datetime) -> Target:
    """Return what comes next with this person."""
    free = structs.replace(target, attempt="")
    if outcome in AGAIN and target.tries < MOST_TRIES:
        wait = {"busy": BUSY_AGAIN, "cancelled": CANCELLED_AGAIN}.get(outcome, timedelta())
        return structs.replace(free, due=now + wait)
    if outcome in PATH_FAILURES and target.path + 1 < len(ways(target.person.numbers[target.number], paths)):
        return structs.replace(free, path=target.path + 1, due=now, tries=0)
    more = target.number + 1 < len(target.person.numbers)
    if more and (outcome in NEXT_NUMBER or outcome in PATH_FAILURES or outcome in AGAIN):
        return structs.replace(free, number=target.number + 1, path=0, due=now, tries=0)
    return structs.replace(free, due=None)


def _next_has_come(alarm: Alarm, now: datetime) -> bool:
    """Whether the next step begins: at its time, or because nobody of those before can be reached any more."""
    if alarm.step >= len(alarm.plan.steps) or alarm.round_at is None:
        return False
    return alarm.round_at + timedelta(seconds=alarm.plan.steps[alarm.step].after) <= now or not _pending(alarm, now)


def _people(alarm: Alarm, step: FrozenStep, on_call: OnCallNow) -> tuple[Person, ...]:
    """Return whom a step means now; nobody on duty: everybody of the list."""
    found = list(step.people)
    for word in step.words:
        kind, _, rank = word.partition(":")
        if kind == "duty":
            found += on_call(int(rank or 1)) or alarm.plan.everyone
    return tuple({person.login: person for person in reversed(found)}.values())[::-1]


def _new_targets(alarm: Alarm, people: Sequence[Person], now: datetime) -> tuple[Target, ...]:
    """Return those who are not in this round yet."""
    known = {target.person.login for target in alarm.targets}
    return tuple(
        Target(person=person, step=alarm.step, due=now)
        for person in people
        if person.login not in known and person.numbers
    )


def _pending(alarm: Alarm, now: datetime, *, waiting: bool = False) -> bool:
    """Whether somebody is being rung, or will be now; with `waiting`, also who was busy and is rung again."""
    return any(
        target.attempt or (target.due is not None and (waiting or target.due <= now)) for target in alarm.targets
    )


def _is_rung(alarm: Alarm) -> bool:
    """Whether somebody is being rung just now."""
    return any(target.attempt for target in alarm.targets)


def _under_way(targets: Sequence[Target]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.attempt)


def _timed(alarm: Alarm, live: Sequence[Attempt], now: datetime, *, blocked: bool, rings: bool) -> Alarm:
    """Put down when the next thing happens, and what that is; never later than the longest interval (I2)."""
    times = [(now + _longest(alarm), "new_round" if alarm.last_resort else "step")]
    if blocked:
        times.append((now + HELD, "no_line"))
    times += [(attempt.deadline + LATER, "ringing") for attempt in live]
    if rings:
        times.append((now + timedelta(seconds=alarm.plan.ring_seconds) + timedelta(seconds=20), "ringing"))
    times += [(target.due, "busy_again") for target in alarm.targets if target.due is not None and target.due > now]
    if alarm.round_at is not None and alarm.last_resort and not _is_rung(alarm) and not rings:
        times.append((max(alarm.round_at, now), "new_round"))
    if alarm.round_at is not None and not alarm.last_resort and alarm.step < len(alarm.plan.steps):
        times.append((alarm.round_at + timedelta(seconds=alarm.plan.steps[alarm.step].after), "step"))
    at, why = min(times)
    return structs.replace(alarm, next_at=at, why=why)


def _set_aside(alarm: Alarm, now: datetime) -> Turn:
    """End an overlay whose time is over: the alarm is looked at anew (I9)."""
    if alarm.overlay_until is not None and alarm.overlay_until > now:
        return _wait(alarm, alarm.overlay_until, "shelved")
    return Turn(alarm=uncovered(alarm, now), told="unshelved", log=("unshelved",))


def uncovered(alarm: Alarm, now: datetime) -> Alarm:
    """Return the alarm without its overlay, from the first step on."""
    return structs.replace(
        from_the_start(alarm, now), overlay="", overlay_until=None, overlay_by=None, overlay_reason=""
    )


def from_the_start(alarm: Alarm, now: datetime) -> Alarm:
    """Return the alarm at the beginning of its ladder, in its next round."""
    return structs.replace(
        alarm,
        round=alarm.round + 1 if alarm.round_at else alarm.round,
        step=0,
        round_at=None,
        targets=_under_way(alarm.targets),
        last_resort=False,
        next_at=now,
        why="raised",
    )


def _looked_after(alarm: Alarm, live: Sequence[Attempt], free: Free, now: datetime) -> Turn:
    """Remind whoever has taken over once that is long ago; without an answer it is nobody's again."""
    until = alarm.acknowledged_until
    if not alarm.active or until is None:
        # It is over: what is missing is a word on the page, or a reset.
        return _wait(alarm, now + _longest(alarm), "acknowledged" if alarm.acknowledged else "taken_over")
    if until > now and alarm.reminded_at is None:
        return _wait(alarm, until, "acknowledged" if alarm.acknowledged else "taken_over")
    if alarm.reminded_at is None and (quiet := quiet_until(alarm.plan.quiet, now)) is not None:
        return _wait(alarm, quiet, "acknowledged" if alarm.acknowledged else "taken_over")
    if alarm.reminded_at is None:
        person = _who_cares(alarm)
        alarm = structs.replace(
            alarm,
            reminded_at=now,
            targets=(
                *_under_way(alarm.targets),
                *([Target(person=person, step=alarm.step, due=now)] if person else []),
            ),
        )
        alarm, rings, blocked = _rung(alarm, free, now)
        turn = Turn(alarm=alarm, rings=rings, blocked=blocked, told="reminder", log=("reminded",))
    elif alarm.reminded_at + timedelta(minutes=alarm.plan.remind_minutes) <= now:
        nobodys = structs.replace(
            from_the_start(alarm, now), acknowledged=None, taken_over=None, acknowledged_until=None, reminded_at=None,
            why="unacknowledged_again",
        )  # fmt: skip
        return Turn(alarm=nobodys, told="unacknowledged-again", log=("unacknowledged_again",))
    else:
        alarm, rings, blocked = _rung(alarm, free, now)
        turn = Turn(alarm=alarm, rings=rings, blocked=blocked)
    ends = (alarm.reminded_at or now) + timedelta(minutes=alarm.plan.remind_minutes)
    timed = _timed(structs.replace(turn.alarm, round_at=None), live, now, blocked=bool(blocked), rings=bool(rings))
    at = min(ends, timed.next_at or ends)
    return structs.replace(turn, alarm=structs.replace(turn.alarm, next_at=at, why="reminder"))


def _all_clear(alarm: Alarm, live: Sequence[Attempt], free: Free, now: datetime) -> Turn:
    """Tell whoever took care of it that it is over: each of their numbers once."""
    if (quiet := quiet_until(alarm.plan.quiet, now)) is not None:
        return _wait(alarm, quiet, "returned")
    if alarm.why != "all_clear" or not alarm.targets:
        person = _who_cares(alarm)
        told = (Target(person=person, step=alarm.step, due=now),) if person else ()
        alarm = structs.replace(alarm, targets=told)
    alarm, rings, blocked = _rung(alarm, free, now)
    if not rings and not _pending(alarm, now, waiting=True):
        return Turn(alarm=structs.replace(alarm, cleared_call="done", targets=(), next_at=now), log=("all_clear_done",))
    timed = _timed(structs.replace(alarm, round_at=None), live, now, blocked=bool(blocked), rings=bool(rings))
    return Turn(alarm=structs.replace(timed, why="all_clear"), rings=rings, blocked=blocked)


def _who_cares(alarm: Alarm) -> Person | None:
    """Return who has taken care of it, where that is somebody to be rung; about what is only shown nobody is."""
    who = alarm.acknowledged or alarm.taken_over
    if who is None or not alarm.plan.rings:
        return None
    return next((one for one in _known(alarm) if one.login == who.login), None)


def _known(alarm: Alarm) -> list[Person]:
    """Return everybody whose numbers are frozen into the alarm."""
    return [
        *(target.person for target in alarm.targets),
        *(person for step in alarm.plan.steps for person in step.people),
        *alarm.plan.everyone,
        *alarm.plan.last_resort,
    ]


def _purpose(alarm: Alarm) -> Literal["alarm", "all-clear", "test"]:
    return "all-clear" if alarm.cleared_call == "due" else "test" if alarm.test else "alarm"


def _longest(alarm: Alarm) -> timedelta:
    return timedelta(seconds=alarm.plan.max_interval)


def _wait(alarm: Alarm, until: datetime, why: str) -> Turn:
    return Turn(alarm=structs.replace(alarm, next_at=until, why=why))
