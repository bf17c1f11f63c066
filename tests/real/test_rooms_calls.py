"""A running call becomes a conference room of the house: from the screen and by a key, and others come into it."""

import asyncio
from typing import Any

from ami_bridge.demo.phones import OutsidePhone, Phone
from tests.real.house import House, Listener
from tests.real.test_control import do, state
from tests.real.test_rooms import forgive, in_room
from tests.real.test_rooms_heard import HEARD, NOT_HEARD, NUMBERS, SPEECH, call_in, heard, speak, until_in

ANNA = "+498999998101"


async def a_room(listener: Listener, people: int, *, after: int = 0) -> dict[str, Any]:
    """Wait for a room that was made of a call, with so many people in it."""
    place = await listener.until(
        lambda one: one.get("room", {}).get("kind") == "adhoc" and len(one["room"]["participants"]) == people,
        after=after,
    )
    found: dict[str, Any] = listener.heard[place]["room"]
    return found


def seen(room: dict[str, Any]) -> set[tuple[str | None, str]]:
    """Say who is in it, by number, and as what."""
    return {(one["number"], one["role"]) for one in room["participants"]}


async def talk(house: House, anna: Phone, outside: OutsidePhone, listener: Listener) -> dict[str, Any]:
    """Somebody outside calls Anna, who takes it."""
    await outside.dial(ANNA)
    mark = len(listener.heard)
    await listener.call("ringing", after=0)
    await anna.accept()
    assert house
    return await state(listener, lambda call: "conference" in call["actions"], after=mark)


async def test_a_call_becomes_a_room_with_everything_that_a_room_has(house: House) -> None:
    """A colleague is in at once, a stranger when he presses 1, a guest with the PIN; Anna moderates."""
    await forgive(house)
    async with (
        house.listen("anna", topics=["calls.self", "rooms"]) as sees,
        OutsidePhone(house.pbx, NUMBERS[0], record=True) as caller,
        OutsidePhone(house.pbx, NUMBERS[1]) as guest,
        Phone(house.pbx, "101", record=True) as anna,
        Phone(house.pbx, "104", mode="answer") as dieter,
    ):
        call = await talk(house, anna, caller, sees)
        mark = dieter.mark()
        await do(house, "anna", call["id"], "conference", add=["104"])
        room = await a_room(sees, 3)
        number = room["number"]
        assert seen(room) == {("101", "mod"), (NUMBERS[0], "part"), ("104", "part")}
        assert {one["name"] for one in room["participants"]} >= {"Anna Amsel", "Dieter Dachs"}
        assert (room["moderates"], room["waits"], len(room["guest_pin"])) == (True, False, 6)
        three = await state(sees, lambda one: one["state"] == "conference" and len(one["others"]) == 1)
        assert (three["room"], three["actions"]) == (number, ["hangup", "conference", "note"])
        await dieter.talking(after=mark)

        await call_in(guest, number, room["guest_pin"])
        four = await a_room(sees, 4, after=len(sees.heard) - 1)
        await speak(caller, SPEECH[0])
        leg = next(one["id"] for one in four["participants"] if one["number"] == NUMBERS[0])
        status, _ = await house.rest("anna", "PATCH", f"/rooms/{number}/participants/{leg}", {"muted": True})
        assert status == 200
        await speak(caller, SPEECH[1])

        gone = caller.mark(), guest.mark()
        assert (await house.rest("dieter", "DELETE", f"/calls/{(await house.calls('dieter'))[0]['id']}"))[0] == 200
        await until_in(house, number, 3)
        await anna.hangup()
        for phone, since in zip((caller, guest), gone, strict=True):
            await phone.idle(after=since)
        assert await in_room(house, number) == 0, "nobody outside is left alone with music"
        assert heard(anna, SPEECH[0]) >= HEARD
        assert heard(anna, SPEECH[1]) < NOT_HEARD, "who is muted is not heard"
        status, _ = await house.rest("anna", "POST", f"/rooms/{number}/end")
        assert status == 204
    await house.pbx.quiet()


async def test_a_key_of_the_telephone_makes_a_room_of_a_call(house: House) -> None:
    """Without a screen at hand; they go on talking, and what was said before and after is heard."""
    await forgive(house)
    async with (
        house.listen("anna", topics=["calls.self", "rooms"]) as sees,
        OutsidePhone(house.pbx, NUMBERS[0], record=True) as caller,
        Phone(house.pbx, "101", record=True) as anna,
    ):
        await talk(house, anna, caller, sees)
        await speak(caller, SPEECH[0])
        await anna.press("*#3")
        room = await a_room(sees, 2)
        assert seen(room) == {("101", "mod"), (NUMBERS[0], "part")}
        await asyncio.sleep(0.5)
        await speak(caller, SPEECH[1])
        await speak(anna, SPEECH[2])
        await asyncio.sleep(1.5)  # a busy machine begins to speak late
        await anna.hangup()
        await house.pbx.quiet()
        assert heard(anna, SPEECH[0]) >= HEARD
        assert heard(anna, SPEECH[1]) >= HEARD
        assert heard(caller, SPEECH[2]) >= HEARD
        assert (await house.rest("anna", "POST", f"/rooms/{room['number']}/end"))[0] == 204
