"""Many people at once, and people who guess: a room has exactly the places it has, and opens by its PINs alone."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ami_bridge.demo.phones import OutsidePhone, Phone
from ami_bridge.demo.sipp import dial_into_rooms
from ami_bridge.demo.town import CONFERENCE_NUMBER
from tests.real.house import SOAK, House
from tests.real.test_names_on_phones import manager
from tests.real.test_rooms import dials_in, forgive, in_room, wish
from tests.real.test_rooms_heard import HEARD, NUMBERS, call_in, heard, prompt, until_in

PLACES = 3


def number_of(caller: int) -> str:
    return f"+49302312{caller:04}"


def told(said: bytearray, name: str) -> list[dict[str, str]]:
    """Return the UserEvents of this name that an account with all rights has heard."""
    found = []
    for block in said.decode(errors="replace").split("\r\n\r\n"):
        fields = dict(line.partition(": ")[::2] for line in block.split("\r\n"))
        if fields.get("UserEvent") == name:
            found.append(fields)
    return found


@asynccontextmanager
async def own_account(house: House) -> AsyncIterator[bytearray]:
    """Everything that an account like the daemon's hears."""
    heard_ = bytearray()
    reader, writer = await asyncio.open_connection("127.0.0.1", house.pbx.ports.ami)
    secret = house.pbx.secrets.ami
    writer.write(f"Action: Login\r\nUsername: ami-bridge\r\nSecret: {secret}\r\nEvents: on\r\n\r\n".encode())
    await reader.readuntil(b"FullyBooted")

    async def listen() -> None:
        while data := await reader.read(65536):
            heard_.extend(data)

    listening = asyncio.get_running_loop().create_task(listen())
    try:
        yield heard_
    finally:
        listening.cancel()
        writer.close()


async def test_of_ten_callers_at_once_as_many_get_in_as_there_are_places(house: House) -> None:
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish(most=PLACES))
    number, pin = room["number"], room["guest_pin"]
    async with (
        manager(house.pbx) as said,
        house.listen("anna", topics=[f"room:{number}"]) as seen,
        OutsidePhone(house.pbx, NUMBERS[0], record=True) as late,
    ):
        crowd = await dial_into_rooms(
            house.pbx, [(number_of(one), number, pin) for one in range(10)], CONFERENCE_NUMBER
        )

        async def judged() -> bool:
            return len(told(said, "ConfRefused")) + await in_room(house, number) >= 10

        await house.pbx.until(judged, "not all ten were let in or sent away", 20)
        refused = Counter(one["Reason"] for one in told(said, "ConfRefused"))
        assert (await in_room(house, number), refused) == (PLACES, {"full": 10 - PLACES})
        await seen.until(lambda one: len(one.get("room", {}).get("participants", ())) == PLACES)
        mark = late.mark()
        await call_in(late, number, pin)
        await late.idle(after=mark, within=15)
        assert heard(late, prompt("room-full")) >= HEARD
        await house.rest("anna", "POST", f"/rooms/{number}/end")
        await crowd.ended()
    await house.pbx.quiet()


@pytest.mark.timeout(1800)
async def test_who_guesses_gets_nowhere_and_is_noticed_and_no_pin_is_told(house: House) -> None:
    """300 tries from 20 callers, 1,000 in the soak, all with PINs that are not right, and one that is, too late."""
    await forgive(house)
    tries, callers = (1_000, 20) if SOAK else (300, 20)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    number, pins = room["number"], [one["digits"] for one in room["pins"]]
    log = house.folder / "log"
    before = len(log.read_text())
    guesses = [f"{7 * one + 100_003:06}" for one in range(tries)]
    assert not {*guesses} & {*pins}
    await house.pbx.cli("dialplan set global ROOM_ENTRIES 120")
    async with (
        manager(house.pbx) as said,
        own_account(house) as own,
        house.listen("anna", topics=[f"room:{number}"]) as seen,
    ):
        began = time.monotonic()
        crowd = await dial_into_rooms(
            house.pbx,
            # The right PIN at the end does not help either, until ten minutes are over.
            [(number_of(at % callers), number, pin) for at, pin in enumerate([*guesses, room["guest_pin"]])],
            CONFERENCE_NUMBER,
            at_once=100,
            stay_seconds=1.0,
        )
        await seen.until(lambda one: one.get("room", {}).get("guessed") is True, within=30)
        typed = sum(line.startswith("typed") for line in await crowd.ended(1200))
        took = time.monotonic() - began
        assert typed == tries + 1
        await house.pbx.quiet()
        looked_at = len(told(said, "ConfBadPin"))
        refused = Counter(one["Reason"] for one in told(said, "ConfRefused"))
        assert not told(said, "ConfBye"), "nobody was in"
        assert refused == {"blocked": tries + 1 - 10}
    print(f"{tries} PINs from {callers} callers in {took:.0f} s: {looked_at} were looked at, nobody got in; {refused}")
    assert looked_at == 10, "not one more, however many call at once"
    told_now = log.read_text()[before:]
    assert told_now.count("rooms.guessed") == 1
    _, anew = await house.rest("anna", "GET", f"/rooms/{number}")
    _, bens = await house.rest("ben", "GET", "/rooms")
    texts = {
        "the daemon's log": told_now,
        "what the daemon's account hears": own.decode(errors="replace"),
        "Asterisk's log": "".join(
            path.read_text(errors="replace") for path in (house.pbx.folder / "log").iterdir() if path.is_file()
        ),
        "what others are told": str(bens),
    }
    for where, text in texts.items():
        for pin in [*pins, *guesses[:60]]:
            assert not re.search(rf"\b{pin}\b", text), f"a PIN stands in {where}"
    assert anew["guessed"]
    await house.pbx.cli("dialplan set global ROOM_ENTRIES 60")
    await forgive(house)
    await house.rest("anna", "DELETE", f"/rooms/{number}")


async def test_a_stranger_with_a_short_number_is_not_let_through_the_block_of_a_room(house: House) -> None:
    """Somebody of the house is. Nor are wrong tries counted against the extension of the same digits."""
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    async with manager(house.pbx) as said, OutsidePhone(house.pbx, "102") as stranger:
        mark = stranger.mark()
        await call_in(stranger, room["number"], "1")
        await house.pbx.until(lambda: _tried(house), "the wrong PIN was not counted")
        await house.pbx.cli(f"database put conffail room-{room['number']} 10:{int(time.time())}")
        await asyncio.sleep(2)
        await stranger.press(f"{room['number']}#")
        await asyncio.sleep(0.3)
        await stranger.press(f"{room['guest_pin']}#")
        await stranger.idle(after=mark, within=25)
        (tried,) = told(said, "ConfBadPin")
        (refused,) = told(said, "ConfRefused")
    assert (tried["Source"] != "102", refused["Reason"]) == (True, "blocked")
    await forgive(house)
    await house.rest("anna", "DELETE", f"/rooms/{room['number']}")


async def _tried(house: House) -> bool:
    return "/conffail/room-" in await house.pbx.cli("database show conffail")


@pytest.mark.parametrize("how", ["killed", *(["stopped"] if SOAK else [])])
async def test_after_a_restart_of_asterisk_rooms_open_at_once_and_nobody_seems_to_be_in(house: House, how: str) -> None:
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    number = room["number"]

    def people(count: int) -> Callable[[dict[str, Any]], bool]:
        return lambda one: bool("room" in one and len(one["room"]["participants"]) == count)

    async with (
        house.listen("anna", topics=[f"room:{number}", "bridge"]) as seen,
        Phone(house.pbx, "101") as anna,
        Phone(house.pbx, "102") as ben,
    ):
        await dials_in(anna, number, room["my_pin"], number=number)
        mark = await seen.until(people(1))
        await (house.pbx.restart() if how == "stopped" else _crash(house))
        began = time.monotonic()
        await dials_in(ben, number, room["guest_pin"], number=number)
        await until_in(house, number, 1)
        print(f"{how}: somebody was in again {time.monotonic() - began:.1f} s after Asterisk was back")
        gone = await seen.until(people(0), after=mark)
        place = await seen.until(people(1), after=gone)
        assert [one["number"] for one in seen.heard[place]["room"]["participants"]] == ["102"]
        await house.rest("anna", "POST", f"/rooms/{number}/end")
    await house.pbx.quiet()


async def _crash(house: House) -> None:
    await house.pbx.kill()
    await house.pbx.start()
