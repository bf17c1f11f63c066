"""The groupware: whether it answers, takes our password and has our books, how old what we know is, and its clock."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ami_bridge.config import Config
from ami_bridge.contacts.sync import BookSeen
from ami_bridge.dav.client import Book
from ami_bridge.doctor.clock import off
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.errors import NotReachableError, RefusedError

AWAY = Kind(
    code="groupware.away",
    severity="error",
    what=Words("Die Groupware {url} antwortet nicht: {why}.", "The groupware {url} does not answer: {why}."),
    do=Words(
        "Adresse in [groupware.url], Namensauflösung und Firewall prüfen. Bis dahin gelten die zuletzt "
        "gelesenen Namen, "
        "und niemand kann sich neu anmelden.",
        "Look at [groupware.url], name resolution and firewall. Until then the names read last serve, and nobody can "
        "sign in anew.",
    ),
)
REFUSED = Kind(
    code="groupware.refused",
    severity="error",
    what=Words("Die Groupware lehnt das Konto «{user}» ab.", "The groupware refuses the account “{user}”."),
    do=Words(
        "[groupware] user und die Datei aus password_file prüfen, danach den Dienst neu starten.",
        "Look at [groupware] user and the file of password_file, then restart the daemon.",
    ),
)
NO_BOOK = Kind(
    code="groupware.book_missing",
    severity="error",
    what=Words(
        "Das Adressbuch «{book}» ist nicht zu lesen: {why}.", "The address book “{book}” cannot be read: {why}."
    ),
    do=Words(
        "Pfad in der Konfiguration prüfen und dem Konto «{user}» in der Groupware Leserecht geben.",
        "Look at its path in the configuration, and let the account “{user}” read it in the groupware.",
    ),
)
OLD = Kind(
    code="groupware.book_old",
    severity="warning",
    what=Words(
        "Das Adressbuch «{book}» wurde zuletzt vor {minutes} Minuten gelesen.",
        "The address book “{book}” was last read {minutes} minutes ago.",
    ),
    do=Words("«ami-bridge sync» zeigt, woran es liegt.", "“ami-bridge sync” shows why."),
)
FINE = Kind(
    code="groupware.fine",
    severity="ok",
    what=Words(
        "Die Groupware antwortet, und {count} Adressbücher sind lesbar.",
        "The groupware answers, and {count} address books can be read.",
    ),
)
TURNS_MISSED = 3
LEAST_AGE = timedelta(minutes=2)


class Dav(Protocol):
    """What we need of the groupware."""

    async def book(self, name: str) -> Book:
        """Describe a book."""

    async def books(self) -> list[Book]:
        """Find our user's books."""

    async def clock(self) -> datetime | None:
        """Say what time it is there."""


class Groupware:
    """Looks at the groupware."""

    def __init__(
        self,
        config: Config,
        *,
        dav: Dav,
        booking: Callable[[], Awaitable[Sequence[Finding]]],
        seen: Callable[[], Sequence[BookSeen]] | None,
        now: Callable[[], datetime],
    ) -> None:
        """`booking` looks at the calendars too, where the groupware answers.

        `seen` tells when the daemon read each book last; without a daemon there is nothing to tell.
        """
        self._config = config
        self._dav = dav
        self._booking = booking
        self._seen = seen
        self._now = now

    async def check(self) -> list[Finding]:
        """Look at it, if there is one."""
        config = self._config.groupware
        if not config.url:
            return []
        try:
            theirs = await self._dav.clock()
            found = list(off("Groupware", theirs, self._now())) if theirs else []
            await self._dav.books()
        except NotReachableError as error:
            return [AWAY(url=config.url, why=str(error))]
        except RefusedError:
            return [REFUSED(user=config.user)]
        return [*found, *await self._books(), *self._old(), *await self._booking()]

    async def _books(self) -> list[Finding]:
        paths = [book.path for book in self._config.book]
        if self._config.people.book:
            paths.append(self._config.people.book)
        found = []
        for path in paths:
            try:
                await self._dav.book(path)
            except (RefusedError, NotReachableError) as error:
                found.append(NO_BOOK(book=path, why=str(error), user=self._config.groupware.user))
        return found or [FINE(count=len(paths))]

    def _old(self) -> Iterator[Finding]:
        most = max(LEAST_AGE, timedelta(seconds=TURNS_MISSED * self._config.groupware.sync_every))
        for book in self._seen() if self._seen else ():
            if book.at is not None and (age := self._now() - book.at) > most:
                yield OLD(book=book.label or book.path, minutes=round(age.total_seconds() / 60))
