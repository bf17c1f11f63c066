"""Calendars whose appointments become conference rooms."""

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from ami_bridge.compose.base import ZONE, Base
from ami_bridge.compose.rooms import RoomParts
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.mail import Post
from ami_bridge.rooms.booked import Booked, Terms
from ami_bridge.rooms.booking import Bookings
from ami_bridge.rooms.bookings import BookingStore
from ami_bridge.rooms.invited import Invitations, Letters
from ami_bridge.tasks import every


async def calendars(base: Base, rooms: RoomParts) -> None:
    """Look at them again and again, until it is cancelled."""
    config, groupware, mail = base.config.rooms, base.config.groupware, base.config.mail
    account = config.account if config.account.user else groupware
    language = base.config.site.language
    letters = Letters(
        post=Post(mail) if mail.smtp else None,
        keeper=rooms.keeper,
        dial_in=config.dial_in,
        language=language,
        zone=ZONE,
        by_login=base.people.by_login,
    )

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:

        async def parts(path: str, owner: str | None, address: str) -> dict[str, Any]:
            dav = DavCalendar(config.account.url or groupware.url, account.user, account.password, path)
            terms = Terms(dial_in=config.dial_in, language=language, owner=owner, address=address)
            return {
                "path": path,
                "calendar": await stack.enter_async_context(dav),
                "store": BookingStore(base.db),
                "keeper": rooms.keeper,
                "booked": Booked(keeper=rooms.keeper, people=base.people, terms=terms),
                "zone": ZONE,
                "after": timedelta(minutes=config.minutes_after),
                "now": base.now,
                "chance": random.random,
                "inside": lambda room: bool(rooms.desk.live(room, room.owner, True).participants),  # noqa: FBT003
                "told": letters.not_kept,
                "call_in": rooms.call_in if config.calls else None,
            }

        edits = [
            Bookings(answers_as=config.address, **await parts(path, None, config.address)) for path in config.edits
        ]
        invitations = list(edits)
        if config.invited:
            its = await parts(config.invited, None, config.address)
            invitations.append(Invitations(address=config.address, letters=letters, edits=edits, **its))

        async def look() -> None:
            """Look at those with the same invitations one after the other: an appointment in two gets one room."""
            for one in invitations:
                await one.look()

        looks = [look] if invitations else []
        if config.calendar:
            looks.append(Bookings(**await parts(config.calendar, config.calendar_owner, "")).look)
        for one in looks:
            tasks.create_task(every(config.look_every, one, name="booking calendar"), name="booking calendar")
