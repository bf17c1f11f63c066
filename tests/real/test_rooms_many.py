"""Many rooms at once, and a large one: nobody is lost, everybody is seen, and what it costs is measured."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from ami_bridge.demo.phones import OutsidePhone
from ami_bridge.demo.sipp import dial_into_rooms
from ami_bridge.demo.town import CONFERENCE_NUMBER
from tests.real.house import SOAK, House
from tests.real.test_rooms import forgive, wish
from tests.real.test_rooms_heard import HEARD, SPEECH, call_in, prompt, speak
from tests.sound import find_though_cut, read, spoken

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid: int | None) -> float:
    """Seconds of a processor that a program has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def number_of(caller: int) -> str:
    return f"+4930232{caller:05}"


async def until_all_in(house: House, rooms: int, people: int, within: float) -> None:
    """Wait until the daemon shows everybody."""
    async with asyncio.timeout(within):
        while True:
            counts = [len(one["participants"]) for one in (await house.ask("GET", "/rooms"))["rooms"]]
            if (sum(one > 0 for one in counts), sum(counts)) == (rooms, people):
                return
            await asyncio.sleep(1)


if SOAK:

    @pytest.mark.timeout(900)
    async def test_fifty_rooms_of_ten_lose_nobody(house: House) -> None:
        await forgive(house)
        rooms, each = 50, 10
        made = [
            (await house.rest(("anna", "ben")[at % 2], "POST", "/rooms", wish(most=each)))[1] for at in range(rooms)
        ]
        # 500 calls need more ports for voice than a town hall has.
        config = house.pbx.folder / "etc/rtp.conf"
        before = config.read_text()
        config.write_text("[general]\nrtpstart = 45000\nrtpend = 47999\nstrictrtp = no\nicesupport = no\n")
        await house.pbx.cli("module reload res_rtp_asterisk.so")
        await house.pbx.cli("dialplan set global ROOM_ENTRIES 600")
        spent = cpu(house.pbx.pid), cpu(house.daemon.pid), time.monotonic()
        callers = [
            (number_of(at), made[at % rooms]["number"], made[at % rooms]["guest_pin"]) for at in range(rooms * each)
        ]
        crowd = await dial_into_rooms(house.pbx, callers, CONFERENCE_NUMBER, each_second=10, stay_seconds=150)
        await until_all_in(house, rooms, rooms * each, 180)
        took = time.monotonic() - spent[2]
        used = cpu(house.pbx.pid) - spent[0], cpu(house.daemon.pid) - spent[1]
        still = cpu(house.pbx.pid), cpu(house.daemon.pid)
        await asyncio.sleep(10)
        idle = [(cpu(pid) - was) / 10 for pid, was in zip((house.pbx.pid, house.daemon.pid), still, strict=True)]
        print(
            f"{rooms} rooms of {each}: all in after {took:.0f} s; while they came Asterisk used {used[0] / took:.0%} "
            f"of a processor, the daemon {used[1] / took:.0%}; while they stayed {idle[0]:.0%} and {idle[1]:.0%}"
        )
        for at, room in enumerate(made):
            await house.rest(("anna", "ben")[at % 2], "POST", f"/rooms/{room['number']}/end")
        await crowd.ended(200)
        await house.pbx.quiet()
        config.write_text(before)
        await house.pbx.cli("module reload res_rtp_asterisk.so")
        await house.pbx.cli("dialplan set global ROOM_ENTRIES 60")

    @pytest.mark.timeout(300)
    async def test_in_a_room_of_forty_all_are_heard_by_the_moderator(house: House) -> None:
        """Thirty-nine are there, one speaks; what is recorded is what everybody hears."""
        await forgive(house)
        _, room = await house.rest("anna", "POST", "/rooms", wish(most=40))
        number, pin = room["number"], room["guest_pin"]
        quiet = await dial_into_rooms(
            house.pbx,
            [(number_of(at), number, pin) for at in range(39)],
            CONFERENCE_NUMBER,
            each_second=5,
            stay_seconds=90,
        )
        await until_all_in(house, 1, 39, 60)
        assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 204

        spent, began = cpu(house.pbx.pid), time.monotonic()
        async with OutsidePhone(house.pbx, "+493023125099", record=True) as speaker:
            await call_in(speaker, number, pin)
            await until_all_in(house, 1, 40, 30)
            await asyncio.sleep(3)
            await speak(speaker, SPEECH[0])
        used = (cpu(house.pbx.pid) - spent) / (time.monotonic() - began)
        await house.rest("anna", "POST", f"/rooms/{number}/end")
        await quiet.ended(120)
        await house.pbx.quiet()
        (file,) = house.pbx.recordings_folder.glob(f"conf-{number}-*")
        score = find_though_cut(spoken(read(SPEECH[0])), read(file))
        told = find_though_cut(spoken(read(prompt("room-recorded"))), read(speaker.heard[-1]))
        print(f"a room of 40: what one says is heard ({score:.3f}); Asterisk used {used:.0%} of a processor")
        assert min(score, told) >= HEARD
        file.unlink()
