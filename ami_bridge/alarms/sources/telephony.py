"""Nobody can be rung: Asterisk is away, or a trunk by which alarms go out. That is an alarm, told by all other ways."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from ami_bridge.alarms.model import Priority
from ami_bridge.errors import NotReachableError

LOOK_EVERY = 5.0
PATIENCE = 30.0
"""Seconds; a restart of Asterisk is shorter, and a registration that is renewed."""
POINT = "telephone"
_TEXTS = {
    "de": {
        "pbx": "Die Telefonanlage ist nicht erreichbar: zu Alarmen kann niemand angerufen werden.",
        "trunk": "Der Anschluss {trunk} ist gestört: auf diesem Weg erreichen Alarme niemanden draußen.",
    },
    "en": {
        "pbx": "The PBX cannot be reached: nobody can be called about alarms.",
        "trunk": "The trunk {trunk} is out of order: alarms reach nobody outside that way.",
    },
}


class Troubles(Protocol):
    """Where it is told."""

    async def wrong(self, key: str, text: str, *, point: str, priority: Priority | None = None) -> None:
        """Raise it, unless it is raised already."""

    async def fine(self, key: str, *, point: str) -> None:
        """End it, if it is raised."""


class Telephony:
    """Looks whether alarms find their way out."""

    def __init__(
        self,
        *,
        up: Callable[[], bool],
        trunks: Sequence[str],
        there: Callable[[str], bool | None],
        troubles: Troubles,
        language: str,
        clock: Callable[[], float],
    ) -> None:
        """`up` says whether Asterisk is connected, `there` whether a device can be reached; None: that is not known."""
        self._up = up
        self._trunks = [one for one in dict.fromkeys(trunks) if one]
        self._there = there
        self._troubles = troubles
        self._texts = _TEXTS.get(language, _TEXTS["en"])
        self._clock = clock
        self._since: dict[str, float] = {}
        """By key, since when it has been wrong."""

    async def look(self) -> None:
        """Have one look; what cannot be kept now is told at the next one."""
        up = self._up()
        with suppress(NotReachableError):
            await self._judge("pbx", well=up, text=self._texts["pbx"], priority=1)
        if not up:
            return  # what is known of trunks is old
        for trunk in self._trunks:
            if (there := self._there(f"PJSIP/{trunk}")) is None:
                continue
            with suppress(NotReachableError):
                text = self._texts["trunk"].format(trunk=trunk)
                await self._judge(f"trunk/{trunk}", well=there, text=text, priority=2)

    async def _judge(self, key: str, *, well: bool, text: str, priority: Priority) -> None:
        if well:
            self._since.pop(key, None)
            await self._troubles.fine(key, point=POINT)
        elif self._clock() - self._since.setdefault(key, self._clock()) >= PATIENCE:
            await self._troubles.wrong(key, text, point=POINT, priority=priority)
