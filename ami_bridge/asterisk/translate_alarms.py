"""What AMI messages say about calls of alarms, in our words. Pure; all of them concern attempts by their channels' ids.

Header names: Asterisk 22 AMI event reference; the UserEvents are of dialplan/alarms.conf.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from ami_bridge.alarms.events import AlarmEvent, Answered, BadCode, Began, Dialled, Gone, LegGone, Refused, Rings, Said

Headers = Mapping[str, str]

ATTEMPT = re.compile(r"att-[0-9A-Z]{26}")
_WORD = re.compile(r"[A-Za-z]{1,20}")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_ENDPOINT = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_TELEPHONE = "PJSIP/"


def in_alarm(m: Headers) -> AlarmEvent | None:
    """Read an event of an alarm's call; None if it is none, or incomplete."""
    translator = _TRANSLATORS.get(m.get("Event", ""))
    return None if translator is None else translator(m)


def attempts(channels: Sequence[Headers]) -> frozenset[str]:
    """Answer of CoreShowChannels: the attempts whose calls live."""
    return frozenset(id_ for m in channels if ATTEMPT.fullmatch(id_ := m.get("Uniqueid", "")))


def was_called(m: Headers) -> bool:
    """Whether this says that a call to an alarm number was noted."""
    return m.get("Event", "") == "UserEvent" and m.get("UserEvent", "") == "AlarmCalled"


def bad_code(m: Headers) -> BadCode | None:
    """Read that a wrong code was typed at an alarm number; None if it says something else."""
    if m.get("Event", "") != "UserEvent" or m.get("UserEvent", "") != "AlarmBadCode":
        return None
    return BadCode(
        extension=_fitting(_NUMBER, m.get("Exten", "")),
        endpoint=_fitting(_ENDPOINT, m.get("Endpoint", "")),
        number=_fitting(_NUMBER, m.get("Number", "")),
        tries=_whole(m.get("Tries", "")),
    )


def _newchannel(m: Headers) -> AlarmEvent | None:
    own = _own(m)
    return Began(own) if own else None


def _newstate(m: Headers) -> AlarmEvent | None:
    state = m.get("ChannelStateDesc", "")
    if own := _own(m):
        return Answered(own) if state == "Up" else None
    attempt = _of(m)
    return Rings(attempt) if attempt and state == "Ringing" and m.get("Channel", "").startswith(_TELEPHONE) else None


def _hangup(m: Headers) -> AlarmEvent | None:
    if own := _own(m):
        return Gone(own)
    attempt = _of(m)
    if not attempt or not m.get("Channel", "").startswith(_TELEPHONE):
        return None
    return LegGone(attempt, _whole(m.get("TechCause", "")))


def _told(m: Headers) -> AlarmEvent | None:
    # The event of our dialplan comes on the attempt's own channels: another channel does not speak for it.
    attempt = m.get("Att", "")
    if not ATTEMPT.fullmatch(attempt) or m.get("Linkedid", attempt) != attempt:
        return None
    match m.get("UserEvent", ""):
        case "AlarmDial":
            return Dialled(
                attempt=attempt,
                status=_word(m.get("Status", "")),
                cause=_whole(m.get("Cause", "")),
                tech=m.get("Tech", "")[:100],
                outside=m.get("Outside", "") == "yes",
            )
        case "AlarmTalk":
            return Said(
                attempt=attempt,
                result=_word(m.get("Result", "")),
                tries=_whole(m.get("Tries", "")),
                keys=_whole(m.get("Keys", "")),
                defect=_word(m.get("Defect", "")),
            )
    return None


def _answered(m: Headers) -> AlarmEvent | None:
    return Refused(m.get("ActionID", "")) if m.get("Response", "") == "Failure" else None


_TRANSLATORS: dict[str, Callable[[Headers], AlarmEvent | None]] = {
    "Newchannel": _newchannel,
    "Newstate": _newstate,
    "Hangup": _hangup,
    "UserEvent": _told,
    "OriginateResponse": _answered,
}


def _own(m: Headers) -> str:
    """Return the attempt whose own channel this is."""
    id_ = m.get("Uniqueid", "")
    return id_ if ATTEMPT.fullmatch(id_) and m.get("Linkedid", id_) == id_ else ""


def _of(m: Headers) -> str:
    """Return the attempt whose call this channel is part of."""
    linked = m.get("Linkedid", "")
    return linked if ATTEMPT.fullmatch(linked) else ""


def _word(text: str) -> str:
    return _fitting(_WORD, text)


def _fitting(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 9 else 0  # noqa: PLR2004
