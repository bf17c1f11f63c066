"""Which bubbles are on the screen: brought in line with what is wanted, one at a time, and shown anew in time."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct

from ami_bridge.desktop.bubble import Bubble
from ami_bridge.desktop.bus import BusError
from ami_bridge.desktop.notifications import DISMISSED, ExcessError

REFRESH_EVERY = 20.0
SLEPT = 10.0
"""A renewal that is so late was slept through: what it says may be over."""
PROOF_WITHIN = 3.0
"""Seconds in which the link finds out what is true now."""
AGAIN_AFTER_EXCESS = 1.2
AGAIN_AFTER_FAILURE = 5.0
MOST_NOTICES = 20
CLEAR_WITHIN = 2.0


class Service(Protocol):
    """Shows bubbles."""

    async def show(self, bubble: Bubble, *, replaces: int = 0) -> int:
        """Show it, in the place of another; return its number. Raises BusError, ExcessError."""

    async def close(self, number: int, *, within: float = 2.0) -> None:
        """Take it away. Raises BusError."""


class Slot(Struct):
    """The place of one bubble."""

    wanted: Bubble | None
    notice: bool = False
    """Whether it is forgotten when it leaves the screen."""
    shown: Bubble | None = None
    number: int = 0
    """What the service calls it; 0 when it is not on the screen."""
    due: float = 0.0
    """When it is to be shown (again)."""
    dismissed: str = ""
    """The occasion at which the person took it away."""


class Screen:
    """The bubbles of one person; `run` does the work."""

    def __init__(self, service: Service, *, clock: Callable[[], float]) -> None:
        self.active = True
        """Whether it is for us to show anything; another client may do so for the same desktop."""
        self.sure = True
        """Whether what is wanted is known to be true; else nothing is shown anew, and expires."""
        self._service = service
        self._clock = clock
        self._acted: Callable[[str, str], None] = _nobody
        self._slots: dict[str, Slot] = {}
        self._showing = False
        self._strays: list[Callable[[], None]] = []
        """What was told of unknown bubbles while one was about to get its number: perhaps of that one."""
        self._wake = asyncio.Event()
        self._leaving = False
        self._left = asyncio.Event()

    def want(self, bubbles: Mapping[str, Bubble]) -> None:
        """Say all that is to be seen of calls now; notices are besides."""
        for key, slot in self._slots.items():
            if not slot.notice and key not in bubbles:
                slot.wanted = None
        for key, bubble in bubbles.items():
            self._put(key, bubble, notice=False)
        self._wake.set()

    def notice(self, key: str, bubble: Bubble) -> None:
        """Show something once; it takes the place of what has the same key."""
        self._put(key, bubble, notice=True)
        notices = [key for key, slot in self._slots.items() if slot.notice]
        for old in notices[:-MOST_NOTICES]:
            del self._slots[old]
        self._wake.set()

    def rename(self, names: Mapping[str, str]) -> None:
        """Let bubbles go on under other keys."""
        for before, now in names.items():
            if before in self._slots and now not in self._slots:
                self._slots[now] = self._slots.pop(before)

    def again(self, key: str) -> None:
        """Show a bubble again that its own button has taken away: what it was for did not happen."""
        if (slot := self._slots.get(key)) is not None:
            slot.dismissed, slot.due = "", self._clock()
            self._wake.set()

    def certain(self, *, sure: bool) -> None:
        """Say whether what is wanted is known to be true; when it is again, what expired meanwhile comes back."""
        if sure and not self.sure:
            for slot in self._slots.values():
                slot.due = self._clock()
        self.sure = sure
        self._wake.set()

    def activate(self) -> None:
        """Show from now on."""
        self.active = True
        self._wake.set()

    # ---- What the service tells

    def pressed(self, number: int, verb: str) -> None:
        """Take that somebody has pressed a button of a bubble."""
        for key, slot in self._slots.items():
            if number and slot.number == number and slot.shown is not None:
                self._acted(key, slot.shown.default or verb if verb == "default" else verb)
                return
        if self._showing:
            self._strays.append(partial(self.pressed, number, verb))

    def closed(self, number: int, reason: int) -> None:
        """Take that a bubble is gone."""
        for key, slot in self._slots.items():
            if number and slot.number == number:
                slot.number = 0
                if reason == DISMISSED and slot.shown is not None:
                    slot.dismissed = slot.shown.occasion
                if slot.notice:
                    del self._slots[key]
                return
        if self._showing:
            self._strays.append(partial(self.closed, number, reason))

    def gone(self) -> None:
        """Take that all are gone, with the service that showed them; what is still true is shown by the next one."""
        for slot in self._slots.values():
            slot.number, slot.due = 0, self._clock()
        self._slots = {key: slot for key, slot in self._slots.items() if not slot.notice}
        self._wake.set()

    # ---- Doing it

    async def run(self, acted: Callable[[str, str], None]) -> None:
        """Keep the screen in line until `clear`; `acted` is told which button of which bubble was pressed."""
        self._acted = acted
        try:
            while not self._leaving:
                self._wake.clear()
                for key, slot in list(self._slots.items()):
                    if self.active and not self._leaving:
                        await self._turn(key, slot)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._until_next()):
                        await self._wake.wait()
            await self._take_all_away()
        finally:
            self._left.set()

    async def clear(self) -> None:
        """Take everything away, in little time, and end `run`; what it is showing just now has its number first."""
        self._leaving = True
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAR_WITHIN):
                await self._left.wait()

    async def _take_all_away(self) -> None:
        for slot in list(self._slots.values()):
            if slot.number:
                with contextlib.suppress(BusError):
                    await self._service.close(slot.number, within=CLEAR_WITHIN)
        self._slots = {}

    async def _turn(self, key: str, slot: Slot) -> None:
        """Do the next thing for one bubble."""
        if slot.wanted is None:
            if self._slots.get(key) is slot:
                del self._slots[key]
            if slot.number:
                with contextlib.suppress(BusError):
                    await self._service.close(slot.number)
        elif self._is_due(slot, slot.wanted):
            self._showing = True
            await self._show(key, slot, slot.wanted)
            self._showing = False
            strays, self._strays = self._strays, []
            for stray in strays:
                stray()

    def _is_due(self, slot: Slot, wanted: Bubble) -> bool:
        """Whether there is something new to show, or the old will expire."""
        if slot.dismissed == wanted.occasion or (not slot.number and not wanted.opens):
            return False
        if wanted == slot.shown:
            late = self._clock() - slot.due
            if late > SLEPT:
                slot.due += late + PROOF_WITHIN
            return wanted.stays and self.sure and 0 <= late <= SLEPT
        return slot.shown is not None or self._clock() >= slot.due  # else it failed a moment ago

    async def _show(self, key: str, slot: Slot, wanted: Bubble) -> None:
        now = self._clock()
        try:
            slot.number = await self._service.show(wanted, replaces=slot.number)
        except ExcessError:
            slot.due = now + AGAIN_AFTER_EXCESS
        except BusError:
            slot.number, slot.due = 0, now + AGAIN_AFTER_FAILURE
            if not wanted.stays:
                self._drop(key, slot)  # nobody is there to show it
        else:
            slot.shown, slot.due, slot.dismissed = wanted, now + REFRESH_EVERY, ""

    def _drop(self, key: str, slot: Slot) -> None:
        slot.shown = slot.wanted
        if slot.notice and self._slots.get(key) is slot:
            del self._slots[key]

    def _put(self, key: str, bubble: Bubble, *, notice: bool) -> None:
        slot = self._slots.get(key)
        if slot is None:
            self._slots[key] = Slot(wanted=bubble, notice=notice)
        else:
            slot.wanted, slot.notice = bubble, notice

    def _until_next(self) -> float | None:
        """Seconds until something is due by itself."""
        if not self.active:
            return None
        due = [
            slot.due
            for slot in self._slots.values()
            if slot.wanted is not None
            and slot.dismissed != slot.wanted.occasion
            and ((slot.wanted.stays and self.sure) or slot.wanted != slot.shown)
            and (slot.number or slot.wanted.opens)
        ]
        return max(0.01, min(due) - self._clock()) if due else None


def _nobody(_key: str, _verb: str) -> None:
    """Nobody hears what is pressed before it runs."""
