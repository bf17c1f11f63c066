"""Keys that people press on their telephone during a call: what control would do for them on a screen."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Protocol

import structlog

from ami_bridge.calls.control import Wish
from ami_bridge.errors import BridgeError
from ami_bridge.people.model import People

log = structlog.get_logger()

MOST_WAITING = 100
BY_KEY = "key"
"""What stands in the log in the place of a credential: whoever holds the telephone."""


class Grip(Protocol):
    """What is going on."""

    def of_leg(self, id_: str) -> tuple[str, str] | None:
        """Return the call and the extension of one leg."""


class Control(Protocol):
    """Carries wishes out."""

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> None:
        """Do it, or raise a BridgeError."""


class Keys:
    """Takes them from the dialplan, and carries them out one after the other."""

    def __init__(self, *, grip: Grip, people: People, control: Control) -> None:
        self._grip = grip
        self._people = people
        self._control = control
        self._pressed: asyncio.Queue[str] = asyncio.Queue(maxsize=MOST_WAITING)

    def pressed(self, leg: str) -> None:
        """Hear that the key for a conference was pressed at this leg."""
        if not self._pressed.full():
            self._pressed.put_nowait(leg)

    async def run(self) -> None:
        """Do what was pressed, for ever."""
        while True:
            await self._do(await self._pressed.get())

    async def _do(self, leg: str) -> None:
        found = self._grip.of_leg(leg)
        persons = () if found is None else self._people.by_extension(found[1])
        if found is None or not persons:
            return  # a telephone that is nobody's has no rooms
        call, extension = found
        wish = Wish(verb="conference", call=call, extension=extension)
        try:
            await self._control.do(
                persons[0].login, wish, credential=BY_KEY, key=lambda: secrets.token_hex(16)
            )  # fmt: skip
        except BridgeError as error:
            log.info("control.key_refused", call=call, code=error.code)
