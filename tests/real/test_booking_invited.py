"""Appointments that invite the conference, in Cyrus, which delivers invitations: the daemon makes rooms of them."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from playwright.async_api import expect

from ami_bridge.calendars.lines import lines_of, unescaped
from ami_bridge.demo.phones import OutsidePhone, Phone
from tests.dav.calendars import CalendarOnServer
from tests.dav.cyrus import Cyrus, cyrus
from tests.fakes.smtp import MailServer, mail_server
from tests.real.booking import event
from tests.real.house import DIALLING, House
from tests.real.test_booking import HOUR, dial_in_of, now, room_of
from tests.real.test_page import a_browser
from tests.real.test_rooms import dials_in, forgive
from tests.real.test_rooms_heard import HEARD, NUMBERS, SPEECH, call_in, heard, speak, until_in

AT = "musterhausen.example"
CONFERENCE = f"konferenz@{AT}"
WITHIN = 30.0
"""Seconds in which the appointment says it."""


def invites(who: str) -> tuple[str, ...]:
    """Write an appointment of somebody who invites Carla and the conference."""
    return (
        "DESCRIPTION:Bitte Pläne mitbringen",
        f"ORGANIZER:mailto:{who}@{AT}",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{who}@{AT}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:carla@{AT}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{CONFERENCE}",
    )


@asynccontextmanager
async def invitable(house: House) -> AsyncIterator[tuple[Cyrus, MailServer]]:
    """The house with a conference that is invited: Anna lets it write in her calendar, Ben does not."""
    async with cyrus(["anna", "ben", "carla", "konferenz"]) as server, mail_server() as mails:
        await asyncio.to_thread(server.share, "anna", "konferenz")
        rooms = (
            f'invited = "{server.calendar("konferenz")}"\nedits = ["{server.calendar("anna")}"]\n'
            f'address = "{CONFERENCE}"\nlook_every = 2\n'
        )
        more = (
            f'[rooms.account]\nurl = "{server.url}"\nuser = "konferenz"\npassword_file = "cyrus.password"\n'
            f'[mail]\nsmtp = "smtp+insecure://127.0.0.1:{mails.port}"\nfrom = "Telefon <telefon@{AT}>"\n'
        )
        await house.daemon.stop()
        try:
            house.write(dialling=DIALLING + more)
            (house.folder / "cyrus.password").write_text(server.password)
            config = house.folder / "config.toml"
            text = re.sub(r"calendar = .*\ncalendar_owner = .*\nlook_every = .*\n", rooms, config.read_text())
            assert rooms in text
            config.write_text(text)
            await house.start()
            yield server, mails
        finally:
            await house.daemon.stop()
            house.write()
            await house.start()


async def until(
    house: House, calendar: CalendarOnServer, uid: str, fits: Callable[[dict[str, str]], bool]
) -> dict[str, str]:
    """Wait until an appointment reads so, and say what its organizer reads."""
    found: dict[str, str] = {}

    async def reads() -> bool:
        nonlocal found
        text, _ = await calendar.get(uid)
        found = {line.name: unescaped(line.value) for line in lines_of(text)}
        return fits(found)

    await house.pbx.until(reads, "the appointment does not say it", within=WITHIN)
    return found


async def test_who_invites_the_conference_finds_how_to_dial_in_and_the_room_moves_along(house: House) -> None:
    """Anna reads it in her appointment, Ben, in whose calendar nobody else may write, in a mail."""
    await forgive(house)
    async with invitable(house) as (server, mails):
        anna = CalendarOnServer(server, house.session, server.calendar("anna"), user="anna")
        ben = CalendarOnServer(server, house.session, server.calendar("ben"), user="ben")
        begin = now()
        assert await anna.put("hers", event("hers", begin, *invites("anna"))) == 201
        assert await ben.put("his", event("his", begin, *invites("ben"), title="Haushalt")) == 201
        said = await until(house, anna, "hers", lambda one: "PIN: " in one["DESCRIPTION"])
        number, pin = dial_in_of(said)
        assert said["DESCRIPTION"].startswith("Bitte Pläne mitbringen\n\n--- Telefonkonferenz ---\n")
        room = await room_of(house, number)
        assert room is not None
        assert (room["title"], room["owner"]) == ("Bauabnahme", "Anna Amsel")

        async def mailed() -> bool:
            return len(mails.mails) > 0

        await house.pbx.until(mailed, "Ben gets no mail", within=WITHIN)
        (mail,) = mails.mails
        told = re.search(r"Raum: (\d+)#\s+PIN: (\d+)#", mail.get_content())
        assert told is not None
        assert mail["To"] == f"ben@{AT}"
        await meets(house, number)
        async with Phone(house.pbx, "102") as inside:
            await dials_in(inside, told[1], told[2], number=told[1])
            await until_in(house, told[1], 1)
        await house.pbx.quiet()

        for one, uid, its in ((anna, "hers", number), (ben, "his", told[1])):
            text, etag = await one.get(uid)
            later = begin + 3 * HOUR
            text = re.sub(r"DTSTART:.*", f"DTSTART:{later:%Y%m%dT%H%M%SZ}\r", text)
            text = re.sub(r"DTEND:.*", f"DTEND:{later + HOUR:%Y%m%dT%H%M%SZ}\r", text)
            weekly = text.replace("SUMMARY:", "RRULE:FREQ=WEEKLY;COUNT=5\r\nSUMMARY:")
            assert await one.put(uid, weekly, etag) < 300

            async def follows(its: str = its, end: str = (later + HOUR + timedelta(weeks=4)).isoformat()) -> bool:
                its_room = await room_of(house, its)
                return its_room is not None and its_room["ends"] == end.replace("+00:00", "Z")

            await house.pbx.until(follows, "the room does not follow", within=WITHIN)
        assert dial_in_of(await until(house, anna, "hers", lambda one: "RRULE" in one)) == (number, pin)
        assert len(mails.mails) == 1, "nothing new to tell Ben, and nothing to tell Anna"
        rooms = [one["title"] for one in (await house.ask("GET", "/rooms"))["rooms"] if one["kind"] == "booked"]
        assert rooms.count("Haushalt") == 1

        text, etag = await anna.get("hers")
        assert await anna.put("hers", text.replace("SUMMARY:", "STATUS:CANCELLED\r\nSUMMARY:"), etag) < 300
        await ben.delete("his")
        await house.pbx.until(lambda: ending(house) == {"hers", "his"}, "the rooms stay for ever", within=WITHIN)
        for who, its in (("anna", number), ("ben", told[1])):
            assert (await house.rest(who, "DELETE", f"/rooms/{its}"))[0] == 204


async def meets(house: House, number: str) -> None:
    """Anna, Carla, whom she invited, and a guest dial in and hear each other, and the page has their names."""
    _, room = await house.rest("anna", "GET", f"/rooms/{number}")
    carla = next(one["digits"] for one in room["pins"] if one["name"] == "Carla Çelik")
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(OutsidePhone(house.pbx, caller, record=True)) for caller in NUMBERS
        ]  # fmt: skip
        pins = room["my_pin"], carla, room["guest_pin"]
        page = await stack.enter_async_context(a_browser(house))
        await page.get_by_role("link", name="Konferenzen").click()
        await asyncio.gather(*(call_in(one, number, pin) for one, pin in zip(phones, pins, strict=True)))
        await until_in(house, number, 3)
        there = page.locator(f"[data-room='{number}'] [data-participant]")
        await expect(there).to_have_count(3)
        for name in ("Anna Amsel", "Carla Çelik", "030 23125013"):
            await expect(there.filter(has_text=name)).to_be_visible()
        await asyncio.sleep(3)  # until the room has said what it says
        for phone, sentence in zip(phones, SPEECH, strict=False):
            await speak(phone, sentence)
        for phone in phones:
            await phone.hangup()
        await house.pbx.quiet()
        scores = {
            (speaker, listener): heard(one, sentence)
            for speaker, sentence in enumerate(SPEECH[:3])
            for listener, one in enumerate(phones)
            if speaker != listener
        }
        print({pair: round(score, 3) for pair, score in scores.items()})
        assert min(scores.values()) >= HEARD


def ending(house: House) -> set[str]:
    """Say which appointments' rooms will end soon."""
    with sqlite3.connect(f"file:{house.folder}/bridge.sqlite?mode=ro", uri=True) as database:
        found = database.execute("SELECT uid FROM bookings WHERE state = 'ending' AND uid IN ('hers', 'his')")
        uids = {uid for (uid,) in found}
    database.close()
    return uids
