"""What administrators ask for, from what others know."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ami_bridge import __version__, wire
from ami_bridge.admin.model import (
    BookShown,
    GroupShown,
    PbxShown,
    PeoplePage,
    PersonShown,
    QueueShown,
    RateShown,
    Rules,
    SourceShown,
    State,
    TokenOfSomebody,
    TokensPage,
)
from ami_bridge.config import Config
from ami_bridge.contacts.folding import words
from ami_bridge.contacts.sync import BookSeen
from ami_bridge.doctor.reasons import in_german
from ami_bridge.errors import NotAllowedError
from ami_bridge.people.model import Person, Token
from ami_bridge.web.identity import SCOPES, Identity

UNUSED_FOR = timedelta(days=90)


class Sync(Protocol):
    """What we need of the looks at the address books."""

    @property
    def away(self) -> bool:
        """Whether the groupware did not answer."""

    def seen(self) -> Sequence[BookSeen]:
        """Tell how the looks at all books went."""


class People(Protocol):
    """What we need of the staff."""

    def all(self) -> Iterable[Person]:
        """Everybody."""

    def by_login(self, login: str) -> Person | None:
        """One person."""


class Tokens(Protocol):
    """What we need of who gives out tokens."""

    async def all_tokens(self, *, login: str | None, after: str | None, limit: int) -> list[Token]:
        """Return a piece of all tokens that hold, oldest first."""

    async def owner_of(self, token_id: str) -> str:
        """Return whose it is; raises NotFoundError."""

    async def revoke_token(self, login: str, token_id: str) -> None:
        """End one of this person's."""


class Audit(Protocol):
    """Where it is written down."""

    async def record(self, *, who: str, did: str, whose: str, how: str) -> None:
        """Write down what somebody is about to see or do."""


class AdminDesk:
    """Answers administrators, and nobody else."""

    def __init__(
        self,
        *,
        config: Config,
        bridge: Callable[[], wire.Bridge],
        sync: Sync,
        names: Callable[[], int],
        people: People,
        tokens: Tokens,
        audit: Audit,
        kept: dict[str, int],
        now: Callable[[], datetime],
    ) -> None:
        """`kept` says how many days things are kept that the configuration says nothing about."""
        self._config = config
        self._bridge = bridge
        self._sync = sync
        self._names = names
        self._people = people
        self._tokens = tokens
        self._audit = audit
        self._kept = kept
        self._now = now

    def must_administer(self, identity: Identity) -> None:
        """Raise NotAllowedError unless this is an administrator, by a credential that is good for everything."""
        person = self._people.by_login(identity.login)
        if person is None or "admin" not in person.roles:
            raise NotAllowedError("Only somebody with the role admin may do this.")
        if not identity.scopes >= set(SCOPES):
            raise NotAllowedError(f"Sign in, or use a token with all scopes: {', '.join(SCOPES)}.")

    def state(self) -> State:
        """Tell how it stands."""
        bridge = self._bridge()
        return State(
            version=__version__,
            pbxs=[
                PbxShown(id=pbx.id, host=pbx.host, port=pbx.port, live=bridge.ami == "up", since=bridge.since)
                for pbx in self._config.pbx
            ],
            groupware_away=self._sync.away,
            names=self._names(),
            books=[
                BookShown(
                    label=one.label or one.path,
                    scope=one.scope,
                    at=one.at,
                    why=one.why,
                    why_de=one.why and in_german(one.why),
                )
                for one in self._sync.seen()
            ],
            sources=[
                SourceShown(
                    name=one.name, label=one.label, place=one.place, kind=one.kind, heartbeat_every=one.heartbeat_every
                )
                for one in self._config.source
            ],
        )

    def people(self, *, q: str, after: str, limit: int) -> PeoplePage:
        """Return a piece of the staff; every word must be the beginning of something."""
        wanted = words(q)
        found = sorted(
            (one for one in self._people.all() if all(_fits(one, word) for word in wanted)), key=lambda one: one.login
        )
        page = [one for one in found if one.login > after][: limit + 1]
        return PeoplePage(
            people=[
                PersonShown(
                    login=one.login,
                    name=one.name,
                    department=one.department,
                    extensions=one.extensions,
                    roles=one.roles,
                )
                for one in page[:limit]
            ],
            total=len(found),
            next=page[limit - 1].login if len(page) > limit else None,
        )

    async def tokens(self, who: str, *, login: str | None, after: str | None, limit: int) -> TokensPage:
        """Return a piece of all tokens; that somebody looked is written down first."""
        await self._audit.record(who=who, did="read", whose="tokens", how="rest")
        found = await self._tokens.all_tokens(login=login, after=after, limit=limit + 1)
        return TokensPage(
            tokens=[self._shown(one) for one in found[:limit]], next=found[limit - 1].id if len(found) > limit else None
        )

    async def revoke(self, who: str, token_id: str) -> None:
        """End somebody's token and its links, at once, once that is written down."""
        login = await self._tokens.owner_of(token_id)
        await self._audit.record(who=who, did="revoke", whose=login, how="rest")
        await self._tokens.revoke_token(login, token_id)

    def rules(self) -> Rules:
        """Tell what is configured."""
        dialling, journal, lines = self._config.dialling, self._config.journal, self._config.pbx[0].lines
        classes = {name: getattr(journal.keep, name) for name in journal.keep.__struct_fields__}
        return Rules(
            allow=dialling.allow,
            allow_for={whom: tuple(kinds) for whom, kinds in dialling.allow_for.items()},
            per_person=RateShown(minute=dialling.per_person.minute, day=dialling.per_person.day),
            in_total=RateShown(minute=dialling.in_total.minute, day=dialling.in_total.day),
            hours=dialling.hours,
            journal=journal.department,
            keep={
                "calls": journal.keep_days,
                **{name: days for name, days in classes.items() if days is not None},
                **self._kept,
            },
            longer_because=journal.longer_because,
            silent=len(journal.none.numbers) + len(journal.none.devices) + len(journal.none.groups),
            roles={whom: tuple(roles) for whom, roles in self._config.people.roles.items()},
            presence=self._config.people.presence == "department",
            pickup=[GroupShown(name=one.name, who=one.who, of=one.of, peer=one.peer) for one in self._config.pickup],
            queues=[
                QueueShown(
                    name=one.name,
                    label=lines.get(one.name, one.name),
                    who=one.who,
                    members=one.members,
                    manages=one.manages,
                )
                for one in self._config.queue
            ],
        )

    def _shown(self, token: Token) -> TokenOfSomebody:
        return TokenOfSomebody(
            id=token.id,
            login=token.login,
            name=token.name,
            host=token.host,
            scopes=token.scopes,
            created=token.created,
            expires=token.expires,
            unused=self._now() - (token.last_used or token.created) >= UNUSED_FOR,
            broker=token.broker is not None,
        )


def _fits(person: Person, word: str) -> bool:
    texts = [person.login, person.name, person.department or "", *person.extensions, *person.roles]
    return any(part.startswith(word) for text in texts for part in words(text))
