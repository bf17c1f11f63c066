"""Conference rooms on the real PBX: made in a moment, dialled from outside with a PIN, there without the daemon."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from ami_bridge.demo.phones import Phone
from tests.real.house import House

NOON = timedelta(hours=1)


def wish(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    now = datetime.now(UTC)  # noqa: TID251 - the PBX has no other clock
    times = {"starts": now.isoformat(), "ends": (now + NOON).isoformat()}
    return {"title": "Bauabnahme", "waits": False, **times, **more}


async def in_room(house: House, number: str) -> int:
    return (await house.pbx.cli(f"confbridge list {number}")).count("PJSIP/")


async def dials_in(phone: Phone, room: str, pin: str, *, number: str = "900") -> None:
    mark = phone.mark()
    await phone.dial(number)
    await phone.talking(after=mark)
    await asyncio.sleep(1.0)
    if number == "900":
        await phone.press(f"{room}#")
        await asyncio.sleep(0.3)
    await phone.press(f"{pin}#")


async def test_a_room_is_made_in_a_moment_and_lets_in_who_has_a_pin(house: House) -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        status, room = await house.rest("anna", "POST", "/rooms", wish())
        took.append(time.perf_counter() - began)
        assert status == 201, room
    print(f"a room could be dialled {statistics.median(took) * 1000:.0f} ms after it was wished for (median of 5)")
    assert statistics.median(took) < 0.3
    assert room["guest_pin"] not in (house.folder / "log").read_text()
    async with Phone(house.pbx, "101") as anna, Phone(house.pbx, "102") as ben:
        await dials_in(anna, room["number"], room["my_pin"])
        await house.pbx.until(lambda: _is(house, room["number"], 1), "Anna is not in the room")
        await dials_in(ben, room["number"], room["guest_pin"], number=room["number"])
        await house.pbx.until(lambda: _is(house, room["number"], 2), "Ben is not in the room")
    await house.pbx.quiet()
    status, _ = await house.rest("anna", "DELETE", f"/rooms/{room['number']}")
    assert status == 204
    assert room["number"] not in await house.pbx.cli("database show confroom")
    assert room["number"] not in await house.pbx.cli("database show confpin")


async def _is(house: House, number: str, people: int) -> bool:
    return await in_room(house, number) == people
