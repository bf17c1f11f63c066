"""Seats on a real call: whoever sits at a telephone hears of its calls, by name, as long as they sit there."""

from typing import Any

from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.real.house import House, Listener
from tests.real.test_whose_names import CALLER, SECRET, own_books

BAKER, BAKER_NAME = "+493023125001", "Sabine Schröder"
SEAT, AT_105 = "platz-5", "+498999998105"
COMES_BACK = 4010
"""Sent away to come back with other rights."""


async def sit(house: House, user: str, seat: str | None) -> list[dict[str, Any]]:
    status, found = await house.rest(user, "PUT", "/seat", {"seat": seat})
    assert status == 200, found
    seats: list[dict[str, Any]] = found["seats"]
    return seats


async def chosen(house: House, user: str) -> list[str]:
    status, found = await house.rest(user, "GET", "/devices")
    assert status == 200, found
    return [one["id"] for one in found["devices"] if one["chosen"]]


async def hangup(house: House) -> None:
    await house.pbx.cli("channel request hangup all")
    await house.pbx.quiet()


async def shown(client: Listener) -> list[dict[str, Any]]:
    """The calls of a client's first snapshot."""
    place = await client.until(lambda one: one["type"] == "snapshot" and one["topic"] == "calls.self")
    calls: list[dict[str, Any]] = client.heard[place]["calls"]
    return calls


async def test_a_call_to_the_seat_is_in_the_bubble_of_who_sits_there_and_of_nobody_who_left(house: House) -> None:
    await house.rest("ben", "PUT", "/devices/chosen", {"device": "PJSIP/102"})
    assert await chosen(house, "ben") == ["PJSIP/102"]
    async with PlayedPhone(house.pbx, "105"):
        async with house.listen("ben") as before, house.listen("anna", topics=["presence.dept:Bürgerbüro"]) as anna:
            assert [one["mine"] for one in await sit(house, "ben", SEAT)] == [True]
            assert await before.closed() == COMES_BACK
            await anna.until(lambda one: one.get("presence", {}).get("extension") == "105")  # his colleague sees him
        async with house.listen("ben") as ben:
            assert ben.heard[0]["user"]["extensions"] == ["105", "102"]
            assert await chosen(house, "ben") == [], "here it is the telephone of the seat"
            call = await call_from_trunk(house.pbx, BAKER, AT_105, hold_seconds=60)
            ringing = await ben.call("ringing")
            assert (ringing["peer"]["name"], ringing["extension"]) == (BAKER_NAME, "105")
            await house.daemon.stop()  # he sits there still when it comes back
            await house.start()
        async with house.listen("ben") as again:
            assert [one["extension"] for one in await shown(again)] == ["105"]
            assert await chosen(house, "ben") == []
            await sit(house, "ben", None)
            assert await chosen(house, "ben") == ["PJSIP/102"]
            await house.rest("ben", "PUT", "/devices/chosen", {"device": None})
            assert await again.closed() == COMES_BACK
        async with house.listen("ben") as left:
            assert await shown(left) == []
        assert await house.calls("ben") == []
        assert [one["extension"] for one in await house.calls("eva")] == ["105"], "it is at her telephone still"
        await hangup(house)
        await call.ended()


async def test_private_names_are_for_the_sitter_alone(house: House) -> None:
    async with own_books(house), PlayedPhone(house.pbx, "105"):
        await sit(house, "anna", SEAT)
        async with house.listen("anna") as anna, house.listen("eva") as eva:
            assert anna.heard[0]["user"]["extensions"] == ["105", "101"]
            call = await call_from_trunk(house.pbx, CALLER, AT_105, hold_seconds=60)
            told = [(await one.call("ringing"))["peer"]["name"] for one in (anna, eva)]
            assert told == [SECRET, None]
            # Ben takes the seat in the middle of it: he sees the number, and Anna sees nothing more.
            await sit(house, "ben", SEAT)
            assert await anna.closed() == COMES_BACK
            (theirs,) = await house.calls("ben")
            assert (theirs["peer"]["name"], theirs["peer"]["number"]) == (None, CALLER)
            assert await house.calls("anna") == []
            assert SECRET not in str(eva.heard)
            await sit(house, "ben", None)
            await hangup(house)
        await call.ended()
