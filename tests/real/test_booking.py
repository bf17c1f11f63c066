"""A plain calendar program writes appointments into the booking calendar; conferences are made of them."""

import asyncio
import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from ami_bridge.demo.phones import OutsidePhone, Phone
from tests.real.booking import Client, event
from tests.real.house import House
from tests.real.test_rooms import dials_in, forgive, in_room
from tests.real.test_rooms_heard import NUMBERS, call_in

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the PBX has no other clock


def dial_in_of(said: dict[str, str]) -> tuple[str, str]:
    """Read room and PIN as a person does."""
    found = re.search(r"Raum: (\d+)#\nPIN: (\d+)#", said["DESCRIPTION"])
    assert found, said
    return found[1], found[2]


async def room_of(house: House, number: str) -> dict[str, Any] | None:
    rooms = (await house.ask("GET", "/rooms"))["rooms"]
    return next((one for one in rooms if one["number"] == number), None)


async def test_an_appointment_becomes_a_room_that_can_be_dialled_and_moves_along(house: House) -> None:
    client, begin = Client(house, "ben"), now()
    text = event(
        "bau", begin, "DESCRIPTION:Bitte Pläne mitbringen\\, danke", "ORGANIZER:mailto:ben@musterhausen.example"
    )
    assert await client.put("bau", text) == 201
    said = await client.until("bau", lambda one: "PIN: " in one.get("DESCRIPTION", ""))
    number, pin = dial_in_of(said)
    assert said["DESCRIPTION"].startswith("Bitte Pläne mitbringen, danke\n\n--- Telefonkonferenz ---\nEinwahl: +49 89")
    assert said["LOCATION"] == f"Telefonkonferenz +49 89 99998-900, Raum {number}#, PIN {pin}#"
    assert said["CONFERENCE"] == f"tel:+498999998900%2C%2C{number}%23%2C%2C{pin}%23"
    assert said["X-AMIBRIDGE-ROOM"] == number
    room = await room_of(house, number)
    assert room is not None
    assert (room["title"], room["owner"]) == ("Bauabnahme", "Ben Biber")
    await forgive(house)
    async with Phone(house.pbx, "101") as anna, OutsidePhone(house.pbx, NUMBERS[0]) as stranger:
        # Somebody has guessed: strangers are not let in for a while, even with the PIN, and who is of the house is.
        await house.pbx.cli(f"database put conffail room-{number} 10:{int(time.time())}")
        mark = stranger.mark()
        await asyncio.gather(call_in(stranger, number, pin), dials_in(anna, number, pin))
        await stranger.idle(after=mark, within=20)
        await house.pbx.until(lambda: _is_in(house, number), "Anna is not in the room")
    await house.pbx.quiet()
    await forgive(house)

    moved, etag = await client.get("bau")
    later = begin + 3 * HOUR
    moved = re.sub(r"DTSTART:.*", f"DTSTART:{later:%Y%m%dT%H%M%SZ}\r", moved)
    moved = re.sub(r"DTEND:.*", f"DTEND:{later + HOUR:%Y%m%dT%H%M%SZ}\r", moved)
    assert await client.put("bau", moved, etag) < 300
    await house.pbx.until(lambda: _starts(house, number, later), "the room does not follow", within=30)
    weekly, etag = await client.get("bau")
    weekly = weekly.replace("SUMMARY:", "RRULE:FREQ=WEEKLY;COUNT=5\r\nSUMMARY:")
    assert await client.put("bau", weekly, etag) < 300
    end = later + HOUR + timedelta(weeks=4)
    await house.pbx.until(lambda: _ends(house, number, end), "the room is not there for the series", within=30)
    assert dial_in_of(await client.until("bau", lambda one: "RRULE" in one)) == (number, pin), "one room, one PIN"
    cancelled, etag = await client.get("bau")
    assert await client.put("bau", cancelled.replace("SUMMARY:", "STATUS:CANCELLED\r\nSUMMARY:"), etag) < 300
    await house.pbx.until(lambda: _is_ending(house), "the room stays for ever", within=30)


async def _starts(house: House, number: str, at: datetime) -> bool:
    room = await room_of(house, number)
    return room is not None and datetime.fromisoformat(room["starts"]) == at


async def _ends(house: House, number: str, at: datetime) -> bool:
    room = await room_of(house, number)
    return room is not None and datetime.fromisoformat(room["ends"]) == at


async def _is_ending(house: House) -> bool:
    with sqlite3.connect(f"file:{house.folder}/bridge.sqlite?mode=ro", uri=True) as database:
        found = database.execute("SELECT state FROM bookings WHERE uid = 'bau'").fetchall()
    database.close()
    return found == [("ending",)]


async def _is_in(house: House, number: str) -> bool:
    return await in_room(house, number) == 1


async def test_who_asks_to_be_called_is_called_at_the_start(house: House) -> None:
    client, begin = Client(house, "anna"), now() + timedelta(seconds=9)
    text = event("ruf", begin, "DESCRIPTION:Bitte anrufen: 102", "ORGANIZER:mailto:anna@musterhausen.example")
    async with Phone(house.pbx, "102") as ben:
        mark = ben.mark()
        assert await client.put("ruf", text) == 201
        said = await client.until("ruf", lambda one: "PIN: " in one.get("DESCRIPTION", ""))
        number, _ = dial_in_of(said)
        await ben.ringing(after=mark, within=30)
        await ben.accept()
        await ben.talking(after=mark)
        await house.pbx.until(lambda: _pressed_in(house, ben, number), "Ben is not in the room", within=20)
    await house.pbx.quiet()
    await client.delete("ruf")


async def _pressed_in(house: House, phone: Phone, number: str) -> bool:
    room = await room_of(house, number)
    if room is not None and room["participants"]:
        return True
    await phone.press("1")
    return False
