"""The entrance for who comes by the word of another (OpenID Connect, Kerberos): failures count, strangers leave."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from aiohttp import web

from ami_bridge.errors import BridgeError, NotAllowedError, NotReachableError, RateLimitedError
from ami_bridge.people.access import Access
from ami_bridge.people.model import People
from ami_bridge.people.signin import PER_SOURCE, WITHIN
from ami_bridge.people.signin_html import page, spoken
from ami_bridge.people.tries import Tries
from ami_bridge.web.identity import network_of, source_of
from ami_bridge.web.problem import STATUS

log = structlog.get_logger()


class Entrance:
    """One for all ways, so that failures of one address count together."""

    def __init__(self, *, access: Access, people: People, now: Callable[[], datetime]) -> None:
        self._access = access
        self._people = people
        self._now = now
        self._by_source = Tries(most=PER_SOURCE, within=WITHIN)

    async def enter(self, request: web.Request, login: Callable[[], Awaitable[str]], *, way: str) -> str:
        """Begin the session of the person whose login is returned there; return its secret.

        Raises whatever `login` does, NotAllowedError for a login that is nobody's here, and RateLimitedError before it
        is asked where this address has failed too often. That nobody could be asked is no failure.
        """
        source, now = network_of(source_of(request)), self._now()
        if (wait := self._by_source.wait(source, now)) > 0:
            raise RateLimitedError("Too many sign-ins that failed; try again later.", retry_after=wait)
        self._by_source.count(source, now)
        try:
            person = self._people.by_login(await login())
            if person is None:
                raise NotAllowedError("nobody here has this login")
        except NotReachableError as error:
            self._by_source.give_back(source)
            log.warning("people.sign_in_away", why=str(error))
            raise
        except BridgeError as error:
            log.info("people.entrance_refused", way=way, source=source, why=str(error))
            raise
        self._by_source.give_back(source)
        _, secret = await self._access.new_session(person.login, way=way)
        return secret


def told(request: web.Request, error: BridgeError, *, again_at: str, why: str = "") -> web.Response:
    """Answer with a page, since a person sees it; `why` is its text where the code of the error says too little."""
    text = page(why or error.code, spoken(request.headers.get("Accept-Language", "")), again_at=again_at)
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, RateLimitedError) else {}
    return web.Response(
        text=text, status=STATUS[error.code], content_type="text/html", charset="utf-8", headers=headers
    )
