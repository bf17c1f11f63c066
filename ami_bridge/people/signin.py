"""Signing in: the groupware is asked once whether a password is right, and nobody can ask it often."""

import asyncio
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.errors import (
    BadRequestError,
    NotAllowedError,
    NotReachableError,
    RateLimitedError,
    RefusedError,
    UnauthorisedError,
)
from ami_bridge.people.model import People, Person
from ami_bridge.people.tries import Tries
from ami_bridge.web.identity import network_of

log = structlog.get_logger()

WITHIN = timedelta(minutes=15)
PER_LOGIN = 10
"""Wrong passwords of one login within that time: below what locks an account in a directory, mostly."""
PER_SOURCE = 100
"""Of one address: a terminal server is many people."""
AT_ONCE = 8
"""Questions to the groupware at the same time."""
ASK_WITHIN = 10.0
LONGEST_LOGIN = 200
LONGEST_PASSWORD = 1000


class Groupware(Protocol):
    """What we need of the groupware, or of a directory."""

    async def principal(self, user: str, password: str) -> str | None:
        """Return who that is there, None when the password is wrong; NotReachableError when it cannot tell."""
        ...


def as_typed(user: str, _principal: str) -> str:
    """Take the login as it was typed: a groupware's principal is an address, not a login."""
    return user


def as_written(_user: str, principal: str) -> str:
    """Take the login as the directory writes it: there, capitals do not matter."""
    return principal


class SignIn:
    """Asks the groupware, with the limits that keep guessing useless and accounts unlocked."""

    def __init__(
        self,
        *,
        groupware: Groupware,
        people: People,
        now: Callable[[], datetime],
        answers_after: float = 0.8,
        login_of: Callable[[str, str], str] = as_typed,
    ) -> None:
        self._groupware = groupware
        self._people = people
        self._now = now
        self._answers_after = answers_after
        self._by_login = Tries(most=PER_LOGIN, within=WITHIN)
        self._by_source = Tries(most=PER_SOURCE, within=WITHIN)
        self._login_of = login_of
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def check(self, user: str, password: str, *, source: str) -> Person:
        """Return the person with this login and password.

        Every verdict of the groupware is told after the same time, so that its speed tells nothing.
        """
        _refuse_nonsense(user, password)
        source, counted = network_of(source), _counted(user)
        wait = max(self._by_login.wait(counted, self._now()), self._by_source.wait(source, self._now()))
        if wait > 0:
            raise RateLimitedError("Too many wrong passwords; try again later.", retry_after=wait)
        loop = asyncio.get_running_loop()
        told_at = loop.time() + self._answers_after
        try:
            return await self._judge(user, password, source, counted)
        finally:
            await asyncio.sleep(max(0.0, told_at - loop.time()))

    async def _judge(self, user: str, password: str, source: str, counted: str) -> Person:
        self._by_login.count(counted, self._now())
        self._by_source.count(source, self._now())
        try:
            async with asyncio.timeout(ASK_WITHIN), self._turn:
                principal = await self._groupware.principal(user, password)
        except (NotReachableError, RefusedError, TimeoutError) as error:
            self._by_login.give_back(counted)
            self._by_source.give_back(source)
            log.warning("people.sign_in_away", why=str(error) or "no answer in time")
            raise NotReachableError("Passwords cannot be checked at the moment; try again later.") from error
        if principal is None:
            log.info("people.sign_in_refused", source=source)
            raise UnauthorisedError("User or password is wrong.")
        self._by_login.forgive(counted)
        self._by_source.give_back(source)
        person = self._people.by_login(self._login_of(user, principal))
        if person is None:
            raise NotAllowedError(
                "The password is right, but the staff book has no card with this login: "
                "ask the administrator to add one, then try again."
            )
        return person


def _refuse_nonsense(user: str, password: str) -> None:
    """Raise BadRequestError for what no groupware should be asked.

    Some take an empty password for an anonymous visit, which would let anybody in.
    """
    if not user or not password:
        raise BadRequestError("User and password are both needed.")
    if len(user) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD:
        raise BadRequestError("User or password is too long.")
    if not user.isprintable() or ":" in user or user != user.strip():
        raise BadRequestError("The user has characters that no login has.")


def _counted(user: str) -> str:
    """Return the login as it is counted: one directory takes all spellings for the same person."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", user).casefold())
