"""What Asterisk is told when calls are steered: one action, once, about exactly one channel."""

import asyncio

import pytest

from ami_bridge.asterisk import phone
from ami_bridge.asterisk.steer import Steer
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


@pytest.mark.parametrize("channel", ["", "/.*/", "/PJSIP/", "all", "PJSIP/101 -1", "PJSIP/1\r\nX: y", "PJSIP/ü", "101"])
def test_only_the_name_of_one_channel_is_passed_on(channel: str) -> None:
    with pytest.raises(RefusedError):
        phone.hangup(channel, cause=16)
