"""What Asterisk is told when calls are steered: one action, once, about exactly one channel."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ami_bridge.asterisk import phone
from ami_bridge.asterisk.steer import Steer
from ami_bridge.calls.control import OwnTelephone
from ami_bridge.errors import GoneError, NotReachableError, RefusedError
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import SOON, FakeAsterisk


async def test_a_leg_is_ended_with_its_cause(pbx: FakeAsterisk) -> None:
    async with linked(pbx) as link:
        await Steer(link, new_id=lambda: "N1").hang_up("PJSIP/101-0000001a", cause=17)
        told = await pbx.asked("Hangup")
    assert {name: told[name] for name in ("Channel", "Cause")} == {"Channel": "PJSIP/101-0000001a", "Cause": "17"}


async def test_a_leg_that_is_not_there_any_more_is_gone_and_another_no_stays_a_no(pbx: FakeAsterisk) -> None:
    async with linked(pbx) as link:
        pbx.answers["Hangup"] = lambda _action: [{"Response": "Error", "Message": "No such channel"}]
        with pytest.raises(GoneError):
            await Steer(link, new_id=lambda: "N1").hang_up("PJSIP/101-01", cause=16)
        pbx.answers["Hangup"] = lambda _action: [{"Response": "Error", "Message": "Permission denied"}]
        with pytest.raises(RefusedError, match="Permission"):
            await Steer(link, new_id=lambda: "N1").hang_up("PJSIP/101-01", cause=16)


async def test_what_is_cut_off_is_not_done_later(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("Hangup")
    async with linked(pbx) as link:
        asking = asyncio.gather(
            Steer(link, new_id=lambda: "N1").hang_up("PJSIP/101-01", cause=16), return_exceptions=True
        )
        await pbx.asked("Hangup")
        pbx.drop_link()
        assert isinstance((await asking)[0], NotReachableError)
        await pbx.logged_in(2)
        async with asyncio.timeout(SOON):
            while not link.up:
                await asyncio.sleep(0.001)
        await link.send("CoreStatus")
    assert [one["Action"] for one in pbx.actions] == ["Hangup", "CoreStatus"]


CHANNEL, OTHER = "PJSIP/101-0000001a", "PJSIP/103-0000001b"
OWN = OwnTelephone(id="PJSIP/101", auto_answer="snom")


@pytest.mark.parametrize(
    ("verb", "actions"),
    [
        (lambda steer: steer.send_on(OTHER, "102"), ["Redirect"]),
        (lambda steer: steer.give_on(CHANNEL, "102"), ["BlindTransfer"]),
        (lambda steer: steer.ask(CHANNEL, "102"), ["Atxfer"]),
        (lambda steer: steer.park(OTHER, by=CHANNEL), ["Park"]),
        (
            lambda steer: steer.bring_together(CHANNEL, OTHER, "call-123456789012", hosts=[CHANNEL, OTHER]),
            ["Setvar", "Setvar", "Redirect"],
        ),
        (
            lambda steer: steer.bring_together(CHANNEL, OTHER, "call-8123", hosts=[CHANNEL], moderator="01PIN"),
            ["Setvar", "Setvar", "Setvar", "Redirect"],
        ),
        (
            lambda steer: steer.invite("C1", "102", "call-123456789012", caller="101", host=True, shows="102"),
            ["Originate"],
        ),
        (
            lambda steer: steer.invite("C1", "0030231250", "call-8123", caller="101", host=False, shows="+4930231250"),
            ["Originate"],
        ),
        (lambda steer: steer.pick_up("C1", OWN, OTHER, extension="103"), ["Originate"]),
        (lambda steer: steer.fetch("C1", OWN, "701"), ["Originate"]),
    ],
)
async def test_every_verb_is_sent_once_and_says_when_the_call_is_gone(
    pbx: FakeAsterisk, verb: Callable[[Steer], Awaitable[None]], actions: list[str]
) -> None:
    async with linked(pbx) as link:
        steer = Steer(link, new_id=lambda: "N1")
        await verb(steer)
        assert [one["Action"] for one in pbx.actions] == actions
        pbx.answers[actions[-1]] = lambda _action: [{"Response": "Error", "Message": "Channel does not exist"}]
        with pytest.raises(GoneError):
            await verb(steer)


async def test_rooms_are_there_where_the_dialplan_has_them(pbx: FakeAsterisk) -> None:
    pbx.answers["ShowDialPlan"] = lambda _action: [{"Response": "Error", "Message": "Did not find context"}]
    async with linked(pbx) as link:
        steer = Steer(link, new_id=lambda: "N1")
        assert not await steer.has_rooms()
        del pbx.answers["ShowDialPlan"]
        pbx.knows_list("ShowDialPlan", "ListDialplan", [{"Context": "conf-convert", "Extension": "_[0-9]!"}])
        assert await steer.has_rooms()


@pytest.mark.parametrize(
    ("context", "has", "known"), [("internal", True, True), ("internal", False, False), ("", True, False)]
)
async def test_what_no_telephone_could_dial_is_not_known(
    pbx: FakeAsterisk,
    context: str,
    has: bool,  # noqa: FBT001
    known: bool,  # noqa: FBT001
) -> None:
    pbx.answers["Getvar"] = lambda _action: [{"Response": "Success", "Variable": "BRIDGE_DIAL", "Value": context}]
    if has:
        pbx.knows_list("ShowDialPlan", "ListDialplan", [{"Context": context, "Extension": "_1XX"}])
    else:
        pbx.answers["ShowDialPlan"] = lambda _action: [{"Response": "Error", "Message": "Did not find extension"}]
    async with linked(pbx) as link:
        assert await Steer(link, new_id=lambda: "N1").knows("102") is known
        pbx.answers["ShowDialPlan"] = lambda _action: [{"Response": "Error", "Message": "Permission denied"}]
        if context:
            with pytest.raises(RefusedError, match="Permission"):
                await Steer(link, new_id=lambda: "N1").knows("102")


@pytest.mark.parametrize("channel", ["", "/.*/", "/PJSIP/", "all", "PJSIP/101 -1", "PJSIP/1\r\nX: y", "PJSIP/ü", "101"])
def test_only_the_name_of_one_channel_is_passed_on(channel: str) -> None:
    with pytest.raises(RefusedError):
        phone.hangup(channel, cause=16)
