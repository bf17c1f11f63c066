"""Conference rooms on the real PBX: made in a moment, dialled from outside with a PIN, there without the daemon."""

import asyncio
import re
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ami_bridge.demo.phones import Phone
from tests.limits import allowed
from tests.real.house import House
from tests.real.test_names_on_phones import manager

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
    assert statistics.median(took) < allowed(0.3)
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


async def conffails(house: House) -> str:
    return await house.pbx.cli("database show conffail")


async def forgive(house: House) -> None:
    """Nobody has failed yet."""
    await house.pbx.cli("database deltree conffail")


def people(room: dict[str, Any]) -> set[str | None]:
    return {one["name"] for one in room["participants"]}


async def test_who_is_in_a_room_is_seen_by_name_and_can_be_muted_and_removed(house: House) -> None:
    _, room = await house.rest("anna", "POST", "/rooms", wish(people=[{"login": "ben"}]))
    number = room["number"]
    ben_pin = next(one["digits"] for one in room["pins"] if one["name"] == "Ben Biber")
    async with (
        house.listen("anna", topics=["rooms", f"room:{number}"]) as anna_sees,
        house.listen("ben", topics=["rooms"]) as ben_sees,
        house.listen("carla", topics=["rooms", f"room:{number}"]) as carla_sees,
        Phone(house.pbx, "101") as anna,
        Phone(house.pbx, "102") as ben,
    ):
        await dials_in(anna, number, room["my_pin"], number=number)
        await dials_in(ben, number, ben_pin, number=number)

        async def seen(listener: Any, fits: Any) -> dict[str, Any]:  # noqa: ANN401 - a listener and a predicate
            place = await listener.until(lambda one: "room" in one and fits(one["room"]))
            found: dict[str, Any] = listener.heard[place]["room"]
            return found

        both = await seen(anna_sees, lambda one: people(one) == {"Anna Amsel", "Ben Biber"})
        assert {one["role"] for one in both["participants"]} == {"mod", "part"}
        assert both["pins"]
        theirs = await seen(ben_sees, lambda one: len(one["participants"]) == 2)
        assert (theirs["pins"], theirs["moderates"]) == ([], False)
        leg = next(one["id"] for one in both["participants"] if one["name"] == "Ben Biber")

        status, _ = await house.rest("ben", "POST", f"/rooms/{number}/lock")
        assert status == 403
        status, _ = await house.rest("carla", "PATCH", f"/rooms/{number}/participants/{leg}", {"muted": True})
        assert status == 404
        status, _ = await house.rest("anna", "PATCH", f"/rooms/{number}/participants/{leg}", {"muted": True})
        assert status == 200
        await seen(anna_sees, lambda one: any(p["muted"] for p in one["participants"]))
        assert "m" in (await house.pbx.cli(f"confbridge list {number}")).split("PJSIP/102")[1].split("\n")[0]
        status, _ = await house.rest("anna", "POST", f"/rooms/{number}/lock")
        assert status == 204
        await seen(anna_sees, lambda one: one["locked"])

        status, after = await house.rest("anna", "DELETE", f"/rooms/{number}/participants/{leg}")
        assert status == 200, after
        assert ben_pin not in {one["digits"] for one in after["pins"]}
        await house.pbx.until(lambda: _is(house, number, 1), "Ben is still in the room")
        assert ben_pin not in await house.pbx.cli(f"database show confpin/{number}")
        await anna.hangup()
        await seen(anna_sees, lambda one: one["participants"] == [] and one["since"] is None)
        assert not [one for one in carla_sees.heard if "room" in one], "nobody else hears of it"
    await house.pbx.quiet()


async def test_a_room_works_while_the_daemon_is_stopped_and_is_seen_again_after(house: House) -> None:
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    number = room["number"]
    async with Phone(house.pbx, "101") as anna, Phone(house.pbx, "102") as ben:
        await house.daemon.stop()
        try:
            for who in ("49302312", "room-8999"):  # they failed two hours ago
                await house.pbx.cli(f"database put conffail {who} 3:{int(time.time()) - 7200}")
            await dials_in(anna, number, room["my_pin"], number=number)
            await dials_in(ben, number, "0000000", number=number)
            await house.pbx.until(lambda: _is(house, number, 1), "Anna is not in the room")
            await asyncio.sleep(2)
            await ben.press(f"{room['guest_pin']}#")
            await house.pbx.until(lambda: _is(house, number, 2), "Ben is not in the room")
        finally:
            await house.start()
        began = time.monotonic()
        async with asyncio.timeout(3):
            while True:
                _, now = await house.rest("anna", "GET", f"/rooms/{number}")
                if "Anna Amsel" in people(now) and len(now["participants"]) == 2:
                    break
                await asyncio.sleep(0.05)
        print(f"the live view was right {time.monotonic() - began:.2f} s after the daemon was back")
    await house.pbx.quiet()

    async def forgotten() -> bool:
        fails = await conffails(house)
        return "102" in fails and "49302312" not in fails and "8999" not in fails

    await house.pbx.until(forgotten, "numbers of callers stay for ever")


@pytest.mark.parametrize(
    ("times", "reason"),
    [((NOON, 2 * NOON), "early"), ((-4 * NOON, -3 * NOON), "late")],
    ids=["too early", "too late"],
)
async def test_a_room_is_open_in_its_time_only(house: House, times: tuple[timedelta, timedelta], reason: str) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the PBX has no other clock
    begin, end = (now + one for one in times)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    moved = {"starts": begin.isoformat(), "ends": end.isoformat()}
    status, _ = await house.rest("anna", "PATCH", f"/rooms/{room['number']}", moved)
    assert status == 200
    await is_refused(house, room, room["guest_pin"], reason)


async def test_a_locked_or_full_room_says_so(house: House) -> None:
    _, room = await house.rest("anna", "POST", "/rooms", wish(most=1))
    async with Phone(house.pbx, "101") as anna:
        await dials_in(anna, room["number"], room["my_pin"], number=room["number"])
        await house.pbx.until(lambda: _is(house, room["number"], 1), "Anna is not in the room")
        await is_refused(house, room, room["guest_pin"], "full")
        await house.rest("anna", "PATCH", f"/rooms/{room['number']}", {"most": 5})
        await house.rest("anna", "POST", f"/rooms/{room['number']}/lock")
        await is_refused(house, room, room["guest_pin"], "locked")
    await house.pbx.quiet()


async def is_refused(house: House, room: dict[str, Any], pin: str, reason: str) -> None:
    """Ben dials in and is sent away for this reason, as the PBX tells everybody who listens."""
    async with manager(house.pbx) as heard, Phone(house.pbx, "102") as ben:
        mark = ben.mark()
        await dials_in(ben, room["number"], pin, number=room["number"])
        await ben.idle(after=mark, within=25)
        told = "".join(one for one in heard.decode(errors="replace").split("\r\n\r\n") if "Event: UserEvent" in one)
        told += "\r\n"
    assert f"Reason: {reason}\r\n" in told
    assert pin not in told, "no event has a PIN"


async def test_three_wrong_pins_end_the_call_and_ten_close_the_door(house: House) -> None:
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    async with Phone(house.pbx, "102") as ben:
        mark = ben.mark()
        await dials_in(ben, room["number"], "1", number=room["number"])
        for wait in (1, 2):
            await asyncio.sleep(wait + 0.5)
            await ben.press("2#")
        await ben.idle(after=mark, within=25)
    assert re.search(r"/conffail/102 *: 3:\d+", await conffails(house))
    await house.pbx.cli(f"database put conffail 102 10:{int(time.time())}")
    await is_refused(house, room, room["guest_pin"], "blocked")
    await forgive(house)
