"""Appointments that invite the conference, on a real server that delivers invitations (Cyrus): answered and mailed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from ami_bridge.config import Mail
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.mail import Post
from ami_bridge.rooms.booking import Bookings
from ami_bridge.rooms.invited import Invitations, Letters
from tests.dav.calendars import CalendarOnServer
from tests.dav.cyrus import Cyrus
from tests.fakes.smtp import MailServer, mail_server
from tests.rooms.world import BERLIN, Town, a_town, event

ADDRESS = "konferenz@example.org"
INVITES = (
    "ORGANIZER:mailto:anna@example.org",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ben@example.org",
    f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{ADDRESS}",
)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as found:
        yield found


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as found:
        yield found


def letters(town: Town, mails: MailServer) -> Letters:
    mail = Mail(smtp=f"smtp+insecure://127.0.0.1:{mails.port}", sender="Telefon <telefon@example.org>")
    return Letters(
        post=Post(mail), keeper=town.keeper, dial_in="+49 89 99998-900", language="de", zone=BERLIN,
        by_login=town.people.by_login,
    )  # fmt: skip


async def test_an_invitation_is_answered_and_the_organizer_gets_how_to_dial_in(
    town: Town, mails: MailServer, cyrus_server: Cyrus
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        DavCalendar(cyrus_server.url, "konferenz", "x", cyrus_server.calendar("konferenz")) as ours,
    ):
        anna = CalendarOnServer(cyrus_server, session, cyrus_server.calendar("anna"), user="anna")
        its = town.parts(ours, "konferenz", town.tells)
        bookings = Invitations(
            address=ADDRESS, letters=letters(town, mails), booked=town.booked(owner=None, address=ADDRESS), **its
        )
        assert await anna.put("a", event("a", *INVITES)) == 201
        mails.refuses = 451
        await bookings.look()
        assert "PARTSTAT=ACCEPTED;" not in (await anna.get("a"))[0], "no answer before the mail is under way"
        mails.refuses = 0
        town.time += timedelta(minutes=1)
        await bookings.look()
        (room,) = town.keeper.all()
        (mail,) = mails.mails
        guest, *others = town.keeper.pins_of(room)
        text = mail.get_content().replace("\r\n", "\n")
        assert (room.owner, mail["To"], mail["Subject"]) == ("anna", "anna@example.org", "Einwahl: Bauabnahme")
        assert f"Raum: {room.number}#\nPIN: {guest.digits}#" in text
        assert not any(pin.digits in text for pin in others)
        said = (await anna.get("a"))[0].replace("\r\n ", "")
        assert any("PARTSTAT=ACCEPTED" in line and ADDRESS in line for line in said.split("\r\n")), said
        assert any("PARTSTAT=NEEDS-ACTION" in line and "ben@" in line for line in said.split("\r\n")), (
            "his own business"
        )

        moved, etag = await anna.get("a")
        assert await anna.put("a", moved.replace("20261130T100000", "20261201T100000"), etag) < 300
        await bookings.look()
        (same,) = town.keeper.all()
        assert same.id == room.id
        assert same.starts is not None
        assert room.starts is not None
        assert same.starts - room.starts == timedelta(days=1)
        await bookings.look()
        assert len(mails.mails) == 1, "nothing new to tell"

        await anna.delete("a")
        await bookings.look()
        town.time += timedelta(minutes=31)
        await bookings.look()
        assert town.keeper.all() == []


async def test_strangers_make_no_room(town: Town, mails: MailServer, cyrus_server: Cyrus) -> None:
    async with (
        aiohttp.ClientSession() as session,
        DavCalendar(cyrus_server.url, "konferenz", "x", cyrus_server.calendar("konferenz")) as ours,
    ):
        stranger = CalendarOnServer(cyrus_server, session, cyrus_server.calendar("stranger"), user="stranger")
        text = event("s", *INVITES).replace("anna@example.org", "stranger@example.org")
        assert await stranger.put("s", text) == 201
        its = town.parts(ours, "konferenz", town.tells)
        bookings = Invitations(
            address=ADDRESS, letters=letters(town, mails), booked=town.booked(owner=None, address=ADDRESS), **its
        )
        await bookings.look()
        assert (town.keeper.all(), mails.mails) == ([], [])


async def test_where_we_may_edit_it_is_written_into_the_appointment_itself(
    town: Town, mails: MailServer, cyrus_server: Cyrus
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        DavCalendar(cyrus_server.url, "anna", "x", cyrus_server.calendar("anna")) as hers,
    ):
        anna = CalendarOnServer(cyrus_server, session, cyrus_server.calendar("anna"), user="anna")
        await anna.put("c", event("c", *INVITES, "DESCRIPTION:Pläne"))
        await anna.put("d", event("d", "DESCRIPTION:privat"))
        bookings = Bookings(
            answers_as=ADDRESS, booked=town.booked(owner=None, address=ADDRESS),
            **town.parts(hers, "anna", letters(town, mails).not_kept),
        )  # fmt: skip
        await bookings.look()
        (room,) = town.keeper.all()
        text, _ = await anna.get("c")
        assert f"X-AMIBRIDGE-ROOM:{room.number}" in text
        assert "X-AMIBRIDGE" not in (await anna.get("d"))[0], "her other appointments are not ours"
        assert mails.mails == []
