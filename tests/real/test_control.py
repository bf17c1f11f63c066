"""Call control at a real Asterisk with real telephones: each verb does on the wire what it says, and only there."""

from typing import Any

from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.real.house import House, Listener
from tests.real.plays import CALLER, Stage

ANNA, GROUP = "+498999998101", "+498999998000"


async def ringing(listener: Listener, *, after: int = 0) -> dict[str, Any]:
    return await listener.call("ringing", after=after)


async def test_a_rejected_call_is_busy_for_its_caller_and_silent_here(house: House, stage: Stage) -> None:
    """By HTTP as the telephone's owner; somebody else's try does nothing."""
    async with house.listen("anna") as anna:
        mark, carla = stage.anna.mark(), stage.carla.mark()
        await stage.carla.dial("101")
        call = await ringing(anna)
        assert call["actions"] == ["reject"]
        await stage.anna.ringing(after=mark)
        for stranger in ("ben", "eva"):
            assert (await house.rest(stranger, "POST", f"/calls/{call['id']}/reject", {}))[0] == 404
            assert (await house.rest(stranger, "DELETE", f"/calls/{call['id']}"))[0] == 404
        assert len(await house.pbx.channels()) == 2, "nothing happened"
        assert await house.rest("anna", "POST", f"/calls/{call['id']}/reject", {}) == (200, {"call": call["id"]})
        ended = await anna.call("ended")
        assert (ended["result"], ended["actions"]) == ("rejected", [])
        await stage.anna.idle(after=mark)
        assert "486" in str(await stage.carla.idle(after=carla)), "the caller hears busy"
        assert (await house.rest("anna", "POST", f"/calls/{call['id']}/reject", {}))[0] == 404


async def test_in_a_ring_group_the_others_go_on_ringing(house: House, stage: Stage) -> None:
    """Rejected over the websocket."""
    async with house.listen("anna") as anna, house.listen("ben") as ben:
        at_anna, at_ben = stage.anna.mark(), stage.ben.mark()
        await stage.carla.dial("200")
        call = await ringing(anna)
        await stage.ben.ringing(after=at_ben)
        answer = await anna.ask("call.reject", call=call["id"])
        assert answer["ok"], answer
        assert (await anna.call("ended"))["result"] == "rejected"
        await stage.anna.idle(after=at_anna)
        await stage.ben.accept()
        assert (await ben.call("answered"))["id"] == call["id"]
        assert (await ben.ask("call.hangup", call=call["id"]))["ok"]
        await stage.ben.idle(after=at_ben)


async def test_who_talks_can_hang_up_and_so_can_the_other(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        call = await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=60)
        ring = await ringing(anna)
        await stage.anna.accept()
        talk = await anna.call("answered")
        assert "hangup" in talk["actions"]
        status, _ = await house.rest("anna", "DELETE", f"/calls/{ring['id']}")
        assert status == 200
        await anna.call("ended")
        assert "bye from the other" in await call.ended()
    async with PlayedPhone(house.pbx, "105", answer="180"), house.listen("anna") as anna:
        await stage.anna.dial("105")
        dialing = await anna.call("dialing")
        assert dialing["actions"] == ["hangup"]
        assert (await anna.ask("call.hangup", call=dialing["id"]))["ok"]
        assert (await anna.call("ended"))["result"] == "cancelled"


async def test_without_asterisk_nothing_is_done_and_nothing_later(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        await stage.carla.dial("101")
        call = await ringing(anna)
        house.pbx.freeze()
        try:
            status, problem = await house.rest("anna", "POST", f"/calls/{call['id']}/reject", {})
            assert (status, problem["code"]) == (503, "unavailable")
        finally:
            house.pbx.thaw()
        await anna.call("ended", within=20)
