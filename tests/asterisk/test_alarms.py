"""What Asterisk is told about alarms, and what it tells: only attempts of ours, only what our dialplan says."""

import asyncio
from typing import Any

import pytest

from ami_bridge.alarms.events import Answered, Began, Dialled, Gone, LegGone, Refused, Rings, Said
from ami_bridge.alarms.ports import AlarmCall, Ended
from ami_bridge.asterisk import alarm_call
from ami_bridge.asterisk.alarm_phone import AlarmPhone
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate_alarms import attempts, in_alarm
from ami_bridge.errors import NotReachableError, RefusedError
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import FakeAsterisk

ATT, OTHER = "att-01M8HBEE4616MEW6H6Q5SB468F", "att-01M8HBEKWDRC32E3TH7TP8DG7F"
CALL: dict[str, Any] = {
    "attempt": ATT,
    "number": "104",
    "path": "",
    "ring_seconds": 20,
    "code": "0471",
    "sounds": ("alarm-horn", "speech/ab12"),
    "alert": "<http://127.0.0.1>;info=alert-internal",
    "caller": "999",
}


def action(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any value
    return dict(alarm_call.alarm(AlarmCall(**{**CALL, **changes}), action="act-1", other_id=OTHER).headers)


def test_the_channel_has_the_attempts_id_and_all_else_is_variables() -> None:
    headers = action()
    assert headers["Channel"] == f"Local/{ATT}@alarm-out/n"
    assert headers["ChannelId"] == ATT
    assert headers["OtherChannelId"] == OTHER
    assert len(OTHER) == len(ATT)
    assert headers["ActionID"] == "act-1"
    assert int(headers["Timeout"]) > 20_000
    assert "AMIB_CODE=0471" in headers["Variable"]
    assert "AMIB_SND=alarm-horn&speech/ab12" in headers["Variable"]
    assert "__AMIB_ALERT=<http://127.0.0.1>;info=alert-internal" in headers["Variable"]


@pytest.mark.parametrize(
    "changes",
    [
        {"attempt": "att-1"},
        {"number": "101&102"},
        {"number": ""},
        {"path": "trunk/../x"},
        {"path": "a&b"},
        {"code": ""},
        {"code": "4"},
        {"code": "47a"},
        {"sounds": ("../../etc/passwd",)},
        {"sounds": ("/etc/passwd",)},
        {"sounds": ("a,b",)},
        {"sounds": ("x" * 70,) * 10},
        {"alert": 'a"b'},
        {"alert": "a,b"},
        {"alert": "a\r\nAction: Originate"},
        {"caller": "Anna"},
    ],
)
def test_nothing_else_gets_through(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        action(**changes)


def test_the_headers_of_makers_can_be_sent() -> None:
    for value in alarm_call.ALERT_INFO.values():
        assert f"__AMIB_ALERT={value}" in action(alert=value)["Variable"]
    assert "AMIB_CODE=" in action(code="", purpose="all-clear")["Variable"], "nothing is to be pressed"
    for bad in ("/all/", "PJSIP/101", f"{ATT}-2"):
        with pytest.raises(RefusedError):
            alarm_call.stop(bad)
        with pytest.raises(RefusedError):
            alarm_call.tell(bad, "101")
    with pytest.raises(RefusedError):
        alarm_call.tell(ATT, "x,y")


class Told:
    """Follows calls as `Calls` does, and remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.ended: list[tuple[str, Ended]] = []

    def asked(self, action: str, attempt: str) -> None:
        self.said.append((attempt, action))

    def forget(self, action: str) -> None:
        self.said = [one for one in self.said if one[1] != action]

    def stopped(self, attempt: str) -> None:
        self.said.append((attempt, "stopped"))

    def tell(self, attempt: str, fact: Ended) -> None:
        self.ended.append((attempt, fact))


def phone(link: Any, told: Told) -> AlarmPhone:  # noqa: ANN401 - a link
    ids = iter([f"01M8HBEE4616MEW6H6Q5SB46{n:02}" for n in range(20)])
    return AlarmPhone(
        link=link, calls=told, keys=lambda e164: f"000{e164[1:]}", new_id=lambda: next(ids), outside_line="0"
    )


async def test_who_follows_the_calls_knows_before_asterisk_does(pbx: FakeAsterisk) -> None:
    told = Told()
    async with linked(pbx) as link:
        ringer = phone(link, told)
        await ringer.ring_with_alarm(AlarmCall(**CALL))
        asked = await pbx.asked("Originate")
        assert told.said == [(ATT, asked["ActionID"])]
        await ringer.ring_with_alarm(AlarmCall(**{**CALL, "number": "112"}))
        assert [(one, fact.outcome) for one, fact in told.ended] == [(ATT, "forbidden")]
        assert len(told.said) == 1, "nothing was asked for"
        await ringer.stop(ATT)
        assert (await pbx.asked("Hangup"))["Channel"] == ATT
    with pytest.raises(NotReachableError):
        await ringer.ring_with_alarm(AlarmCall(**CALL))


async def test_a_call_whose_answer_is_lost_is_no_failure_for_it_may_live(pbx: FakeAsterisk) -> None:
    told = Told()
    async with linked(pbx) as link:
        pbx.unanswered.add("Originate")
        asking = asyncio.get_running_loop().create_task(phone(link, told).ring_with_alarm(AlarmCall(**CALL)))
        await pbx.asked("Originate")
        pbx.drop_link()
        await asking
        assert told.said, "its end may be told yet"
        assert told.ended == []


def event(name: str, **headers: str) -> Message:
    lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return Message("\r\n".join(lines).encode())


def own(name: str, **headers: str) -> Message:
    return event(name, Channel=f"Local/{ATT}@alarm-out-0;1", Uniqueid=ATT, Linkedid=ATT, **headers)


def leg(name: str, **headers: str) -> Message:
    return event(name, Channel="PJSIP/104-00000001", Uniqueid="1795.2", Linkedid=ATT, **headers)


def test_what_is_told_of_an_attempt() -> None:
    assert in_alarm(own("Newchannel", ChannelStateDesc="Down")) == Began(ATT)
    assert in_alarm(own("Newstate", ChannelStateDesc="Ringing")) is None, "the telephone's own leg says that"
    assert in_alarm(leg("Newstate", ChannelStateDesc="Ringing")) == Rings(ATT)
    assert in_alarm(own("Newstate", ChannelStateDesc="Up")) == Answered(ATT)
    assert in_alarm(leg("Newstate", ChannelStateDesc="Up")) is None
    assert in_alarm(leg("Hangup", Cause="23", TechCause="302")) == LegGone(ATT, 302)
    assert in_alarm(own("Hangup", Cause="16")) == Gone(ATT)
    dial = {"UserEvent": "AlarmDial", "Att": ATT, "Status": "BUSY", "Cause": "17", "Tech": "SIP 486 Busy Here"}
    assert in_alarm(leg("UserEvent", **dial)) == Dialled(attempt=ATT, status="BUSY", cause=17, tech="SIP 486 Busy Here")
    talk = {"UserEvent": "AlarmTalk", "Att": ATT, "Result": "code", "Tries": "1", "Keys": "4", "Defect": ""}
    assert in_alarm(own("UserEvent", **talk)) == Said(attempt=ATT, result="code", tries=1, keys=4)
    assert in_alarm(event("OriginateResponse", Response="Failure", ActionID="act-1", Uniqueid=ATT)) == Refused("act-1")
    assert in_alarm(event("OriginateResponse", Response="Success", ActionID="act-1", Uniqueid=ATT)) is None


def test_nobody_else_speaks_for_an_attempt() -> None:
    talk = {"UserEvent": "AlarmTalk", "Att": ATT, "Result": "code"}
    assert in_alarm(event("UserEvent", Linkedid=OTHER, Uniqueid=OTHER, **talk)) is None
    assert in_alarm(event("UserEvent", **{**talk, "Att": "att-1"})) is None
    assert in_alarm(event("UserEvent", UserEvent="ConfBye", Att=ATT)) is None
    assert in_alarm(event("Hangup", Channel="PJSIP/1-1", Uniqueid="17.1", Linkedid="17.1")) is None
    assert in_alarm(event("Newchannel", Channel="Local/x", Uniqueid=ATT, Linkedid=OTHER)) is None
    assert in_alarm(event("Reload")) is None


def test_which_calls_live() -> None:
    assert attempts([own("CoreShowChannel"), leg("CoreShowChannel")]) == {ATT}
