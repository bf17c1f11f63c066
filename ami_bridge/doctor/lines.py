"""Whether there are lines enough for the conferences that are booked."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words, listed
from ami_bridge.rooms.lines import Crowd

ZONE = ZoneInfo("Europe/Berlin")
SHORT = Kind(
    code="lines.short",
    severity="warning",
    what=Words(
        "Zu manchen Zeiten sind mehr Konferenzen gebucht, als [rooms.lines] {lines} Leitungen hat: {when}.",
        "At some times more conferences are booked than the {lines} of [rooms.lines] carry: {when}.",
    ),
    do=Words(
        "Eine der Konferenzen verlegen, oder mehr Gesprächskanäle bestellen und [rooms.lines] anpassen.",
        "Move one of the conferences, or order more channels and set [rooms.lines] accordingly.",
    ),
)
FINE = Kind(
    code="lines.fine",
    severity="ok",
    what=Words(
        "Für die gebuchten Konferenzen reichen die {lines} Leitungen.",
        "For the conferences that are booked the {lines} lines are enough.",
    ),
)


class Lines:
    """Looks at what is booked."""

    def __init__(self, config: Config, *, crowds: Callable[[datetime], Sequence[Crowd]]) -> None:
        self._lines = config.rooms.lines
        self._crowds = crowds

    def check(self, now: datetime) -> list[Finding]:
        """Compare what is booked with the lines; nothing is said where it is not known how many there are."""
        if not self._lines:
            return []
        found = self._crowds(now)
        if not found:
            return [FINE(lines=self._lines)]
        when = [f"{one.at.astimezone(ZONE):%d.%m.%Y %H:%M} ({one.rooms} → {one.needed})" for one in found]
        return [SHORT(lines=self._lines, when=listed(when))]
