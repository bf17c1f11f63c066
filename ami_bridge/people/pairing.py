"""Pairing: a short code, shown on the page to who is signed in, lets one program in for that person, once."""

import asyncio
import secrets
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import structlog
from msgspec import Struct

from ami_bridge.errors import BadRequestError, NotAllowedError, RateLimitedError
from ami_bridge.people.access import Access, check_words, hashed
from ami_bridge.people.model import People, Token, desk_scopes
from ami_bridge.people.tries import Tries
from ami_bridge.web.identity import network_of

log = structlog.get_logger()

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""None that is taken for another when it is read aloud or typed from a screen."""
LENGTH = 8
HOLDS = timedelta(minutes=5)
WITHIN = timedelta(minutes=15)
PER_SOURCE = 20
IN_TOTAL = 300
"""Wrong codes within that time, from wherever: of 31^8 codes, some are right for five minutes."""
EVERYBODY = "everybody"
LONGEST = 40


class Offer(Struct, frozen=True):
    """A code that waits for its program."""

    login: str
    scopes: tuple[str, ...]
    expires: datetime


class Pairing:
    """Gives out codes and takes them; they are in memory alone, as hashes, and a restart forgets them."""

    def __init__(
        self, *, access: Access, people: People, now: Callable[[], datetime], answers_after: float = 0.8
    ) -> None:
        self._access = access
        self._people = people
        self._now = now
        self._answers_after = answers_after
        self._offers: dict[bytes, Offer] = {}
        self._by_source = Tries(most=PER_SOURCE, within=WITHIN)
        self._of_all = Tries(most=IN_TOTAL, within=WITHIN)

    def offer(self, login: str, *, scopes: AbstractSet[str]) -> tuple[str, datetime]:
        """Make a code for this person, instead of an earlier one; returns it as it is shown, and when it ends."""
        person = self._people.by_login(login)
        wanted = tuple(scope for scope in desk_scopes(person.roles if person else ()) if scope in scopes)
        if not wanted:
            raise NotAllowedError("This token is good for nothing that a program at a desk does.")
        now = self._now()
        self._offers = {
            code: offer for code, offer in self._offers.items() if offer.login != login and offer.expires > now
        }
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        self._offers[hashed(code)] = Offer(login, wanted, now + HOLDS)
        return f"{code[:4]}-{code[4:]}", now + HOLDS

    async def redeem(self, code: str, *, name: str, host: str | None, source: str) -> tuple[Token, str]:
        """Take a code and make the token of its person; every verdict is told after the same time."""
        check_words(name, host)
        source, now = network_of(source), self._now()
        if (wait := max(self._by_source.wait(source, now), self._of_all.wait(EVERYBODY, now))) > 0:
            raise RateLimitedError("Too many wrong codes; try again later.", retry_after=wait)
        self._by_source.count(source, now)
        self._of_all.count(EVERYBODY, now)
        loop = asyncio.get_running_loop()
        told_at = loop.time() + self._answers_after
        try:
            offer = self._offers.pop(hashed(_typed(code)), None)  # whatever comes of it: once
            if offer is None or offer.expires <= now or self._people.by_login(offer.login) is None:
                log.info("people.pairing_refused", source=source)
                raise BadRequestError("This code is not right, was used already, or is over: have a new one shown.")
            self._by_source.give_back(source)
            self._of_all.give_back(EVERYBODY)
            made = await self._access.new_token(offer.login, name=name, host=host, scopes=offer.scopes)
            log.info("people.paired", token=made[0].id)
            return made
        finally:
            await asyncio.sleep(max(0.0, told_at - loop.time()))


def _typed(code: str) -> str:
    """Return a code as it was made, however it was typed."""
    return "".join(one for one in code[:LONGEST].upper() if one not in "- \t")
