"""Queues as Asterisk tells of them, and what it is told about them."""

import pytest

from ami_bridge.asterisk.queue_phone import QueueSteer, log_in, log_out, pause, take
from ami_bridge.asterisk.translate_queues import in_queue, queues
from ami_bridge.errors import GoneError, RefusedError
from ami_bridge.queues.events import MemberGone, MemberNow, QueueNow, WaitingNow
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import FakeAsterisk

ANNA = {"Interface": "PJSIP/101", "StateInterface": "PJSIP/101", "Membership": "static", "CallsTaken": "17"}
TOLD = {"Event": "QueueMemberStatus", "Queue": "300", "MemberName": "Anna Amsel", "Status": "1", "Paused": "0", **ANNA}
NOW = MemberNow(queue="300", interface="PJSIP/101", device="PJSIP/101", name="Anna Amsel", state="free")
STATES = {"0": "unknown", "1": "free", "2": "talking", "3": "talking", "4": "away", "5": "away", "6": "ringing"}
CALLER, BEN = "PJSIP/trunk-0000001a", "PJSIP/102"


@pytest.mark.parametrize(("status", "state"), [*STATES.items(), ("7", "talking"), ("8", "talking"), ("x", "unknown")])
def test_a_member_is_told_by_what_the_telephone_does(status: str, state: str) -> None:
    member = in_queue({**TOLD, "Status": status})
    assert isinstance(member, MemberNow)
    assert member.state == state


def test_what_is_told_of_members() -> None:
    assert in_queue(TOLD) == NOW
    paused = in_queue({**TOLD, "Event": "QueueMemberPause", "Paused": "1", "Membership": "dynamic"})
    assert isinstance(paused, MemberNow)
    assert (paused.paused, paused.own) == (True, True)
    elsewhere = in_queue({**TOLD, "Interface": "Local/101@agents", "StateInterface": "PJSIP/101"})
    assert isinstance(elsewhere, MemberNow)
    assert (elsewhere.interface, elsewhere.device) == ("Local/101@agents", "PJSIP/101")
    assert in_queue({**TOLD, "Event": "QueueMemberRemoved"}) == MemberGone("300", "PJSIP/101")
    for missing in ("Queue", "Interface"):
        assert in_queue({name: value for name, value in TOLD.items() if name != missing}) is None
    assert in_queue({**TOLD, "Queue": "a,b"}) is None
    assert in_queue({**TOLD, "Event": "AgentComplete"}) is None, "how long somebody talked is nobody's business"


def test_a_list_is_read_whole_and_what_is_odd_in_it_left_out() -> None:
    member = {"Event": "QueueMember", "Queue": "300", "Name": "Anna Amsel", "Location": "PJSIP/101", "Status": "1"}
    entry = {"Event": "QueueEntry", "Queue": "300", "Uniqueid": "1.1", "Channel": CALLER, "CallerIDNum": "+4930"}
    empty = {"Event": "QueueParams", "Queue": "empty", "Completed": "7"}
    odd = {"Event": "QueueEntry", "Queue": "no name"}
    told = [{"Event": "QueueParams", "Queue": "300"}, member, {**entry, "Wait": "65"}, empty, odd]
    first = WaitingNow(leg="1.1", channel=CALLER, number="+4930", seconds=65)
    assert queues(told) == (QueueNow(name="300", waiting=(first,), members=(NOW,)), QueueNow(name="empty"))
    ((withheld,), *_) = [one.waiting for one in queues([{**entry, "CallerIDNum": "<unknown>", "Wait": "x"}])]
    assert (withheld.number, withheld.seconds) == (None, 0)


def test_only_plain_words_are_told() -> None:
    for wrong in ("", "a,b", "300\r\nAction: Logoff", "a b"):
        with pytest.raises(RefusedError):
            pause(wrong, BEN, on=True)
        with pytest.raises(RefusedError):
            log_out(wrong, BEN)
    with pytest.raises(RefusedError):
        log_in("300", "Local/1@elsewhere", name="")
    with pytest.raises(RefusedError):
        take(CALLER, "300", "PJSIP/1&PJSIP/2")
    with pytest.raises(RefusedError):
        pause("300", "PJSIP/101\n", on=True)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Interface not found", GoneError),
        ("Unable to remove interface: Not there", GoneError),
        ("Unable to add interface to queue: No such queue", GoneError),
        ("Permission denied", RefusedError),
        ("Member not dynamic", RefusedError),
    ],
)
async def test_why_it_was_not_done(pbx: FakeAsterisk, said: str, error: type[Exception]) -> None:
    pbx.answers["QueuePause"] = lambda _action: [{"Response": "Error", "Message": said}]
    async with linked(pbx) as link:
        with pytest.raises(error):
            await QueueSteer(link).pause("300", BEN, on=True)


async def test_who_serves_already_has_logged_in(pbx: FakeAsterisk) -> None:
    pbx.answers["QueueAdd"] = lambda _action: [
        {"Response": "Error", "Message": "Unable to add interface: Already there"}
    ]
    async with linked(pbx) as link:
        await QueueSteer(link).log_in("300", BEN, name="Ben Biber")
        told = await pbx.asked("QueueAdd")
    assert (told["Interface"], told["MemberName"]) == (BEN, "Ben Biber")


@pytest.mark.parametrize(
    ("waits", "actions"), [(True, ["Setvar", "Setvar", "Redirect"]), (False, ["Setvar", "Setvar"])]
)
async def test_nobody_is_taken_out_who_has_just_been_answered(
    pbx: FakeAsterisk, *, waits: bool, actions: list[str]
) -> None:
    async with linked(pbx) as link:
        taking = QueueSteer(link).take(CALLER, "300", BEN, waits=lambda: waits)
        if waits:
            await taking
        else:
            with pytest.raises(GoneError):
                await taking
    assert [one["Action"] for one in pbx.actions] == actions
    variables = {str(one["Variable"]): one["Value"] for one in pbx.actions if one["Action"] == "Setvar"}
    assert variables == {"BC_TAKER": BEN, "BC_QUEUE": "300"}
