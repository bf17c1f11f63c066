"""What AMI messages say about queues, in our words. Pure; with `translate` all that knows Asterisk's headers.

Header names: Asterisk 22 AMI event reference, app_queue. Who joins and leaves a queue is told by `translate`.
"""

from collections.abc import Callable, Mapping, Sequence

from ami_bridge.queues.events import NAME, MemberGone, MemberNow, MemberState, QueueEvent, QueueNow, WaitingNow

Headers = Mapping[str, str]

_UNKNOWN = frozenset({"", "<unknown>"})
_STATES: dict[str, MemberState] = {
    "1": "free",
    "2": "talking",
    "3": "talking",
    "4": "away",
    "5": "away",
    "6": "ringing",
    "7": "talking",
    "8": "talking",
}
"""Asterisk's states of devices: 1 not in use, 2 in use, 3 busy, 4 invalid, 5 unavailable, 6 ringing, 7 rings while in
use, 8 on hold."""
_LONGEST_NAME = 100
_LONGEST_WAIT = 366 * 24 * 3600


def _member(m: Headers) -> QueueEvent | None:
    """Read a member: events say `MemberName` and `Interface` to what the list calls `Name` and `Location`."""
    queue, interface = m["Queue"], m.get("Interface", "") or m.get("Location", "")
    if not NAME.fullmatch(queue) or not interface:
        return None
    return MemberNow(
        queue=queue,
        interface=interface,
        device=m.get("StateInterface", "") or interface,
        name=(m.get("MemberName", "") or m.get("Name", ""))[:_LONGEST_NAME],
        state=_STATES.get(m.get("Status", ""), "unknown"),
        paused=m.get("Paused", "") == "1",
        own=m.get("Membership", "") == "dynamic",
    )


_TRANSLATORS: dict[str, Callable[[Headers], QueueEvent | None]] = {
    "QueueMemberAdded": _member,
    "QueueMemberStatus": _member,
    "QueueMemberPause": _member,
    "QueueMemberRemoved": lambda m: MemberGone(m["Queue"], m["Interface"]),
}
WANTED = frozenset(_TRANSLATORS)
"""Names of the events we read."""


def in_queue(m: Headers) -> QueueEvent | None:
    """Read an event of a queue's member; None if it is none, or incomplete."""
    translator = _TRANSLATORS.get(m.get("Event", ""))
    try:
        return None if translator is None else translator(m)
    except KeyError:
        return None


def queues(items: Sequence[Headers]) -> tuple[QueueNow, ...]:
    """Make a snapshot of the answer to QueueStatus: each queue, then its members, then who waits."""
    waiting: dict[str, list[WaitingNow]] = {}
    members: dict[str, list[MemberNow]] = {}
    for m in items:
        queue, kind = m.get("Queue", ""), m.get("Event", "")
        if not NAME.fullmatch(queue):
            continue
        waiting.setdefault(queue, [])
        if kind == "QueueMember" and isinstance(member := _member(m), MemberNow):
            members.setdefault(queue, []).append(member)
        elif kind == "QueueEntry" and m.get("Uniqueid", ""):
            waiting[queue].append(_waiting(m))
    return tuple(
        QueueNow(name=name, waiting=tuple(some), members=tuple(members.get(name, ()))) for name, some in waiting.items()
    )


def _waiting(m: Headers) -> WaitingNow:
    number, wait = m.get("CallerIDNum", ""), m.get("Wait", "")
    return WaitingNow(
        leg=m.get("Uniqueid", ""),
        channel=m.get("Channel", ""),
        number=None if number in _UNKNOWN else number,
        seconds=min(int(wait), _LONGEST_WAIT) if wait.isdecimal() and len(wait) < 10 else 0,  # noqa: PLR2004
    )
