"""Calendars whose appointments become conference rooms."""

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import timedelta

from ami_bridge.calendars.model import Appointment
from ami_bridge.compose.base import Base
from ami_bridge.compose.rooms import ZONE, RoomParts
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.rooms.booked import Booked, Terms
from ami_bridge.rooms.booking import Bookings
from ami_bridge.rooms.bookings import BookingStore
from ami_bridge.rooms.model import Room
from ami_bridge.tasks import every


async def calendars(base: Base, rooms: RoomParts) -> None:
    """Look at them again and again, until it is cancelled."""
    config, groupware = base.config.rooms, base.config.groupware
    if not config.calendar:
        return
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        dav = DavCalendar(groupware.url, groupware.user, groupware.password, config.calendar)
        terms = Terms(dial_in=config.dial_in, language=base.config.site.language, owner=config.calendar_owner)
        bookings = Bookings(
            path=config.calendar,
            calendar=await stack.enter_async_context(dav),
            store=BookingStore(base.db),
            keeper=rooms.keeper,
            booked=Booked(keeper=rooms.keeper, people=base.people, terms=terms),
            zone=ZONE,
            after=timedelta(minutes=config.minutes_after),
            now=base.now,
            chance=random.random,
            inside=lambda room: bool(rooms.desk.live(room, room.owner, True).participants),  # noqa: FBT003
            told=_tell_nobody,
        )
        tasks.create_task(every(config.look_every, bookings.look, name="booking calendar"), name="booking calendar")


async def _tell_nobody(_room: Room | None, _appointment: Appointment) -> None:
    """Tell nobody."""
