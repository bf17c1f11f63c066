"""How a call ended, from all that was told about it. Pure; measured on Asterisk 22.10.1.

A failure of the path is answered by another path, one of the person by another person, so the two are told apart.
"""

import re

from msgspec import Struct

from ami_bridge.alarms.events import Dialled, Said
from ami_bridge.alarms.model import Outcome
from ami_bridge.alarms.ports import Ended

QUICK = 2.0
"""Seconds of ringing: nobody takes a receiver off so fast."""
LATE = 15.0
"""Seconds of ringing after which mailboxes begin to answer."""
PLAYED_OUT = 4
"""`tries` where everything was played to the end."""

_BY_SIP: dict[int, Outcome] = {
    404: "invalid_number",
    408: "unreachable",
    410: "invalid_number",
    480: "unreachable",
    484: "invalid_number",
    486: "busy",
    487: "cancelled",
    600: "busy",
    603: "rejected",
    604: "invalid_number",
}
_BY_CAUSE: dict[int, Outcome] = {
    1: "invalid_number",
    17: "busy",
    18: "unreachable",
    19: "unreachable",
    20: "unreachable",
    21: "rejected",
    22: "invalid_number",
    28: "invalid_number",
}
_BY_STATUS: dict[str, Outcome] = {"FORBIDDEN": "forbidden", "CANCEL": "cancelled", "BUSY": "busy"}
_NO_ROUTE = 3
_REDIRECTS = range(300, 400)
_FAILURES = range(400, 700)


class Story(Struct):
    """What was told about one call so far."""

    attempt: str
    rang_at: float | None = None
    answered_at: float | None = None
    dialled: Dialled | None = None
    said: Said | None = None
    leg: int = 0
    """SIP status with which the telephone's leg failed."""
    stopped: bool = False
    """Whether we have ended it."""


def ended(story: Story) -> Ended:
    """Say how it ended; there is always an answer."""
    told = story.dialled
    cause = "" if told is None else f"{told.status} {told.cause}".strip()
    if story.said is not None and story.said.defect:
        cause = f"defect: {story.said.defect}"
    tech = "" if told is None else told.tech
    if story.leg and not tech.startswith(f"SIP {story.leg}"):
        tech = f"SIP {story.leg}"
    return Ended(outcome=_outcome(story), cause=cause[:100], tech=tech[:100])


def _outcome(story: Story) -> Outcome:
    if story.said is not None:
        return _of_talk(story, story.said)
    if story.answered_at is not None:
        return "cancelled" if story.stopped else "heard_not_acked"
    if story.dialled is not None:
        return _of_dial(story, story.dialled)
    # It went without a word: Asterisk was stopped, or we have ended it.
    return "cancelled" if story.stopped else "path_failed"


def _of_talk(story: Story, said: Said) -> Outcome:
    match said.result:
        case "code" | "told":
            return "acked"
        case "declined":
            return "declined"
        case "already":
            return "cancelled"
    if said.defect == "code":
        return "path_failed"
    return "voicemail_suspected" if said.keys == 0 and _like_a_mailbox(story, said) else "heard_not_acked"


def _like_a_mailbox(story: Story, said: Said) -> bool:
    """Whether what answered was rather a machine: at once, when mailboxes do, or it listened to the very end."""
    if said.tries >= PLAYED_OUT:
        return True
    if story.rang_at is None or story.answered_at is None:
        return False
    rang = story.answered_at - story.rang_at
    return rang < QUICK or rang >= LATE


def _of_dial(story: Story, told: Dialled) -> Outcome:
    if story.leg in _REDIRECTS or (told.status == "BUSY" and told.cause == 0):
        return "forwarded"
    code = _sip(told.tech)
    code = code if code in _FAILURES else story.leg
    if code in _FAILURES:
        return _BY_SIP.get(code, "path_failed")
    if (known := _BY_STATUS.get(told.status)) is not None:
        return known
    if told.status == "NOANSWER" and (story.rang_at is not None or _sip(told.tech)):
        return "no_answer"
    # Not even a sign that it rings, or no way there: a trunk that is dead, or a telephone that is not there.
    if told.status == "NOANSWER" or told.cause == _NO_ROUTE:
        return "path_failed" if told.outside else "unreachable"
    return _BY_CAUSE.get(told.cause, "path_failed")


def _sip(tech: str) -> int:
    found = re.match(r"SIP (\d{3})\b", tech)
    return int(found[1]) if found else 0
