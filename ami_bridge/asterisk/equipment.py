"""What an Asterisk is equipped for: read after each login, and again when telephones come or go."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from ami_bridge.asterisk import moves, phone, queue_phone, translate
from ami_bridge.asterisk.snapshot import Link
from ami_bridge.calls.actions import Means
from ami_bridge.calls.devices import Registered
from ami_bridge.errors import RefusedError

log = structlog.get_logger()

AGAIN_AFTER = 60.0
SETTLES = 0.2
"""Seconds after a registration until it is looked at: in the morning all come at once."""


class Equipment:
    """Keeps up to date which telephones there are and what the dialplan is prepared for."""

    def __init__(
        self,
        *,
        pbx: str,
        link: Link,
        means: Callable[[Means], None],
        registered: Callable[[Mapping[str, Registered]], None],
        arrived: Callable[[str], None],
    ) -> None:
        """`means` and `registered` are told what was found, `arrived` who registers, at once."""
        self._pbx = pbx
        self._link = link
        self._means = means
        self._registered = registered
        self._arrived = arrived
        self._wake = asyncio.Event()
        self._said: str | None = None

    def take(self, message: Mapping[str, str]) -> bool:
        """Hear that a telephone came or went; others may want to hear it too."""
        if (device := translate.came_or_went(message)) is not None:
            if translate.has_come(message):
                self._arrived(device)
            self._wake.set()
        return False

    async def run(self) -> None:
        """Look, again and again, as long as the connection lives (the link cancels it)."""
        while True:
            self._wake.clear()
            try:
                self._means(await self._look_at_the_dialplan())
                self._registered(await self._look_at_telephones())
                self._said = None
            except RefusedError as error:  # a right is missing; calls are shown all the same
                if self._said != str(error):
                    log.warning("control.not_told", pbx=self._pbx, why=str(error))
                self._said = str(error)
            try:
                async with asyncio.timeout(AGAIN_AFTER):
                    await self._wake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(SETTLES)

    async def _look_at_the_dialplan(self) -> Means:
        """Ask what it is prepared for. Raises NotReachableError, and RefusedError where a right is missing."""
        send = await self._has(moves.context(moves.SEND)) and await self._says("BRIDGE_DIAL") != ""
        return Means(
            send=send,
            consult=send and await self._says("BRIDGE_CONSULT") != "",
            park=await self._has(phone.Action("Parkinglots", {})),
            take=send and await self._has(moves.context(moves.TAKE)),
            queues=await self._may(queue_phone.MAY_STEER),
        )

    async def _look_at_telephones(self) -> dict[str, Registered]:
        contacts = await self._link.items(*moves.contacts())
        return translate.registrations(contacts, await self._link.items("DeviceStateList"))

    async def _has(self, action: phone.Action) -> bool:
        """Whether there is any of it; what Asterisk does not know is not there."""
        try:
            return bool(await self._link.items(*action))
        except RefusedError as error:
            if "ermission" in str(error):
                raise
            return False

    async def _may(self, action: phone.Action) -> bool:
        """Whether the account may send an action: this one lacks everything, and does nothing."""
        try:
            await self._link.send(*action)
        except RefusedError as error:
            return any(word in str(error) for word in queue_phone.LACKS)
        return True

    async def _says(self, name: moves.Global) -> str:
        answer = await self._link.send(*moves.variable(name))
        return "" if isinstance(answer, list) else translate.value(answer)
