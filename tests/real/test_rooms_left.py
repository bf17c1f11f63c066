"""Who is left alone in a room is told so and sent away; who mistypes the PIN hears it, and has to call again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import structs

from ami_bridge.asterisk import translate
from ami_bridge.asterisk.bridges import Bridges
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.config import Pbx as Configured
from ami_bridge.demo.phones import OutsidePhone, Phone
from ami_bridge.demo.ports import LOCAL
from ami_bridge.demo.town import CONFERENCE_NUMBER
from tests.real.house import House
from tests.real.test_alarm_calls import ulid
from tests.real.test_names_on_phones import manager
from tests.real.test_rooms import conffails, dials_in, forgive, wish
from tests.real.test_rooms_crowd import told
from tests.real.test_rooms_heard import HEARD, NUMBERS, SOUNDS, call_in, heard, prompt, until_in
from tests.rooms.test_wardens import BOOKED, MINUTE, World
from tests.sound import RATE, find, loudness, read


class Warden(World):
    """The daemon's warden over the real PBX, and a quarter of an hour is over when the test says so."""

    def __init__(self, number: str, bridge: Bridges) -> None:
        super().__init__(structs.replace(BOOKED, number=number, starts=None, closes=None))
        self.bridge = bridge

    async def say(self, room: str, saying: str) -> None:
        await self.bridge.say(room, saying)

    async def remove(self, room: str, whom: str) -> None:
        await self.bridge.remove(room, whom)


@asynccontextmanager
async def a_warden(house: House, number: str) -> AsyncIterator[Warden]:
    """Have a warden of one room, with a connection of its own."""
    link = AmiLink(
        Configured(id="town", host=LOCAL, port=house.pbx.ports.ami, user="ami-bridge", secret=house.pbx.secrets.ami),
        wanted=translate.WANTED,
    )
    up = asyncio.Event()

    async def connected() -> None:
        up.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(link.run(lambda _: None, connected=connected, lost=lambda: None))
        async with asyncio.timeout(10):
            await up.wait()
        yield Warden(number, Bridges(link, new_id=ulid))
        running.cancel()


async def test_the_last_one_hears_music_then_that_nobody_comes_and_is_sent_away(house: House) -> None:
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    number = room["number"]
    async with (
        OutsidePhone(house.pbx, NUMBERS[0], record=True) as guest,
        Phone(house.pbx, "101") as anna,
        manager(house.pbx) as said,
        a_warden(house, number) as warden,
    ):
        pins = room["guest_pin"], room["my_pin"]
        await asyncio.gather(call_in(guest, number, pins[0]), dials_in(anna, number, pins[1], number=number))
        await until_in(house, number, 2)
        warden.come("guest", "anna")
        await warden.wardens.look()
        await anna.hangup()
        await until_in(house, number, 1)
        warden.go("anna")
        await asyncio.sleep(3)
        await warden.wardens.look()
        warden.time += 15 * MINUTE
        await warden.wardens.look()

        async def spoken() -> bool:
            return b"room-alone-long" in said

        await house.pbx.until(spoken, "nobody is told", 10)
        await asyncio.sleep(7)
        mark = guest.mark()
        warden.time += MINUTE
        await warden.wardens.look()
        await guest.idle(after=mark, within=15)
        await house.pbx.quiet()
        assert heard(guest, prompt("room-alone-long")) >= HEARD
        assert heard(guest, prompt("room-removed")) >= HEARD
        all_ = read(guest.heard[-1])
        _, at = find(read(prompt("room-alone-long"))[:RATE], all_)
        assert loudness(all_[int((at - 2) * RATE) : int((at - 1) * RATE)]) > 0.005, "music, while one is alone"
    await house.rest("anna", "POST", f"/rooms/{number}/end")


async def test_four_wrong_pins_cost_more_time_each_and_a_second_call_and_forgive_nothing(house: House) -> None:
    """The fourth is the first of another call; the right one after it lets in, and takes nothing off the count."""
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish())
    number = room["number"]
    async with manager(house.pbx) as said, OutsidePhone(house.pbx, NUMBERS[1], record=True) as guest:

        async def mistyped(times: int) -> None:
            async def counted() -> bool:
                return len(told(said, "ConfBadPin")) == times

            await house.pbx.until(counted, f"{times} wrong PINs were not counted", 20)

        mark = guest.mark()
        await call_in(guest, number, "1")
        await mistyped(1)
        await asyncio.sleep(1.3)
        await guest.press("9999#")
        await asyncio.sleep(0.3)
        await guest.press(f"{room['guest_pin']}#")  # a room that there is not
        await mistyped(2)
        await asyncio.sleep(5.5)  # to hear it out
        await guest.press(f"{number}#")
        await asyncio.sleep(0.3)
        await guest.press("2#")
        await mistyped(3)
        await guest.idle(after=mark, within=20)
        assert heard(guest, prompt("room-wrong")) >= HEARD
        assert heard(guest, prompt("room-too-many")) >= HEARD
        assert [one["Reason"] for one in told(said, "ConfRefused")] == ["blocked"]

        await guest.dial(CONFERENCE_NUMBER)
        await asyncio.sleep(1.5)
        await guest.press("*#")  # in English, please: that is no try
        await asyncio.sleep(0.3)
        for keys in (f"{number}#", "3#"):
            await asyncio.sleep(0.3)
            await guest.press(keys)
        await mistyped(4)
        await asyncio.sleep(5.5)
        for keys in (f"{number}#", f"{room['guest_pin']}#"):
            await asyncio.sleep(0.3)
            await guest.press(keys)
        await until_in(house, number, 1)
        await asyncio.sleep(3.5)
        await guest.hangup()
        await house.pbx.quiet()
        for sound in ("room-wrong", "room-alone"):
            assert heard(guest, SOUNDS / f"en/{sound}.wav") >= HEARD, "who asked for English keeps it in a German room"
        tries = [one["Try"] for one in told(said, "ConfBadPin")]
        assert tries == ["1", "2", "3", "1"]
        blocks = said.decode(errors="replace").split("\r\n\r\n")
        paused = [one for one in blocks if "Application: Wait\r\n" in one and "Context: conf-entry\r\n" in one]
        lasting = [one.partition("AppData: ")[2].split("\r\n")[0] for one in paused]
        assert [one for one in lasting if one != "0.7"] == tries, "each costs a second more"
    assert ": 4:" in await conffails(house)
    await forgive(house)
    await house.rest("anna", "POST", f"/rooms/{number}/end")
