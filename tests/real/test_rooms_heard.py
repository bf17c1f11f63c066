"""What people hear in a conference room: each other, nobody who is muted, who came, and what the PBX tells them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ami_bridge.demo.phones import OutsidePhone, Phone
from ami_bridge.demo.town import CONFERENCE_NUMBER
from tests.real.house import SOAK, House
from tests.real.test_names_on_phones import manager
from tests.real.test_rooms import forgive, in_room, wish
from tests.sound import RATE, find_though_cut, loudness, read, spoken

SOUNDS = Path(__file__).parents[2] / "sounds"
SPEECH = tuple(SOUNDS / f"en/{name}.wav" for name in ("room-number", "room-alone", "room-recorded", "room-late"))
"""What people say: sentences that the room, which speaks German, does not say itself."""
NUMBERS = ("+493023125011", "+493023125012", "+493023125013")
HEARD, NOT_HEARD = 0.9, 0.5


def heard(phone: Phone, sound: Path) -> float:
    """Say how surely a telephone heard this, in the call that is over."""
    return find_though_cut(spoken(read(sound)), read(phone.heard[-1]))


def prompt(name: str) -> Path:
    return SOUNDS / f"de/{name}.wav"


async def speak(phone: Phone, sentence: Path) -> None:
    """Say something from beginning to end."""
    await phone.say(sentence)
    await asyncio.sleep(len(read(sentence)) / 8000 + 0.4)


async def call_in(phone: Phone, room: str, pin: str) -> None:
    """Dial the number of conferences from outside, and type room and PIN."""
    mark = phone.mark()
    await phone.dial(CONFERENCE_NUMBER)
    await phone.talking(after=mark)
    await asyncio.sleep(1)
    await phone.press(f"{room}#")
    await asyncio.sleep(0.3)
    await phone.press(f"{pin}#")


async def until_in(house: House, room: str, people: int) -> None:

    async def there() -> bool:
        return await in_room(house, room) == people

    await house.pbx.until(there, f"not {people} in the room")


async def ends_in(house: House, room: str, seconds: float) -> None:
    """Change a room so that its time is over then: it closes an hour after its end."""
    end = datetime.now(UTC) + timedelta(seconds=seconds, minutes=-60)  # noqa: TID251 - the PBX has no other clock
    times = {"starts": (end - timedelta(hours=2)).isoformat(), "ends": end.isoformat()}
    status, answer = await house.rest("anna", "PATCH", f"/rooms/{room}", times)
    assert status == 200, answer


async def test_three_who_dial_in_from_outside_hear_each_other(house: House) -> None:
    """They hear who comes; nobody who is muted; that the room will end; music, once the moderator has gone."""
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish(waits=True, people=[{"name": "Bernd Maier"}]))
    number = room["number"]
    maier = next(one for one in room["pins"] if one["name"] == "Bernd Maier")
    async with (
        OutsidePhone(house.pbx, NUMBERS[0], record=True) as guest,
        OutsidePhone(house.pbx, NUMBERS[1], record=True) as anna,
        OutsidePhone(house.pbx, NUMBERS[2], record=True) as bernd,
        house.listen("anna", topics=[f"room:{number}"]) as seen,
        manager(house.pbx) as said,
    ):
        phones = (guest, anna, bernd)
        async with asyncio.TaskGroup() as tasks:
            for phone, pin in zip(phones, (room["guest_pin"], room["my_pin"], maier["digits"]), strict=True):
                tasks.create_task(call_in(phone, number, pin))
                await asyncio.sleep(4)
        await until_in(house, number, 3)
        await seen.until(lambda one: len(one.get("room", {}).get("participants", ())) == 3)
        _, now = await house.rest("anna", "GET", f"/rooms/{number}")
        assert {one["number"]: one["name"] for one in now["participants"]} == dict(
            zip(NUMBERS, (None, "Anna Amsel", "Bernd Maier"), strict=True)
        )
        await asyncio.sleep(3)
        for phone, sentence in zip(phones, SPEECH, strict=False):
            await speak(phone, sentence)
        legs = {one["number"]: one["id"] for one in now["participants"]}
        await house.rest("anna", "PATCH", f"/rooms/{number}/participants/{legs[NUMBERS[2]]}", {"muted": True})
        await speak(bernd, SPEECH[3])
        await ends_in(house, number, 600)
        await house.pbx.until(lambda: b"room-ends-soon" in said, "nobody was warned", 15)
        await asyncio.sleep(4)
        await anna.hangup()
        await seen.until(lambda one: [p["waiting"] for p in one.get("room", {}).get("participants", ())] == [True] * 2)
        await asyncio.sleep(2)
        mark = guest.mark()
        await ends_in(house, number, 0)
        await guest.idle(after=mark, within=25)
        await house.pbx.quiet()
        name = house.pbx.names_folder / f"{maier['id']}.wav"
        scores = {
            f"{listener.extension[-2:]} hears {what.stem if speaker is None else speaker.extension[-2:]}": (
                heard(listener, what), speaker is not listener and (listener, what) != (bernd, name)
            )
            for speaker, what in [*zip(phones, SPEECH, strict=False), (None, name), (None, prompt("room-ends-soon"))]
            for listener in phones
        }  # fmt: skip
        print({what: round(score, 3) for what, (score, _) in scores.items()})
        for what, (score, expected) in scores.items():
            assert score >= HEARD if expected else score < NOT_HEARD or what.endswith(maier["id"]), what
        assert max(heard(one, SPEECH[3]) for one in (guest, anna)) < NOT_HEARD, "nobody hears who is muted"
        for sound in ("waiting", "has-joined", "removed"):
            assert heard(guest, prompt(f"room-{sound}")) >= HEARD, sound
        ending = read(guest.heard[-1])[-RATE * 9 : -RATE * 6]
        assert loudness(ending) > 0.005, "music while they wait again"


if SOAK:

    async def test_a_room_whose_time_is_over_says_so_and_ends(house: House) -> None:
        """Its end is moved to just ahead; the last words come without anybody's doing."""
        await forgive(house)
        _, room = await house.rest("anna", "POST", "/rooms", wish())
        async with OutsidePhone(house.pbx, NUMBERS[0], record=True) as anna:
            mark = anna.mark()
            await call_in(anna, room["number"], room["my_pin"])
            await until_in(house, room["number"], 1)
            await asyncio.sleep(4)
            await ends_in(house, room["number"], 0)
            await anna.idle(after=mark, within=25)
            assert heard(anna, prompt("room-over")) >= HEARD
        await house.pbx.quiet()
