"""The calendars whose appointments become conferences: whether they can be read."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.errors import NotReachableError, RefusedError

MISSING = Kind(
    code="calendars.missing",
    severity="error",
    what=Words(
        "Der Kalender «{calendar}» aus [rooms] {key} ist nicht lesbar: {why}. Aus seinen Terminen wird nichts.",
        "The calendar “{calendar}” of [rooms] {key} cannot be read: {why}. No appointment in it becomes a conference.",
    ),
    do=Words(
        "Pfad in der Konfiguration prüfen und dem Konto «{user}» in der Groupware Lese- und Schreibrecht geben.",
        "Look at its path in the configuration, and let the account “{user}” read and write it in the groupware.",
    ),
)
FINE = Kind(
    code="calendars.fine",
    severity="ok",
    what=Words(
        "Kalender für Konferenzen, die lesbar sind: {count}.",
        "Calendars for conferences that can be read: {count}.",
    ),
)


class Calendar(Protocol):
    """A calendar at the groupware."""

    async def changes(self, token: str | None) -> object:
        """List what is in it."""


Open = Callable[[str], AbstractAsyncContextManager[Calendar]]


class Booking:
    """Looks at the calendars."""

    def __init__(self, config: Config, *, open_: Open) -> None:
        """`open_` gives the calendar with this path, as the account that looks at calendars."""
        self._config = config
        self._open = open_

    async def check(self) -> list[Finding]:
        """Look at them, if there are any."""
        wanted = list(self._wanted())
        rooms = self._config.rooms
        user = rooms.account.user or self._config.groupware.user
        found = []
        for key, path in wanted:
            try:
                async with self._open(path) as calendar:
                    await calendar.changes(None)
            except (RefusedError, NotReachableError) as error:
                found.append(MISSING(calendar=path, key=key, why=str(error), user=user))
        return found or ([FINE(count=len(wanted))] if wanted else [])

    def _wanted(self) -> Iterable[tuple[str, str]]:
        rooms = self._config.rooms
        yield from ((key, path) for key, path in (("calendar", rooms.calendar), ("invited", rooms.invited)) if path)
        yield from (("edits", path) for path in rooms.edits)
