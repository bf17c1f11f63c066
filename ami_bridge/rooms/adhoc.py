"""Rooms for calls that go on: made for two who talk, so that others can come; they end when nobody is left."""

from contextlib import suppress

import structlog

from ami_bridge.errors import BusyError, GoneError, NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import People
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.wishes import Wish

log = structlog.get_logger()

TITLES = {"de": "Aus einem Gespräch", "en": "Out of a call"}
"""Nobody's name stands in it: who may see the room need not know who called."""


class Adhoc:
    """Makes them."""

    def __init__(self, *, keeper: Keeper, people: People, language: str) -> None:
        self._keeper = keeper
        self._people = people
        self._language = language

    async def make(self, login: str) -> tuple[str, str] | None:
        """Make a room that stands in the PBX when this returns: its number, and the id of the PIN of whose it is.

        None where nobody can have one more room; raises NotReachableError.
        """
        language = self._people.wish(login).language or self._language
        try:
            room = await self._keeper.make(login, Wish(title=TITLES[language], kind="adhoc", waits=False))
        except (NotAllowedError, BusyError) as error:
            log.warning("rooms.none_for_call", code=error.code)
            return None
        return room.number, next(pin.id for pin in self._keeper.pins_of(room) if pin.login == login)

    async def drop(self, number: str) -> None:
        """End a room to which nobody came."""
        with suppress(NotFoundError, GoneError, NotReachableError):  # the PBX follows later
            await self._keeper.end(number)
