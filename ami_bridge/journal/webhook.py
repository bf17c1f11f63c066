"""Missed calls are told to a receiver elsewhere, such as a room of a chat: each at least once, or given up aloud."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.config_journal import MissedWebhook
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.journal.entries import Entries
from ami_bridge.journal.forms import Missed, message, sentence
from ami_bridge.journal.model import Kept, Notice, rank
from ami_bridge.journal.post import Poster
from ami_bridge.people.model import People

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(days=1)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
LOOK_EVERY = 2.0
"""Seconds between two looks whether something is to be told."""


class Notices(Protocol):
    """What is to be told, until it is."""

    async def due(self, now: datetime, *, limit: int = 200) -> list[Notice]:
        """Return what is to be told by now, the oldest first."""

    async def later(self, notice: Notice, due: datetime, *, tries: int) -> bool:
        """Put it off."""

    async def drop(self, notice: Notice) -> None:
        """Forget it."""


class Calls(Protocol):
    """The journal."""

    async def of_call(self, call_id: str) -> list[Kept]:
        """Return all rows of one call."""


class Webhook:
    """Tells missed calls."""

    def __init__(
        self,
        config: MissedWebhook,
        *,
        notices: Notices,
        calls: Calls,
        entries: Entries,
        people: People,
        lives: Callable[[str], bool],
        poster: Poster,
        language: str,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """`lives` knows whether a call is going on: somebody else may still take it."""
        self._config = config
        self._notices = notices
        self._calls = calls
        self._entries = entries
        self._people = people
        self._lives = lives
        self._poster = poster
        self._language = language
        self._new_id = new_id
        self._now = now
        self._failures = 0
        """In a row, of the receiver as a whole."""
        self._not_before: datetime | None = None

    def notice(self, row: Kept) -> Notice | None:
        """Return what is to be told of a call, to be kept together with it; None where nothing is."""
        person = self._people.by_login(row.login) if row.login is not None else None
        if person is None or not row.unanswered or row.private:
            return None
        department = person.department or ""
        if self._config.departments and department not in self._config.departments:
            return None
        now = self._now()
        return Notice(
            id=self._new_id(),
            pbx_id=row.pbx_id,
            call_id=row.call_id,
            department=department,
            created=now,
            due=now + timedelta(seconds=self._config.wait),
        )

    async def send(self) -> None:
        """Tell what is due; where the receiver is away, all the rest waits with it."""
        now = self._now()
        if self._not_before is not None and now < self._not_before:
            return
        for notice in await self._notices.due(now):
            if now - notice.created >= GIVE_UP_AFTER:
                log.error("webhook.gave_up", notice=notice.id, tries=notice.tries)
                await self._notices.drop(notice)
                continue
            try:
                await self._tell(notice)
            except NotReachableError as error:
                await self._put_off(notice)
                self._failures += 1
                self._not_before = self._now() + _pause(self._failures)
                if self._failures == 1:
                    log.warning("webhook.away", why=str(error))
                return
            except RefusedError as error:  # this one alone may be at fault
                log.warning("webhook.refused", notice=notice.id, why=str(error))
                await self._put_off(notice)
                continue
            self._not_before = None
            if self._failures:
                self._failures = 0
                log.info("webhook.is_back")

    async def _tell(self, notice: Notice) -> None:
        if self._lives(notice.call_id):
            await self._notices.later(
                notice, self._now() + timedelta(seconds=max(1.0, self._config.wait)), tries=notice.tries
            )
            return
        if (row := self._still_missed(notice, await self._calls.of_call(notice.call_id))) is not None:
            missed = self._missed(notice, row)
            text = sentence(missed, self._language)
            config = self._config
            await self._poster.send(message(missed, config.kind, url=config.url, secret=config.secret, text=text))
        await self._notices.drop(notice)

    async def _put_off(self, notice: Notice) -> None:
        tries = notice.tries + 1
        await self._notices.later(notice, self._now() + _pause(tries), tries=tries)

    def _still_missed(self, notice: Notice, rows: Sequence[Kept]) -> Kept | None:
        """Return the row to tell of, unless somebody has taken the call, called back, or made it private meanwhile."""
        theirs = [row for row in rows if not row.private and self._department_of(row) == notice.department]
        row = min(theirs, key=rank, default=None)
        return row if row is not None and row.unanswered and row.done_at is None else None

    def _department_of(self, row: Kept) -> str | None:
        person = self._people.by_login(row.login) if row.login is not None else None
        return None if person is None else person.department or ""

    def _missed(self, notice: Notice, row: Kept) -> Missed:
        peer = self._entries.peer(row.peer_number)  # as anybody may know it: no private names leave the house
        return Missed(
            id=notice.id,
            department=notice.department or None,
            extension=row.extension,
            callee=self._entries.person(row.login) if row.login is not None else None,
            line=None if row.line is None else self._entries.line(row.line),
            started_at=row.started_at,
            ended_at=row.ended_at,
            name=peer.name,
            number=peer.number if self._config.number else None,
            display=peer.display or None if self._config.number else None,
        )


def _pause(tries: int) -> timedelta:
    """Return how long to wait after so many failures."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(tries - 1, 10)))
