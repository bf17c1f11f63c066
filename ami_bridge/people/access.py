"""What people hold once they are signed in: app tokens of programs, sessions of browsers."""

import hashlib
import secrets
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from ami_bridge.errors import BadRequestError, NotAllowedError, NotFoundError, RateLimitedError, UnauthorisedError
from ami_bridge.ids import new_id
from ami_bridge.people.model import People, Session, Token
from ami_bridge.people.store import CredentialStore
from ami_bridge.people.tries import Tries
from ami_bridge.web.identity import SCOPES, Bearer, Cookie, Doorway, Identity, network_of, source_of

log = structlog.get_logger()

PREFIX = "amib_"
"""So that a token that got lost is recognised, by people and by scanners."""
TOKEN_HOLDS = timedelta(days=365)
NOTED_EVERY = timedelta(minutes=1)
"""A use is written at most this often."""
MOST_TOKENS = 50
MOST_OF_BROKER = 20
"""Tokens that one broker has made for one person and that hold: screens at the same time, mostly."""
MOST_SESSIONS = 20
LONGEST_NAME = 100
WRONG_PER_SOURCE = 1000
WRONG_WITHIN = timedelta(minutes=15)
"""Tokens that open nothing, from one address: a terminal server whose clients all hold old ones does not guess."""


class Access:
    """Gives out, recognises and takes back credentials; fits `web.identity.Guard`."""

    def __init__(
        self,
        *,
        store: CredentialStore,
        people: People,
        doorway: Doorway,
        now: Callable[[], datetime],
        session_hours: float,
        on_revoked: Callable[[str], None],
    ) -> None:
        self._store = store
        self._people = people
        self._doorway = doorway
        self._now = now
        self._session_holds = timedelta(hours=session_hours)
        self._on_revoked = on_revoked
        self._wrong = Tries(most=WRONG_PER_SOURCE, within=WRONG_WITHIN)

    async def identify(self, request: web.Request) -> Identity:
        """Return whose request it is; raises UnauthorisedError when it is nobody's."""
        shown = self._doorway.credential(request)
        try:
            match shown:
                case Bearer(secret):
                    return await self._by_token(secret)
                case Cookie(secret):
                    return await self._by_session(secret)
        except UnauthorisedError:
            self._guessed(network_of(source_of(request)))
            raise

    def _guessed(self, source: str) -> None:
        """Count what opened nothing; who shows a lot of it is answered less and less, whoever is right at once.

        256 random bits are not guessed; but the tries cost the others time, and somebody should know of them.
        """
        now = self._now()
        if (wait := self._wrong.wait(source, now)) > 0:
            raise RateLimitedError("Too many wrong tokens; try again later.", retry_after=wait)
        self._wrong.count(source, now)
        if self._wrong.wait(source, now) > 0:
            log.warning("people.guessing", source=source)

    async def new_token(
        self,
        login: str,
        *,
        name: str,
        host: str | None = None,
        scopes: Collection[str] = SCOPES,
        within: AbstractSet[str] = frozenset(SCOPES),
    ) -> tuple[Token, str]:
        """Make a token; its text is told here and never again. `within` are the scopes one may pass on."""
        if sum(one.broker is None for one in await self.tokens_of(login)) >= MOST_TOKENS:
            raise NotAllowedError(f"Nobody can have more than {MOST_TOKENS} tokens; revoke one that is not needed.")
        return await self._new_token(login, name=name, host=host, scopes=scopes, within=within, holds=TOKEN_HOLDS)

    async def new_token_of_broker(
        self, login: str, broker: str, *, name: str, host: str | None, scopes: Collection[str], holds: timedelta
    ) -> tuple[Token, str]:
        """Make a token for somebody at a terminal server; where that has made many for them, the oldest end."""
        theirs = [one for one in await self.tokens_of(login) if one.broker == broker]
        for old in theirs[: max(0, len(theirs) - MOST_OF_BROKER + 1)]:
            await self.revoke_token(login, old.id)
        return await self._new_token(login, name=name, host=host, scopes=scopes, holds=holds, broker=broker)

    async def _new_token(
        self,
        login: str,
        *,
        name: str,
        host: str | None,
        scopes: Collection[str],
        within: AbstractSet[str] = frozenset(SCOPES),
        holds: timedelta,
        broker: str | None = None,
    ) -> tuple[Token, str]:
        check_words(name, host)
        wanted = tuple(scope for scope in SCOPES if scope in scopes)
        if not wanted or len(wanted) != len(set(scopes)):
            raise BadRequestError(f"Scopes are one or more of: {', '.join(SCOPES)}.")
        if not within >= set(wanted):
            raise NotAllowedError("A token cannot make one that may do more than itself.")
        now = self._now()
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=new_id(now),
            login=login,
            name=name,
            host=host,
            scopes=wanted,
            created=now,
            expires=now + holds,
            broker=broker,
        )
        await self._store.add_token(token, hashed(secret))
        log.info("people.token_made", token=token.id, scopes=wanted)
        return token, secret

    async def tokens_of(self, login: str) -> list[Token]:
        """Return a person's tokens that still hold."""
        return [token for token in await self._store.tokens_of(login) if token.expires > self._now()]

    async def all_tokens(self, *, login: str | None, after: str | None, limit: int) -> list[Token]:
        """Return a piece of all tokens that hold, of everybody or one person, the oldest first."""
        return await self._store.all_tokens(self._now(), login=login, after=after, limit=limit)

    async def owner_of(self, token_id: str) -> str:
        """Return whose token this is; raises NotFoundError where it does not hold."""
        login = await self._store.owner_of(token_id)
        if login is None:
            raise NotFoundError("There is no such token, or it is revoked already.")
        return login

    async def revoke_token(self, login: str, token_id: str) -> None:
        """End a token of this person and all its links, at once."""
        if not await self._store.revoke_token(token_id, login, self._now()):
            raise NotFoundError("There is no such token, or it is revoked already.")
        log.info("people.token_revoked", token=token_id)
        self._on_revoked(f"token:{token_id}")

    async def end_tokens_of_broker(self, broker: str) -> int:
        """End all tokens that a broker had made, and their links, at once; returns how many."""
        ended = await self._store.revoke_tokens_of(broker, self._now())
        for token_id in ended:
            self._on_revoked(f"token:{token_id}")
        return len(ended)

    async def new_session(self, login: str, *, way: str) -> tuple[Session, str]:
        """Begin a session of who has signed in this way; the oldest ends where somebody has too many."""
        for old in (await self._store.sessions_of(login))[: -MOST_SESSIONS + 1]:
            await self.end_session(old.id)
        now = self._now()
        secret = secrets.token_urlsafe(32)
        expires = now + self._session_holds
        session = Session(id=new_id(now), login=login, created=now, last_used=now, expires=expires)
        await self._store.add_session(session, hashed(secret))
        log.info("people.signed_in", way=way, credential=f"session:{session.id}")
        return session, secret

    async def end_session(self, session_id: str) -> None:
        """End a session and all its links; one that is over already is no error."""
        await self._store.end_session(session_id)
        self._on_revoked(f"session:{session_id}")

    async def forget(self, logins: Collection[str]) -> None:
        """End all that these people hold, at once: they do not work here any more."""
        token_ids, session_ids = await self._store.forget(logins, self._now())
        for token_id in token_ids:
            self._on_revoked(f"token:{token_id}")
        for session_id in session_ids:
            self._on_revoked(f"session:{session_id}")
        if token_ids or session_ids:
            log.info("people.forgotten", tokens=len(token_ids), sessions=len(session_ids))

    async def purge(self) -> int:
        """Delete what is over, and end links that still hang on it; returns how many."""
        now = self._now()
        for credential in await self._store.over(now):
            self._on_revoked(credential)
        return await self._store.purge(now)

    async def _by_token(self, secret: str) -> Identity:
        token = await self._store.token(hashed(secret)) if secret.startswith(PREFIX) else None
        now = self._now()
        if token is None or token.expires <= now:
            raise UnauthorisedError("The token is not known, or is over; make a new one.")
        self._must_work_here(token.login)
        expires = token.expires
        if token.last_used is None or now - token.last_used >= NOTED_EVERY:
            expires = token.expires if token.broker else now + TOKEN_HOLDS
            await self._store.token_used(token, now=now, expires=expires)
        return Identity(
            login=token.login,
            credential=f"token:{token.id}",
            scopes=frozenset(token.scopes),
            expires=expires,
            host=token.host,
            lent=token.broker is not None,
        )

    async def _by_session(self, secret: str) -> Identity:
        session = await self._store.session(hashed(secret))
        now = self._now()
        if session is None or session.expires <= now:
            raise UnauthorisedError("The session is over; sign in again.")
        self._must_work_here(session.login)
        expires = session.expires
        if now - session.last_used >= NOTED_EVERY:
            expires = now + self._session_holds
            await self._store.session_used(session, now=now, expires=expires)
        return Identity(
            login=session.login, credential=f"session:{session.id}", scopes=frozenset(SCOPES), expires=expires
        )

    def _must_work_here(self, login: str) -> None:
        if self._people.by_login(login) is None:
            raise UnauthorisedError("This person is not in the staff book any more.")


def hashed(secret: str) -> bytes:
    """Return what is kept of a secret: 256 random bits need no salt and no slow hash: nobody guesses them."""
    return hashlib.sha256(secret.encode()).digest()


def check_words(name: str, host: str | None = None) -> None:
    """Raise BadRequestError unless name and host can be shown in a list."""
    for word in (name, host):
        if word is not None and not (0 < len(word.strip()) <= LONGEST_NAME and len(word) <= LONGEST_NAME):
            raise BadRequestError(f"Name and host are 1 to {LONGEST_NAME} characters.")
        if word is not None and not word.isprintable():
            raise BadRequestError("Name and host are one line of plain text.")
