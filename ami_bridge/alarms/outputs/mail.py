"""Alarms by mail. A mail is delivered, perhaps; it is never an acknowledgement."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from ami_bridge.alarms.model import Told
from ami_bridge.alarms.outputs.sentences import letter, line
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

MOST_REMEMBERED = 1000


class Post(Protocol):
    """Where mails are handed in."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send one. Raises NotReachableError to try again, RefusedError where that would not help."""


class MailOutput:
    """Tells the addresses that are configured."""

    def __init__(self, post: Post, *, to: Sequence[str], language: str) -> None:
        self._post = post
        self._to = tuple(to)
        self._language = language
        self._done: dict[tuple[str, str], None] = {}

    async def tell(self, what: Told) -> None:
        """Write to all; one address that fails costs the others nothing, and is tried again alone."""
        subject, text = line(what, self._language), letter(what, self._language)
        away: NotReachableError | None = None
        refused = 0
        for address in self._to:
            if (what.id, address) in self._done:
                continue
            try:
                await self._post.send(address, subject[:200], text)
            except NotReachableError as error:
                away = error
                continue
            except RefusedError as error:
                refused += 1
                log.warning("alarm.mail_output_refused", alarm=what.alarm.id, why=str(error))
            self._done[what.id, address] = None
        while len(self._done) > MOST_REMEMBERED:
            del self._done[next(iter(self._done))]
        if away is not None:
            raise away
        if refused == len(self._to):
            raise RefusedError("the mail server takes mails for none of the addresses")
