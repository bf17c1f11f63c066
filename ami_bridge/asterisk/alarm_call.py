"""Calls about alarms as actions of the manager interface; as in `phone`, others give values only."""

import re
from typing import Literal

from ami_bridge.alarms.ports import AlarmCall
from ami_bridge.asterisk.phone import Action
from ami_bridge.asterisk.translate_alarms import ATTEMPT
from ami_bridge.errors import RefusedError

OUT: Literal["alarm-out"] = "alarm-out"
"""Contexts of dialplan/alarms.conf."""
TALK = "alarm-talk"
TOLD = "alarm-told"
SELF = "self"
"""The path of the daily test: no telephone rings, the PBX types the code."""
ACKED: Literal["amib_ack"] = "amib_ack"
"""Family of AstDB in which the dialplan notes codes."""
TALK_MS = 10_000
"""How much longer Asterisk waits for the call than the telephone rings."""
SHORTEST_CODE = 2
ALERT_INFO = {
    "snom": "<http://127.0.0.1>;info=alert-internal",
    "yealink": "<http://127.0.0.1>;info=alarm1",
    "grandstream": "<http://127.0.0.1>;info=priority",
}
"""By which header a maker's telephones ring otherwise; which sound that is, is set at the telephone."""
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_PATH = re.compile(r"[A-Za-z0-9_.-]{0,80}")
SOUND = re.compile(r"[A-Za-z0-9_-]{1,80}(?:/[A-Za-z0-9_-]{1,80}){0,4}")
_ALERT = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{0,200}")
"""Neither blanks nor quotes, commas or backslashes, which the manager takes apart."""
_CODE = re.compile(r"[0-9]{2,8}")
_WHO = re.compile(r"[A-Za-z0-9_/-]{0,100}")
MOST_SOUNDS = 600
"""Characters; a line of the manager takes a thousand."""


def alarm(call: AlarmCall, *, action: str, other_id: str) -> Action:
    """Ring somebody about an alarm; `action` is new for each time it is sent, the channel's id is the attempt's."""
    if not ATTEMPT.fullmatch(call.attempt) or not ATTEMPT.fullmatch(other_id):
        raise RefusedError("an attempt has an id of ours")  # of one length: Asterisk compares by prefix
    if not _NUMBER.fullmatch(call.number) and call.path != SELF:
        raise RefusedError("what is dialled is digits")
    if not _PATH.fullmatch(call.path) or not _ALERT.fullmatch(call.alert):
        raise RefusedError("not the name of a trunk, or not a header")
    if call.purpose not in {"all-clear", "sound"} and not _CODE.fullmatch(call.code):
        raise RefusedError(f"a code is at least {SHORTEST_CODE} digits")  # nothing equals nothing
    if call.caller and not _NUMBER.fullmatch(call.caller):
        raise RefusedError("a caller's number is digits")
    sounds = "&".join(call.sounds)
    if not all(SOUND.fullmatch(one) for one in call.sounds) or len(sounds) > MOST_SOUNDS:
        raise RefusedError("not the name of a sound")
    return Action(
        "Originate",
        {
            "ActionID": action,
            "Channel": f"Local/{call.attempt}@{OUT}/n",
            "Context": TALK,
            "Exten": "s",
            "Priority": "1",
            "Timeout": str(call.ring_seconds * 1000 + TALK_MS),
            "Async": "true",
            "ChannelId": call.attempt,
            "OtherChannelId": other_id,
            "Variable": [
                # Both ends of the Local channel have it, and the header's also the leg that rings.
                f"__AMIB_ATT={call.attempt}",
                f"__AMIB_ALERT={call.alert}",
                f"AMIB_NUM={call.number}",
                f"AMIB_PATH={call.path}",
                f"AMIB_RING={call.ring_seconds}",
                f"AMIB_CODE={call.code}",
                f"AMIB_SND={sounds}",
                f"AMIB_FROM={call.caller}",
                f"AMIB_KIND={call.purpose}",
            ],
        },
    )


def stop(attempt: str) -> Action:
    """End the call of an attempt, whatever it does."""
    return Action("Hangup", {"Channel": _attempt(attempt), "Cause": "16"})


def tell(attempt: str, who: str) -> tuple[Action, Action]:
    """Let who listens to an alarm hear that somebody else was first: an extension, or the name of a sound."""
    if not _WHO.fullmatch(who):
        raise RefusedError("not an extension, nor the name of a sound")
    channel = _attempt(attempt)
    return (
        Action("Setvar", {"Channel": channel, "Variable": "WHO", "Value": who}),
        Action("Redirect", {"Channel": channel, "Context": TOLD, "Exten": "s", "Priority": "1"}),
    )


def context() -> Action:
    """Ask whether the dialplan has what rings for alarms."""
    return Action("ShowDialPlan", {"Context": OUT})


def channels() -> Action:
    """Ask which calls live."""
    return Action("CoreShowChannels", {})


def _attempt(id_: str) -> str:
    """Let only an attempt through; Asterisk finds a channel by its id, too."""
    if not ATTEMPT.fullmatch(id_):
        raise RefusedError("not the id of an attempt")
    return id_
