"""Shows somebody outside that we live, but only while alarms are looked after: they notice our silence."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.journal.forms import Message

log = structlog.get_logger()

EVERY = 60.0
FRESH = timedelta(minutes=3)
"""How long ago the auditor may have succeeded; it looks each minute."""


class Poster(Protocol):
    """Sends one message."""

    async def send(self, message: Message) -> None:
        """Send it; raises NotReachableError or RefusedError."""


class Watcher:
    """A heartbeat of ours."""

    def __init__(
        self,
        poster: Poster,
        *,
        url: str,
        audited: Callable[[], datetime | None],
        now: Callable[[], datetime],
    ) -> None:
        """`audited` tells when the auditor last went through all open alarms."""
        self._poster = poster
        self._url = url
        self._audited = audited
        self._now = now
        self._failed = False

    async def beat(self) -> bool:
        """Show that we live, if we do; the watcher alarms when nothing comes. Whether that was heard is returned."""
        last = self._audited()
        if last is None or self._now() - last > FRESH:
            log.error("alarm.watcher_not_told", why="the auditor has not succeeded lately")
            return False
        try:
            await self._poster.send(Message(method="GET", url=self._url, headers={}, body=b""))
        except (NotReachableError, RefusedError) as error:
            if not self._failed:
                log.warning("alarm.watcher_away", why=str(error))
            self._failed = True
            return False
        if self._failed:
            log.info("alarm.watcher_is_back")
        self._failed = False
        return True
